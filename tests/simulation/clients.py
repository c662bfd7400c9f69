"""Residents, cadres and offices: they ask, repeat when nothing comes back, and remember what they were promised."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import psycopg
from kafka.errors import KafkaError
from lianxin_schemas import codec
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.cases import CaseEvent, Outcome
from lianxin_schemas.events.petitions import Channel, PetitionRegistered, Satisfaction, Solved
from lianxin_schemas.events.responsibility import ZoneDrawn, ZoneLevel

from services.assignment.domain import cases
from services.intake.domain import cases as seen
from services.intake.domain import following, petitions
from services.intake.domain.following import Verdict
from services.intake.domain.petitions import RegisterPetition
from services.refused import Refused
from services.runtime import log
from services.runtime.execute import execute
from services.runtime.gather import Contradicted, Gatherer, Unavailable
from services.runtime.log import Author, Decision, Entry, Fact, Overtaken, Receipt
from services.runtime.readback import Ahead
from tests.simulation.stage import PetitionMerged, PetitionQuoted, Stage
from tests.simulation.world import NOON

RESIDENT = Author("user", "resident")
ZONES = ("z-1", "z-2", "z-3")


class Act(StrEnum):
    """What is asked for."""

    REGISTER = "register"
    WITHDRAW = "withdraw"
    VERDICT = "verdict"
    ODD = "odd"
    ZONE = "zone"
    ACCEPT = "accept"
    DECIDE = "decide"
    REPLY = "reply"
    CLOSE = "close"


AT_INTAKE = (Act.REGISTER, Act.WITHDRAW, Act.VERDICT, Act.ODD)


@dataclass(frozen=True)
class Request:
    """A command on its way. `variant` is its content as far as it may differ."""

    act: Act
    command: UUID
    petition: UUID
    zone: str | None = None
    complaint: bool = False
    variant: int = 0

    @property
    def service(self) -> str:
        """Who decides on it."""
        return "intake" if self.act in AT_INTAKE else "assignment"


@dataclass
class Promised:
    """What clients have been answered, and what they still wait for."""

    waiting: dict[str, deque[Request]] = field(default_factory=lambda: {"intake": deque(), "assignment": deque()})
    hand: dict[Any, list[Request]] = field(default_factory=dict)
    """What each API process holds."""
    answers: dict[UUID, tuple[Receipt, Request, int]] = field(default_factory=dict)
    """First receipts, and how often the database had been restored by then."""
    refused: dict[UUID, str] = field(default_factory=dict)
    petitions: list[UUID] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What an answer contradicted."""
    odd: bool = True
    """Whether events come in that receivers cannot read; `log recover` of the release that is here could not either."""
    recovered: set[UUID] = field(default_factory=set)
    """Commands that came back from Kafka: their content's hash is not on the wire."""


class Done:
    """The future of a decision, as far as Gatherer uses one."""

    def __init__(self) -> None:
        self._result: Any = None

    def done(self) -> bool:
        return self._result is not None

    def set_result(self, result: Receipt) -> None:
        self._result = result

    def set_exception(self, error: Exception) -> None:
        self._result = error

    def result(self) -> Receipt:
        if isinstance(self._result, Exception):
            raise self._result
        return cast(Receipt, self._result)


class Desk(Gatherer):
    """The writer of an API process, one batch at a time."""

    async def gather(self, decisions: Sequence[tuple[Decision, "Done"]]) -> None:
        """What `_run` does with those that wait."""
        self._waiting.extend(cast(Any, decisions))
        while self._waiting:
            await self._batch(self._take())

    async def _batch(self, batch: Any) -> None:
        try:
            await self._keep(batch)
        except (psycopg.Error, KafkaError, OSError, Ahead) as error:
            await self._connection.close()
            for _, done in batch:
                if not done.done():
                    done.set_exception(Unavailable(str(error)))

    async def submit(self, decision: Decision) -> Receipt:  # type: ignore[override]
        log.check_size(decision)
        done = Done()
        await self.gather([(decision, done)])
        return done.result()


def draw(stage: Stage, promised: Promised) -> Request:
    """A request that somebody might make now."""
    chance = stage.world.chance
    id_ = UUID(int=chance.getrandbits(128), version=4)
    known = promised.petitions
    if len(known) < 3 or chance.random() < 0.35:
        zone = chance.choice((*ZONES, None, None))
        return Request(Act.REGISTER, id_, UUID(int=chance.getrandbits(128), version=4), zone, chance.random() < 0.25)
    petition = known[-1 - int(chance.random() ** 2 * len(known))]
    if chance.random() < 0.1:
        return Request(Act.ZONE, id_, petition, chance.choice(ZONES))
    if chance.random() < 0.03 and promised.odd:
        return Request(Act.ODD, id_, petition, variant=int(chance.random() * 2))
    acts = (Act.ACCEPT, Act.ACCEPT, Act.DECIDE, Act.DECIDE, Act.REPLY, Act.REPLY, Act.CLOSE, Act.WITHDRAW, Act.VERDICT)
    return Request(chance.choice(acts), id_, petition, variant=int(chance.random() * 3))


async def serve(stage: Stage, promised: Promised, desk: Desk, pool: Any, requests: Sequence[Request]) -> None:
    """Answers requests: registrations gathered, others one by one."""
    began = {service: database.started for service, database in stage.databases.items()}
    registrations = [request for request in requests if request.act is Act.REGISTER]
    batch = [(registration(request, stage.world.clock()), Done()) for request in registrations]
    if batch:
        await desk.gather(batch)
        for request, (_, done) in zip(registrations, batch, strict=True):
            _answer(stage, promised, request, done.result, began[request.service])
    for request in requests:
        if request.act is not Act.REGISTER:
            await _one(stage, promised, desk, pool, request, stage.databases[request.service].started)


async def _one(stage: Stage, promised: Promised, desk: Desk, pool: Any, request: Request, began: int) -> None:
    stream, decide = _decision(stage, request)
    given = SimpleNamespace(model_dump_json=lambda **_: f"{request.act} {request.variant}")
    try:
        receipt = await execute(
            pool,
            desk,
            command=request.command,
            hash_=log.content_hash(cast(Any, given), stream),
            author=RESIDENT,
            streams=[stream],
            decide=lambda entries: decide(entries[stream]),
        )
    except (Refused, Contradicted, Overtaken, Unavailable, codec.Unreadable, psycopg.OperationalError) as error:
        _failed(stage, promised, request, error)
    else:
        _kept(promised, request, receipt, began)


def _answer(stage: Stage, promised: Promised, request: Request, result: Any, began: int) -> None:
    try:
        receipt = result()
    except (Contradicted, Overtaken, Unavailable) as error:
        _failed(stage, promised, request, error)
    else:
        _kept(promised, request, receipt, began)


def _kept(promised: Promised, request: Request, receipt: Receipt, restored: int) -> None:
    """A 2xx. The same command gets the same receipt, for as long as the database was not taken back."""
    first = promised.answers.get(request.command)
    believed = request.command in promised.recovered  # the wire has no hash: it is believed to be the same
    if first and first[1] != request and first[2] == restored and not believed:
        promised.complaints.append(f"another content was accepted under one id: {request}")
    if first and first[2] == restored and set(first[0].events) != set(receipt.events):
        promised.complaints.append(f"a repeat got another receipt: {request}")
    if first is None or first[2] != restored:
        promised.answers[request.command] = (receipt, request, restored)
    if request.act is Act.REGISTER and request.petition not in promised.petitions:
        promised.petitions.append(request.petition)


def _failed(stage: Stage, promised: Promised, request: Request, error: Exception) -> None:
    if isinstance(error, Unavailable | psycopg.OperationalError):
        stage.world.tell("unavailable", request.service)
        promised.waiting[request.service].append(request)  # sent again under the same id
        return
    stage.world.tell(type(error).__name__, request.act)
    first = promised.answers.get(request.command)
    unread = isinstance(error, codec.Unreadable)  # the stream holds what only a newer release can read
    if first and first[1] == request and not unread and first[2] == stage.databases[request.service].started:
        promised.complaints.append(f"a repeat was refused: {request} {error!r}")
    promised.refused[request.command] = repr(error)


def registration(request: Request, now: datetime) -> Decision:
    """The decision of a registration, by intake's own rule."""
    command = RegisterPetition(
        command=request.command,
        petition=PetitionRegistered(
            petition=request.petition,
            channel=Channel.WEB,
            category=f"0{1 + request.variant}",
            zone=request.zone,
            complaint=True if request.complaint else None,
        ),
        about=("c-1", "c-2") if request.complaint else (),
    )
    events = petitions.register_petition(command, now, None)
    facts = [Fact(event, now) for event in events]
    return Decision(request.command, RESIDENT, facts, hash=log.content_hash(command))


def _decision(stage: Stage, request: Request) -> tuple[str, Any]:
    """The stream, and what the services' own rules make of it."""
    now = stage.world.clock()
    petition, id_ = request.petition, request.command
    match request.act:
        case Act.WITHDRAW | Act.VERDICT | Act.ODD:
            return f"petition-{petition}", lambda held: [Fact(event, now) for event in _said(stage, request, held)]
        case Act.ZONE:
            return f"zone-{request.zone}", lambda held: _drawn(request, held, now)
        case _:
            hand, moment = cases.Hand(any=True), cases.Moment(now, None)
            steps: dict[Act, Any] = {
                Act.ACCEPT: (cases.accept, cases.AcceptCase(command=id_)),
                Act.DECIDE: (cases.decide, cases.DecideCase(command=id_, outcome=tuple(Outcome)[request.variant])),
                Act.REPLY: (cases.reply, cases.ReplyCase(command=id_)),
                Act.CLOSE: (cases.close, cases.CloseCase(command=id_)),
            }
            rule, command = steps[request.act]
            return f"case-{petition}", lambda held: [
                Fact(*fact) for fact in rule(cases.fold(_events(held)), petition, command, moment, hand)
            ]


def _events(held: Sequence[Entry]) -> list[tuple[CaseEvent, datetime]]:
    return [(cast(CaseEvent, entry.event), entry.time) for entry in held]


def _said(stage: Stage, request: Request, held: Sequence[Entry]) -> list[Event]:
    """What a resident may say: what the office did, the resident has seen with own eyes."""
    if request.act is Act.ODD:
        return [(PetitionMerged, PetitionQuoted)[request.variant](petition=request.petition)]
    if not held:
        raise Refused("petition.not-found")
    state = following.fold((entry.event, entry.time) for entry in held)
    tables = stage.databases["assignment"].tables
    rows = [tables.events[at] for at in tables.streams.get(f"case-{request.petition}", ())]
    case = seen.fold((READ_CASE(row.type, row.data), row.time) for row in rows)
    if request.act is Act.WITHDRAW:
        return following.ask_withdrawal(state, case)
    verdict = Verdict(
        command=request.command, solved=tuple(Solved)[request.variant], satisfied=tuple(Satisfaction)[request.variant]
    )
    return following.give_verdict(state, case, verdict, None)


def READ_CASE(type_: str, data: str) -> Event:
    """An event of a case from its row."""
    import json

    return codec.parse(type_, json.loads(data))


def _drawn(request: Request, held: Sequence[Entry], now: datetime) -> list[Fact]:
    if held:
        raise Refused("zone.known")
    assert request.zone
    return [Fact(ZoneDrawn(zone=request.zone, level=ZoneLevel.GROUP, groups=("g-1",)), now)]


__all__ = ["NOON", "Act", "Desk", "Promised", "Request", "draw", "serve"]
