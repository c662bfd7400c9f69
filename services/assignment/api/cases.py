"""Cases over HTTP (C3, C4)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from lianxin_schemas.events.cases import CaseDecided, CaseEvent, CaseOpened, CaseReplied, Credit, Outcome, Step, SumStep
from lianxin_schemas.events.petitions import Channel
from lianxin_schemas.ids import CategoryCode, PersonId, VaultRef, ZoneId
from psycopg import AsyncConnection
from pydantic import BaseModel

from services.assignment.domain import cases
from services.assignment.domain.cases import (
    AcceptCase,
    AssignCase,
    Case,
    CloseCase,
    Command,
    DecideCase,
    Decided,
    Hand,
    Moment,
    Named,
    Phase,
    ReplyCase,
)
from services.assignment.domain.complaints import Complaint
from services.assignment.domain.days import day_of
from services.assignment.store import complaints, responsible
from services.assignment.store.cases import Kept, events_of, stream_of
from services.refused import Refused
from services.runtime import log
from services.runtime.execute import execute
from services.runtime.log import Entry, Fact
from services.web.after import After, to_text
from services.web.principals import Allow, Principal, Role
from services.web.receipts import Receipt

router = APIRouter(prefix="/cases", tags=["cases"])

Dispatcher = Annotated[Principal, Depends(Allow(Role.OFFICE, Role.ORGANISATION))]
Writer = Annotated[Principal, Depends(Allow(Role.CADRE, Role.OFFICE, Role.IMPORT))]
Reader = Annotated[Principal, Depends(Allow(Role.CADRE, Role.OFFICE, Role.IMPORT, Role.ORGANISATION))]


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
    county = request.app.state.settings.county_office
    if not principal.has(Role.ORGANISATION) and principal.office != county:
        raise Refused("auth.scope")
    moment = _moment(principal, request)
    async with request.app.state.pool.connection() as connection:
        day = day_of(command.time or moment.now)
        office = command.office == county or await responsible.office_exists(connection, command.office)
        office_of = command.cadre and await responsible.office_of(connection, command.cadre, day)

    def decide(case: Case, complaint: Complaint) -> Sequence[Decided]:
        return cases.assign(case, petition, command, moment, Named(office, office_of), complaint)

    return await _carry_out("assignment", petition, command, principal, request, after, decide)


@router.post("/{petition}/acceptance", status_code=201)
async def accept(
    petition: UUID, command: AcceptCase, principal: Writer, request: Request, after: After = None
) -> Receipt:
    """The office takes the case up."""
    moment, hand = _moment(principal, request), _hand(principal)

    def decide(case: Case, _: Complaint) -> Sequence[Decided]:
        return cases.accept(case, petition, command, moment, hand)

    return await _carry_out("acceptance", petition, command, principal, request, after, decide)


@router.post("/{petition}/decision", status_code=201)
async def decide(
    petition: UUID, command: DecideCase, principal: Writer, request: Request, after: After = None
) -> Receipt:
    """The office has decided."""
    moment, hand = _moment(principal, request), _hand(principal)

    def decide(case: Case, _: Complaint) -> Sequence[Decided]:
        return cases.decide(case, petition, command, moment, hand)

    return await _carry_out("decision", petition, command, principal, request, after, decide)


@router.post("/{petition}/reply", status_code=201)
async def reply(
    petition: UUID, command: ReplyCase, principal: Writer, request: Request, after: After = None
) -> Receipt:
    """The resident was told."""
    moment, hand = _moment(principal, request), _hand(principal)

    def decide(case: Case, _: Complaint) -> Sequence[Decided]:
        return cases.reply(case, petition, command, moment, hand)

    return await _carry_out("reply", petition, command, principal, request, after, decide)


@router.post("/{petition}/closing", status_code=201)
async def close(
    petition: UUID, command: CloseCase, principal: Writer, request: Request, after: After = None
) -> Receipt:
    """The resident was asked and has said nothing."""
    moment, hand = _moment(principal, request), _hand(principal)

    def decide(case: Case, _: Complaint) -> Sequence[Decided]:
        return cases.close(case, petition, command, moment, hand)

    return await _carry_out("closing", petition, command, principal, request, after, decide)


@router.get("/{petition}")
async def show(petition: UUID, principal: Reader, request: Request, after: After = None) -> CaseView:
    """The case as it stands, to those who handle it, the county's office, and those who oversee or enter all."""
    await request.app.state.arrivals.wait(after)
    async with request.app.state.pool.connection() as connection:
        await _complaint(connection, petition, principal)
        found = await events_of(connection, petition)
    case = cases.fold((cast(CaseEvent, kept.event), kept.time) for kept in found)
    oversees = principal.has(Role.ORGANISATION) or (
        principal.has(Role.OFFICE) and principal.office == request.app.state.settings.county_office
    )
    if not oversees and (case.credit is None or not _hand(principal).answers_for(case.credit)):
        raise Refused("auth.scope")
    return _view(case, found)


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


async def _carry_out(
    act: str,
    petition: UUID,
    command: Command,
    principal: Principal,
    request: Request,
    after: str | None,
    decide: Callable[[Case, Complaint], Sequence[Decided]],
) -> Receipt:
    await _arrived(request, after)
    stream = stream_of(petition)
    async with request.app.state.pool.connection() as connection:
        complaint = await _complaint(connection, petition, principal, assigns=act == "assignment")

    def facts(entries: dict[str, list[Entry]]) -> list[Fact]:
        case = cases.fold((cast(CaseEvent, entry.event), entry.time) for entry in entries[stream])
        return [Fact(event, time) for event, time in decide(case, complaint)]

    receipt = await execute(
        request.app.state.pool,
        request.app.state.log,
        command=command.command,
        hash_=log.content_hash(command, f"{act} {stream}"),
        author=principal.author,
        streams=[stream],
        decide=facts,
    )
    return Receipt.of(receipt)


async def _complaint(
    connection: AsyncConnection[Any], petition: UUID, principal: Principal, *, assigns: bool = False
) -> Complaint:
    """Whom the petition is about. Refuses where there is no case, and in the same words those it is hidden from."""
    complaint = await complaints.of(connection, petition)
    if complaint is None or complaint.hides_from(principal.id, assigns=assigns):
        raise Refused("case.not-found")
    return complaint


async def _arrived(request: Request, after: str | None) -> None:
    """Waits for what the case follows from. What has not come by then is told by the case itself: a command is never
    answered 202, which would read as accepted.
    """
    try:
        await request.app.state.arrivals.wait(after)
    except Refused as refused:
        if refused.code != "after.not-yet":
            raise


def _moment(principal: Principal, request: Request) -> Moment:
    oldest = None if principal.has(Role.IMPORT) else request.app.state.settings.oldest_days
    return Moment(datetime.now(UTC), oldest)


def _hand(principal: Principal) -> Hand:
    return Hand(
        cadre=principal.id if principal.has(Role.CADRE) else None,
        office=principal.office if principal.has(Role.OFFICE) else None,
        any=principal.has(Role.IMPORT),
    )
