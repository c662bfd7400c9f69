"""Visits over HTTP (V1-V3)."""

from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from lianxin_schemas.events.visits import Visit
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from services.intake import receiving, visiting
from services.intake.api.petitions import Numbered
from services.intake.domain import visits
from services.intake.domain.petitions import RaiseNeeds
from services.intake.domain.visits import CorrectVisit, LogVisit, WithdrawVisit
from services.refused import Refused
from services.runtime import log
from services.runtime.gather import Overloaded
from services.runtime.log import Entry, Fact
from services.web import batches
from services.web.app import BODY
from services.web.batches import Items, Outcome
from services.web.documented import leads_to
from services.web.principals import Allow, Principal, Role
from services.web.quick import Quick
from services.web.receipts import Receipt
from services.web.writing import write

router = APIRouter(prefix="/visits", tags=["visits"])

WRITERS = Allow(Role.CADRE, Role.IMPORT)
Writer = Annotated[Principal, Depends(WRITERS)]
Reader = Annotated[Principal, Depends(Allow(Role.CADRE, Role.IMPORT, Role.ORGANISATION))]


ON = leads_to(
    "get /visits/{visit}",
    "post /visits/{visit}/corrections",
    "post /visits/{visit}/withdrawal",
    "post /visits/{visit}/petitions",
    visit="$request.body#/visit/visit",
)


class Batch(BaseModel):
    """Up to 1,000 visits; each is accepted or refused by itself."""

    visits: Items


class Readable(BaseModel):
    """A batch without an item that cannot be read."""

    visits: Annotated[list[LogVisit], Field(min_length=1, max_length=batches.MOST)]


OUTCOMES = TypeAdapter(list[Outcome])


class VisitView(BaseModel):
    """A visit as it stands, and how many times it was entered or changed."""

    phase: visits.Phase
    visit: Visit
    version: int


@router.post("", status_code=201, responses={201: ON})
async def log_one(command: LogVisit, principal: Writer, request: Request) -> Receipt:
    """Enters one visit. The same command again gets the same receipt."""
    return Receipt.of(await visiting.enter(request.app.state.desk, command, principal, datetime.now(UTC)))


@router.post("/batch", max_body_size=batches.BODY)
async def log_many(batch: Batch, principal: Writer, request: Request, response: Response) -> list[Outcome]:
    """Enters many visits, with an outcome for each; those refused can be sent again by themselves."""
    outcomes = await _enter(request.app, principal, batches.read(batch.visits, LogVisit.model_validate))
    batches.advise(outcomes, response)
    return outcomes


async def _enter(app: FastAPI, principal: Principal, commands: Sequence[LogVisit | ValidationError]) -> list[Outcome]:
    now = datetime.now(UTC)

    def begin(command: LogVisit) -> Awaitable[Receipt]:
        return _receipt(visiting.enter(app.state.desk, command, principal, now))

    return await batches.begun(commands, begin, app.state.catalogue)


async def _receipt(entered: Awaitable[log.Receipt]) -> Receipt:
    return Receipt.of(await entered)


async def quick_one(app: FastAPI, principal: Principal, body: bytes) -> bytes:
    """`log_one` for a visit that is accepted."""
    command = LogVisit.model_validate_json(body)
    receipt = await visiting.enter(app.state.desk, command, principal, datetime.now(UTC))
    return Receipt.of(receipt).model_dump_json().encode()


async def quick_many(app: FastAPI, principal: Principal, body: bytes) -> bytes:
    """`log_many` for visits that can all be read, while there is room for them."""
    outcomes = await _enter(app, principal, Readable.model_validate_json(body).visits)
    if batches.busy(outcomes):
        raise Overloaded
    return OUTCOMES.dump_json(outcomes)


QUICK = {
    "/visits": Quick(WRITERS, BODY, 201, quick_one),
    "/visits/batch": Quick(WRITERS, batches.BODY, 200, quick_many),
}


@router.post("/{visit}/corrections", status_code=201)
async def correct(visit: UUID, command: CorrectVisit, principal: Writer, request: Request) -> Receipt:
    """Enters the whole visit anew."""
    if command.visit.visit != visit:
        raise Refused("visit.other-id", "visit.visit")
    visiting.own(principal, command.visit.cadre)
    now = datetime.now(UTC)

    def decide(entries: list[Entry]) -> list[Fact]:
        state = visiting.state(entries, principal)
        events = visits.correct_visit(state, command, now, visiting.oldest(request.app.state.desk, principal))
        return [Fact(event, now) for event in events]

    return await _change(visit, command, principal, request, decide)


@router.post("/{visit}/withdrawal", status_code=201)
async def withdraw(visit: UUID, command: WithdrawVisit, principal: Writer, request: Request) -> Receipt:
    """Takes the entry back."""
    now = datetime.now(UTC)

    def decide(entries: list[Entry]) -> list[Fact]:
        state = visiting.state(entries, principal)
        return [Fact(event, now) for event in visits.withdraw_visit(state, command)]

    return await _change(visit, command, principal, request, decide)


@router.post("/{visit}/petitions", status_code=201)
async def raise_needs(visit: UUID, command: RaiseNeeds, principal: Writer, request: Request) -> list[Numbered]:
    """Makes petitions from needs of the visit in one step (V4); an outcome for each need, in their order."""
    desk, now = request.app.state.desk, datetime.now(UTC)
    state = visiting.state(await visiting.entries(desk, visit), principal)
    receipt, made = await receiving.raise_needs(desk, visit, command, state, principal.author, now)
    return [Numbered.with_number(receipt, each) for each in made]


@router.get("/{visit}")
async def show(visit: UUID, principal: Reader, request: Request) -> VisitView:
    """The visit as it stands."""
    found = await visiting.entries(request.app.state.desk, visit)
    state = visiting.state(found, principal, Role.ORGANISATION)
    if state.visit is None:
        raise Refused("visit.not-found")
    return VisitView(phase=state.phase, visit=state.visit, version=found[-1].version)


async def _change(visit: UUID, command: visits.Command, principal: Principal, request: Request, decide: Any) -> Receipt:
    stream = f"visit-{visit}"
    return await write(request, principal, command.command, log.content_hash(command, stream), stream, decide)
