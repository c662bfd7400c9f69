"""What residents say of their petitions, entered by staff or imported, over HTTP (C4, C8)."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from lianxin_schemas.ids import Uuid
from pydantic import BaseModel, ConfigDict, ValidationError

from services.intake import entering
from services.intake.desk import Desk
from services.intake.domain.following import EnterVerdict, EnterWithdrawal
from services.intake.entering import Said
from services.web import batches
from services.web.after import After
from services.web.batches import Items, Outcome
from services.web.principals import Allow, Principal, Role
from services.web.receipts import Receipt

router = APIRouter(prefix="/petitions", tags=["petitions"])

Staff = Annotated[Principal, Depends(Allow(Role.OFFICE, Role.IMPORT))]
Importer = Annotated[Principal, Depends(Allow(Role.IMPORT))]


class Kind(StrEnum):
    """What was said."""

    VERDICT = "verdict"
    WITHDRAWAL = "withdrawal"


class Item(BaseModel):
    """Of which petition something was said; the other fields are the command's."""

    model_config = ConfigDict(extra="allow")

    petition: Uuid
    kind: Kind


class Batch(BaseModel):
    """Up to 1,000 of them; each is accepted or refused by itself, those of one petition in their order."""

    answers: Items


@router.post("/{petition}/verdict", status_code=201)
async def judge(
    petition: UUID, command: EnterVerdict, principal: Staff, request: Request, after: After = None
) -> Receipt:
    """Enters what a resident said became of it."""
    return await _one(Said(petition, command), principal, request, after)


@router.post("/{petition}/withdrawal", status_code=201)
async def withdraw(
    petition: UUID, command: EnterWithdrawal, principal: Staff, request: Request, after: After = None
) -> Receipt:
    """Enters that a resident asked for nothing any more; whether in time, the case decides."""
    return await _one(Said(petition, command), principal, request, after)


@router.post("/answers/batch", max_body_size=batches.BODY)
async def enter_many(
    batch: Batch, principal: Importer, request: Request, response: Response, after: After = None
) -> list[Outcome]:
    """Enters many, with an outcome for each; those refused can be sent again by themselves."""
    desk: Desk = request.app.state.desk
    await desk.arrivals.before(after)
    items = batches.read(batch.answers, _said)
    before = await entering.heard(desk, [item for item in items if not isinstance(item, ValidationError)])
    now = datetime.now(UTC)

    async def enter(said: Said) -> Receipt:
        return Receipt.of(await entering.enter(desk, said, before, principal.author, now, None))

    return await batches.receipts(items, enter, request, response, together=lambda said: said.petition)


async def _one(said: Said, principal: Principal, request: Request, after: str | None) -> Receipt:
    desk: Desk = request.app.state.desk
    await desk.arrivals.before(after)
    oldest = None if principal.has(Role.IMPORT) else desk.settings.oldest_days
    before = await entering.heard(desk, [said])
    return Receipt.of(await entering.enter(desk, said, before, principal.author, datetime.now(UTC), oldest))


def _said(given: Any) -> Said:
    item = Item.model_validate(given)
    kind = EnterVerdict if item.kind is Kind.VERDICT else EnterWithdrawal
    return Said(item.petition, kind.model_validate(item.model_extra))
