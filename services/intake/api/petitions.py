"""Petitions over HTTP (C1)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from lianxin_schemas.events.petitions import Channel
from lianxin_schemas.ids import CategoryCode, ZoneId
from pydantic import BaseModel

from services.intake import receiving
from services.intake.domain import receipts
from services.intake.domain.petitions import About, ReceivePetition, RegisterPetition, Told, register_petition
from services.intake.domain.visits import Command
from services.intake.receiving import Received
from services.refused import Refused
from services.runtime import log
from services.runtime.execute import known
from services.runtime.log import Decision, Fact, Overtaken
from services.web import batches
from services.web.batches import Items, Outcome
from services.web.documented import leads_to
from services.web.principals import Allow, Principal, Role, anyone
from services.web.receipts import Receipt

router = APIRouter(prefix="/petitions", tags=["petitions"])

Writer = Annotated[Principal, Depends(Allow(Role.OFFICE, Role.CADRE, Role.IMPORT))]
Counter = Annotated[Principal, Depends(Allow(Role.OFFICE))]
Importer = Annotated[Principal, Depends(Allow(Role.IMPORT))]


ON = leads_to(
    "post /follow",
    "post /follow/withdrawal",
    "post /follow/verdict",
    "post /follow/erasure",
    body={"number": "$response.body#/number", "secret": "$response.body#/secret"},
)


class Batch(BaseModel):
    """Up to 1,000 petitions; each is accepted or refused by itself."""

    petitions: Items


class WebPetition(Command):
    """What a resident sends in without an account: some words at least."""

    category: CategoryCode
    zone: ZoneId | None = None
    about: About = ()
    told: Told


class Numbered(Receipt):
    """A receipt with number and secret: the resident follows the petition by them (U2)."""

    petition: UUID
    number: str
    secret: str

    @classmethod
    def with_number(cls, receipt: log.Receipt, received: Received) -> "Numbered":
        """The receipt as the client gets it."""
        kept, number = Receipt.of(receipt), receipts.written(received.number)
        return cls(
            events=kept.events,
            after=kept.after,
            petition=received.petition,
            number=number,
            secret=received.secret,
        )


@router.post("", status_code=201)
async def register(command: RegisterPetition, principal: Writer, request: Request) -> Receipt:
    """Puts a petition on record. The import role may do so at a time long past."""
    return await _register(command, principal, request)


@router.post("/batch", max_body_size=batches.BODY)
async def register_many(batch: Batch, principal: Importer, request: Request, response: Response) -> list[Outcome]:
    """Puts many on record, with an outcome for each; those refused can be sent again by themselves."""
    commands = batches.read(batch.petitions, RegisterPetition.model_validate)
    return await batches.receipts(commands, lambda one: _register(one, principal, request), request, response)


@router.post("/reception", status_code=201, responses={201: ON})
async def receive(command: ReceivePetition, principal: Counter, request: Request) -> Numbered:
    """Takes a petition in at the counter, by telephone or by letter."""
    desk = request.app.state.desk
    oldest = desk.settings.oldest_days
    kept = await receiving.receive(desk, command, principal.author, datetime.now(UTC), oldest)
    return Numbered.with_number(*kept)


@router.post("/web", status_code=201, responses={201: ON}, dependencies=[Depends(anyone)])
async def receive_from_web(command: WebPetition, request: Request) -> Numbered:
    """Takes a petition in from whoever sends one."""
    if not command.told.words:
        raise Refused("told.no-words", "told.words")
    received = ReceivePetition(**dict(command), channel=Channel.WEB)
    desk = request.app.state.desk
    kept = await receiving.receive(desk, received, receiving.RESIDENT, datetime.now(UTC), None)
    return Numbered.with_number(*kept)


async def _register(command: RegisterPetition, principal: Principal, request: Request) -> Receipt:
    now = datetime.now(UTC)
    oldest = None if principal.has(Role.IMPORT) else request.app.state.settings.oldest_days
    decision = Decision(command.command, principal.author, (), hash=log.content_hash(command))
    try:
        events = register_petition(command, now, oldest)
    except Refused:
        # What was in time when it was sent first has its receipt, however late it is sent again.
        if receipt := await known(request.app.state.pool, decision):
            return Receipt.of(receipt)
        raise
    decision = replace(decision, facts=[Fact(event, command.time or now) for event in events])
    try:
        return Receipt.of(await request.app.state.log.submit(decision))
    except Overtaken as error:
        raise Refused("petition.exists", "petition.petition") from error
