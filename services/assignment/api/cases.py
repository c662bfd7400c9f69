"""Cases over HTTP (C3, C4)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from lianxin_schemas.events.cases import CaseDecided, CaseOpened, CaseReplied, Credit, Outcome, Step, SumStep
from lianxin_schemas.events.petitions import Channel
from lianxin_schemas.ids import CategoryCode, PersonId, VaultRef, ZoneId
from pydantic import BaseModel, ValidationError

from services.assignment import handling
from services.assignment.desk import Desk
from services.assignment.domain.cases import (
    AcceptCase,
    AssignCase,
    Case,
    CloseCase,
    Command,
    DecideCase,
    Phase,
    ReplyCase,
)
from services.assignment.handling import Task
from services.assignment.queries.cases import find
from services.assignment.store.cases import Kept
from services.refused import Refused
from services.web import batches
from services.web.after import After, to_text
from services.web.batches import Items
from services.web.documented import leads_to
from services.web.principals import Allow, Principal, Role
from services.web.receipts import Receipt

router = APIRouter(prefix="/cases", tags=["cases"])

Dispatcher = Annotated[Principal, Depends(Allow(Role.OFFICE, Role.ORGANISATION))]
Writer = Annotated[Principal, Depends(Allow(Role.CADRE, Role.OFFICE, Role.IMPORT))]
Importer = Annotated[Principal, Depends(Allow(Role.IMPORT))]
Reader = Annotated[Principal, Depends(Allow(Role.CADRE, Role.OFFICE, Role.IMPORT, Role.ORGANISATION))]


def then(act: str) -> dict[str, Any]:
    """What usually comes next."""
    return leads_to(f"post /cases/{{petition}}/{act}", petition="$request.path.petition")


class Batch(BaseModel):
    """Up to 1,000 commands; each is accepted or refused by itself, those on one case in their order."""

    commands: Items


class LimitView(BaseModel):
    """The limit in force, and the sum it follows from."""

    step: Step
    due: datetime
    because: tuple[SumStep, ...]


class EventView(BaseModel):
    """One event of a case: when it happened, and when it was recorded."""

    id: UUID
    type: str
    time: datetime
    recordedtime: datetime


class CaseView(BaseModel):
    """A case as it stands. `after` is its newest own token: handed to another service, it waits for all of this."""

    petition: UUID
    state: Phase
    reopened: bool
    channel: Channel
    category: CategoryCode
    zone: ZoneId | None
    registered: datetime
    resident: PersonId | None
    said: VaultRef | None
    credit: Credit | None
    limit: LimitView | None
    overdue: bool
    outcome: Outcome | None
    reply: VaultRef | None
    """What the office said last, in the vault."""
    events: tuple[EventView, ...]
    after: str


@router.post("/{petition}/assignment", status_code=201)
async def assign(
    petition: UUID, command: AssignCase, principal: Dispatcher, request: Request, after: After = None
) -> Receipt:
    """Lets an office, or a cadre of it, answer for the case from now on."""
    return await _one(petition, command, principal, request, after)


@router.post("/{petition}/acceptance", status_code=201, responses={201: then("decision")})
async def accept(
    petition: UUID, command: AcceptCase, principal: Writer, request: Request, after: After = None
) -> Receipt:
    """The office takes the case up."""
    return await _one(petition, command, principal, request, after)


@router.post("/{petition}/decision", status_code=201, responses={201: then("reply")})
async def decide(
    petition: UUID, command: DecideCase, principal: Writer, request: Request, after: After = None
) -> Receipt:
    """The office has decided."""
    return await _one(petition, command, principal, request, after)


@router.post("/{petition}/reply", status_code=201, responses={201: then("closing")})
async def reply(
    petition: UUID, command: ReplyCase, principal: Writer, request: Request, after: After = None
) -> Receipt:
    """The resident was told."""
    return await _one(petition, command, principal, request, after)


@router.post("/{petition}/closing", status_code=201)
async def close(
    petition: UUID, command: CloseCase, principal: Writer, request: Request, after: After = None
) -> Receipt:
    """The resident was asked and has said nothing."""
    return await _one(petition, command, principal, request, after)


@router.post("/batch", max_body_size=batches.BODY)
async def carry_out_many(
    batch: Batch, principal: Importer, request: Request, response: Response, after: After = None
) -> list[batches.Outcome]:
    """Carries out many commands, with an outcome for each; those refused can be sent again by themselves."""
    desk: Desk = request.app.state.desk
    await desk.arrivals.before(after)
    items = batches.read(batch.commands, handling.task_of)
    before = await handling.look_at(desk, [item for item in items if not isinstance(item, ValidationError)])

    async def carry_out(task: Task) -> Receipt:
        return Receipt.of(await handling.carry_out(desk, task, before, principal, datetime.now(UTC)))

    return await batches.receipts(items, carry_out, request, response, together=lambda task: task.petition)


@router.get("/{petition}")
async def show(petition: UUID, principal: Reader, request: Request, after: After = None) -> CaseView:
    """The case as it stands, to those who handle it, the county's office, and those who oversee or enter all."""
    desk: Desk = request.app.state.desk
    await desk.arrivals.wait(after)
    found = await find(desk, petition, principal)
    return _view(found.case, found.events)


async def _one(petition: UUID, command: Command, principal: Principal, request: Request, after: str | None) -> Receipt:
    """Carries out a command once what the case follows from has come. What has not come by then is told by the case: a
    command is never answered 202, which would read as accepted.
    """
    desk: Desk = request.app.state.desk
    try:
        await desk.arrivals.wait(after)
    except Refused as refused:
        if refused.code != "after.not-yet":
            raise
    return Receipt.of(await handling.one(desk, petition, command, principal, datetime.now(UTC)))


def _view(case: Case, found: Sequence[Kept]) -> CaseView:
    opened = cast(CaseOpened, found[0].event)
    decided = [kept.event for kept in found if isinstance(kept.event, CaseDecided)]
    replied = [kept.event for kept in found if isinstance(kept.event, CaseReplied)]
    limit = case.limit and LimitView(step=case.limit.step, due=case.limit.due, because=case.limit.because)
    return CaseView(
        **opened.model_dump(),
        state=case.phase,
        reopened=case.reopened,
        credit=case.credit,
        limit=limit,
        overdue=case.overdue(datetime.now(UTC)),
        outcome=decided[-1].outcome if decided else None,
        reply=replied[-1].said if replied else None,
        events=tuple(
            EventView(id=kept.id, type=kept.event.type(), time=kept.time, recordedtime=kept.recordedtime)
            for kept in found
        ),
        after=to_text(found[-1].after),
    )
