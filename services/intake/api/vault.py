"""The vault over HTTP: read, keep, erase (P1, P2)."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from lianxin_schemas.ids import PersonId
from pydantic import BaseModel

from services.intake import revealing
from services.intake.desk import Desk
from services.intake.domain.vault import Asker, ErasePerson, KeepText, Reveal
from services.web.after import After
from services.web.principals import Allow, Principal, Role
from services.web.receipts import Receipt

router = APIRouter(prefix="/vault", tags=["vault"])

Reader = Annotated[Principal, Depends(Allow(Role.CADRE, Role.OFFICE, Role.ORGANISATION, Role.SERVICE))]
Handler = Annotated[Principal, Depends(Allow(Role.CADRE, Role.OFFICE))]
Eraser = Annotated[Principal, Depends(Allow(Role.OFFICE, Role.ORGANISATION))]


class Text(BaseModel):
    """A text that was read."""

    text: str


class Kept(BaseModel):
    """Where words lie. Keeping them is no event, so there is nothing to wait for: `after` is empty."""

    ref: str
    after: str = ""


class Erasure(Receipt):
    """An erasure, and the local day at whose end it is complete."""

    complete: date


@router.post("/reveal")
async def reveal(command: Reveal, principal: Reader, request: Request, after: After = None) -> Text:
    """Answers one text, after the event of the read was kept."""
    desk: Desk = request.app.state.desk
    await desk.arrivals.before(after)
    return Text(text=await revealing.reveal(desk, command, asker(principal), datetime.now(UTC)))


@router.post("/texts", status_code=201)
async def keep(command: KeepText, principal: Handler, request: Request, after: After = None) -> Kept:
    """Keeps words of whoever handles the case, such as a reply's; the reference goes into the event."""
    desk: Desk = request.app.state.desk
    await desk.arrivals.before(after)
    return Kept(ref=await revealing.keep(desk, command, asker(principal)))


@router.post("/persons/{person}/erasure", status_code=201)
async def erase(
    person: PersonId, command: ErasePerson, principal: Eraser, request: Request, after: After = None
) -> Erasure:
    """Destroys a person's key: what is kept of them can be read by nobody any more."""
    desk: Desk = request.app.state.desk
    await desk.arrivals.before(after)
    receipt, done = await revealing.erase(desk, command, person, asker(principal), datetime.now(UTC))
    kept = Receipt.of(receipt)
    return Erasure(events=kept.events, after=kept.after, complete=done.complete)


def asker(principal: Principal) -> Asker:
    """A principal as the vault sees it."""
    return Asker(
        id=principal.id,
        cadre=principal.has(Role.CADRE),
        office=principal.office if principal.has(Role.OFFICE) else None,
        organisation=principal.has(Role.ORGANISATION),
        service=principal.has(Role.SERVICE),
    )
