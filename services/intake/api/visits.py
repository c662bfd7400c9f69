"""Visits over HTTP (V1-V3)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from lianxin_schemas.events.visits import Visit
from pydantic import BaseModel

from services.intake import receiving
from services.intake.api.petitions import Numbered
from services.intake.domain import visits
from services.intake.domain.petitions import RaiseNeeds
from services.intake.domain.visits import CorrectVisit, LogVisit, WithdrawVisit
from services.refused import Refused
from services.runtime import log
from services.runtime.execute import execute, known
from services.runtime.log import Decision, Entry, Fact, Overtaken
from services.web import batches
from services.web.batches import Items, Outcome
from services.web.principals import Allow, Principal, Role
from services.web.receipts import Receipt

router = APIRouter(prefix="/visits", tags=["visits"])

Writer = Annotated[Principal, Depends(Allow(Role.CADRE, Role.IMPORT))]
Reader = Annotated[Principal, Depends(Allow(Role.CADRE, Role.IMPORT, Role.ORGANISATION))]


class Batch(BaseModel):
    """Up to 1,000 visits; each is accepted or refused by itself."""

    visits: Items


class VisitView(BaseModel):
    """A visit as it stands, and how many times it was entered or changed."""

    phase: visits.Phase
    visit: Visit
    version: int


@router.post("", status_code=201)
async def log_one(command: LogVisit, principal: Writer, request: Request) -> Receipt:
    """Enters one visit. The same command again gets the same receipt."""
    return await _log(command, principal, request)


@router.post("/batch", max_body_size=batches.BODY)
async def log_many(batch: Batch, principal: Writer, request: Request, response: Response) -> list[Outcome]:
    """Enters many visits, with an outcome for each; those refused can be sent again by themselves."""
    entries = batches.read(batch.visits, LogVisit.model_validate)
    return await batches.receipts(entries, lambda entry: _log(entry, principal, request), request, response)


@router.post("/{visit}/corrections", status_code=201)
async def correct(visit: UUID, command: CorrectVisit, principal: Writer, request: Request) -> Receipt:
    """Enters the whole visit anew."""
    if command.visit.visit != visit:
        raise Refused("visit.other-id", "visit.visit")
    _own(principal, command.visit.cadre)
    now = datetime.now(UTC)

    def decide(entries: dict[str, list[Entry]]) -> list[Fact]:
        state = _state(entries[f"visit-{visit}"], principal)
        events = visits.correct_visit(state, command, now, _oldest(principal, request))
        return [Fact(event, now) for event in events]

    return await _change(visit, command, principal, request, decide)


@router.post("/{visit}/withdrawal", status_code=201)
async def withdraw(visit: UUID, command: WithdrawVisit, principal: Writer, request: Request) -> Receipt:
    """Takes the entry back."""
    now = datetime.now(UTC)

    def decide(entries: dict[str, list[Entry]]) -> list[Fact]:
        state = _state(entries[f"visit-{visit}"], principal)
        return [Fact(event, now) for event in visits.withdraw_visit(state, command)]

    return await _change(visit, command, principal, request, decide)


@router.post("/{visit}/petitions", status_code=201)
async def raise_needs(visit: UUID, command: RaiseNeeds, principal: Writer, request: Request) -> list[Numbered]:
    """Makes petitions from needs of the visit in one step (V4); an outcome for each need, in their order."""
    state = _state(await _entries(visit, request), principal)
    desk, now = request.app.state.desk, datetime.now(UTC)
    receipt, made = await receiving.raise_needs(desk, visit, command, state, principal.author, now)
    return [Numbered.with_number(receipt, each) for each in made]


@router.get("/{visit}")
async def show(visit: UUID, principal: Reader, request: Request) -> VisitView:
    """The visit as it stands."""
    found = await _entries(visit, request)
    state = _state(found, principal, Role.ORGANISATION)
    if state.visit is None:
        raise Refused("visit.not-found")
    return VisitView(phase=state.phase, visit=state.visit, version=found[-1].version)


async def _entries(visit: UUID, request: Request) -> list[Entry]:
    async with request.app.state.pool.connection() as connection:
        return (await log.load(connection, [f"visit-{visit}"]))[f"visit-{visit}"]


async def _log(command: LogVisit, principal: Principal, request: Request) -> Receipt:
    _own(principal, command.visit.cadre)
    decision = Decision(command.command, principal.author, (), hash=log.content_hash(command))
    try:
        events = visits.log_visit(command, datetime.now(UTC), _oldest(principal, request))
    except Refused:
        # What was in time when it was sent first has its receipt, however late it is sent again (V2).
        if receipt := await known(request.app.state.pool, decision):
            return Receipt.of(receipt)
        raise
    decision = replace(decision, facts=[Fact(event, command.visit.started) for event in events])
    try:
        return Receipt.of(await request.app.state.log.submit(decision))
    except Overtaken as error:
        raise Refused("visit.exists", "visit.visit") from error


async def _change(visit: UUID, command: visits.Command, principal: Principal, request: Request, decide: Any) -> Receipt:
    receipt = await execute(
        request.app.state.pool,
        request.app.state.log,
        command=command.command,
        hash_=log.content_hash(command, f"visit-{visit}"),
        author=principal.author,
        streams=[f"visit-{visit}"],
        decide=decide,
    )
    return Receipt.of(receipt)


def _state(entries: list[Entry], principal: Principal, *others: Role) -> visits.State:
    state = visits.fold(entry.event for entry in entries)
    if state.visit is not None:
        _own(principal, state.visit.cadre, *others)
    return state


def _own(principal: Principal, cadre: str, *others: Role) -> None:
    """A cadre enters and sees the own visits; the import role those of all."""
    if principal.id != cadre and not principal.roles & {Role.IMPORT, *others}:
        raise Refused("auth.scope", "visit.cadre")


def _oldest(principal: Principal, request: Request) -> int | None:
    return None if principal.has(Role.IMPORT) else request.app.state.settings.oldest_days
