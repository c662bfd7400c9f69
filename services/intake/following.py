"""A resident follows their own petition by number and secret, and answers to it. For routes and pages (U2, C8)."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID, uuid5

from lianxin_schemas.directory import Kind
from lianxin_schemas.events.cases import Closing, Outcome, Step, SumStep
from lianxin_schemas.events.petitions import Channel, Satisfaction, Solved
from lianxin_schemas.events.vault import Datum, PersonErased, PersonKind, RevealReason
from lianxin_schemas.ids import CategoryCode, ZoneId
from pydantic import BaseModel

from services import categories
from services.intake import revealing
from services.intake.desk import Desk
from services.intake.domain import following, receipts
from services.intake.domain.cases import Case, Phase
from services.intake.domain.following import AskErasure, AskWithdrawal, Code, GiveVerdict, State
from services.intake.domain.sealing import Place, fingerprint
from services.intake.queries.listing import Named
from services.intake.receiving import RESIDENT
from services.intake.store import events
from services.intake.store import receipts as store
from services.intake.store import vault as vault_store
from services.refused import Refused
from services.runtime import directory, log
from services.runtime.execute import execute, known
from services.runtime.log import Decision, Entry, Fact, Receipt

Decide = Callable[[dict[str, list[Entry]]], list[Fact]]


class Reached(BaseModel):
    """A phase and when it was reached."""

    phase: Phase
    time: datetime


class Limit(BaseModel):
    """By when an answer has to come, and the sum line by line (C3)."""

    step: Step = Step.REPLY
    due: datetime
    because: tuple[SumStep, ...]


class Reply(BaseModel):
    """What the office answered. No text where none was written, or where the resident has had it erased."""

    time: datetime
    outcome: Outcome | None
    text: str | None = None


class Verdict(BaseModel):
    """What the resident said of it last."""

    time: datetime
    solved: Solved
    satisfied: Satisfaction | None


class Followed(BaseModel):
    """A petition as its resident sees it."""

    petition: UUID
    number: str
    registered: datetime
    channel: Channel
    category: CategoryCode
    category_zh: str | None
    category_en: str | None
    zone: ZoneId | None
    phase: Phase
    steps: tuple[Reached, ...]
    limit: Limit | None
    office: Named | None
    reply: Reply | None
    closing: Closing | None
    verdict: Verdict | None
    withdrawal_asked: bool
    may_withdraw: bool
    may_judge: bool
    erased: date | None
    """The local day at whose end the erasure that was asked for is complete."""


async def follow(desk: Desk, code: Code, cause: UUID, now: datetime) -> Followed:
    """The petition of a number for whoever has its secret. `cause` is new for each look: if there are words of a reply,
    reading them is an event (P2).

    Raises Refused `code.mistyped`, `code.wrong`, `code.locked`.
    """
    petition = await find(desk, code, now)
    state, case = await _load(desk, petition)
    reply = await _reply(desk, petition, case, cause, now)
    person = await desk.resident(petition)
    async with desk.pool.connection() as connection:
        erased = await events.last(connection, f"person-{person.id}", PersonErased)
        offices = [case.credit.office] if case.credit else []
        names = await directory.names(connection, Kind.OFFICE, offices)
    return _shown(state, case).model_copy(
        update={
            "number": receipts.written(receipts.read_number(code.number)),
            "reply": reply,
            "office": Named.of(offices[0], names) if offices else None,
            "erased": erased.complete if isinstance(erased, PersonErased) else None,
        }
    )


async def find(desk: Desk, code: Code, now: datetime) -> UUID:
    """The petition of number and secret. An unknown number takes the same way as a wrong secret (U2).

    Raises Refused: `code.mistyped` for a number that was never given to anybody, `code.wrong`, `code.locked`.
    """
    number = receipts.read_number(code.number)
    if not receipts.well_formed(number):
        raise Refused("code.mistyped", "number")
    key = await desk.own_key("receipts")
    async with desk.pool.connection() as connection:
        if not await store.try_at(connection, number, now, receipts.TRIES, receipts.LOCKED):
            raise Refused("code.locked", minutes=int(receipts.LOCKED.total_seconds()) // 60)
        petition = await store.petition(connection, number)
        right = receipts.secret(key, petition or UUID(int=0))
        same = hmac.compare_digest(right.encode(), receipts.read_secret(code.secret).encode())
        there = await events.there(connection, [f"petition-{petition}"])
        if petition is None or not same or not there:
            raise Refused("code.wrong", "secret")
        await store.forget_tries(connection, number)
    return petition


async def registration(desk: Desk, code: Code, now: datetime) -> UUID:
    """The event that put a petition on record. Raises Refused `code.mistyped`, `code.wrong`, `code.locked`."""
    petition = await find(desk, code, now)
    async with desk.pool.connection() as connection:
        return await events.first(connection, f"petition-{petition}")


async def sealed(desk: Desk, petition: UUID) -> bool:
    """Whether a petition's registration lies under a seal, so that it can be proved (P3)."""
    async with desk.pool.connection() as connection:
        return await events.sealed(connection, await events.first(connection, f"petition-{petition}"))


async def withdraw(desk: Desk, command: AskWithdrawal, now: datetime) -> Receipt:
    """Asks for nothing any more. Raises Refused `code.…`, `withdrawal.asked`, `petition.ended`."""
    petition = await find(desk, command, now)
    _, case = await _load(desk, petition)

    def decide(entries: dict[str, list[Entry]]) -> list[Fact]:
        state = _state(entries[f"petition-{petition}"])
        return [Fact(event, now) for event in following.ask_withdrawal(state, case)]

    return await _execute(desk, petition, command.command, _hash(petition, "withdrawal"), decide)


async def judge(desk: Desk, command: GiveVerdict, now: datetime) -> Receipt:
    """Keeps the resident's verdict, the words of it in the vault.

    Raises Refused `code.…`, `verdict.no-reply`, `verdict.unchanged`; `vault.erased` for words after an erasure.
    """
    petition = await find(desk, command, now)
    state, case = await _load(desk, petition)
    said = str(uuid5(command.command, "said")) if command.words else None
    person = await desk.resident(petition)
    key = await revealing.make_key(desk, person) if command.words else b""
    hash_ = _hash(petition, command.solved, command.satisfied or "", fingerprint(key, command.words or ""))
    if receipt := await known(desk.pool, Decision(command.command, RESIDENT, (), hash=hash_)):
        return receipt
    following.give_verdict(state, case, command, said)  # refused before anything is kept
    if said and command.words:
        place = Place(person, Datum.SAID, said)
        await vault_store.keep(desk.vault, key, person, {place: command.words}, petition)

    def decide(entries: dict[str, list[Entry]]) -> list[Fact]:
        state = _state(entries[f"petition-{petition}"])
        return [Fact(event, now) for event in following.give_verdict(state, case, command, said)]

    return await _execute(desk, petition, command.command, hash_, decide)


async def erase(desk: Desk, command: AskErasure, now: datetime) -> tuple[Receipt, revealing.Erased]:
    """Destroys the key to everything kept of the resident. Raises Refused `code.…`, `vault.erased`."""
    petition = await find(desk, command, now)
    person = await desk.resident(petition)
    return await revealing.destroy(desk, person, command.command, RESIDENT, _hash(petition, "erasure"), now)


async def _execute(desk: Desk, petition: UUID, command: UUID, hash_: bytes, decide: Decide) -> Receipt:
    return await execute(
        desk.pool,
        desk.log,
        command=command,
        hash_=hash_,
        author=RESIDENT,
        streams=[f"petition-{petition}"],
        decide=decide,
    )


async def _load(desk: Desk, petition: UUID) -> tuple[State, Case]:
    async with desk.pool.connection() as connection:
        entries = await log.load(connection, [f"petition-{petition}"])
    return _state(entries[f"petition-{petition}"]), await desk.case(petition)


async def _reply(desk: Desk, petition: UUID, case: Case, cause: UUID, now: datetime) -> Reply | None:
    if case.reply is None:
        return None
    time = [step.time for step in case.steps if step.phase is Phase.REPLIED][-1]
    reply = Reply(time=time, outcome=case.outcome)
    if case.reply.said is None:
        return reply
    kept = await vault_store.find(desk.vault, PersonKind.RESIDENT, None, Datum.SAID, case.reply.said)
    if kept is None or await vault_store.petition_of(desk.vault, kept.place.person) != petition:
        return reply  # an event may name any reference; only what belongs to this petition is shown
    hash_ = _hash(petition, "read", case.reply.said)
    try:
        text = await revealing.read(desk, kept, cause, RESIDENT, hash_, RevealReason.RESIDENT_ASKED, now)
    except Refused as refused:
        if refused.code != "vault.erased":
            raise
        return reply
    return reply.model_copy(update={"text": text})


def _shown(state: State, case: Case) -> Followed:
    assert state.registered
    assert state.time
    registered, verdict = state.registered, state.verdict
    there = registered.category in categories.names()
    replied = any(step.phase is Phase.REPLIED for step in case.steps)
    return Followed(
        petition=registered.petition,
        number="",
        registered=state.time,
        channel=registered.channel,
        category=registered.category,
        category_zh=categories.name(registered.category) if there else None,
        category_en=categories.name_en(registered.category) if there else None,
        zone=registered.zone,
        phase=case.phase,
        steps=tuple(Reached(phase=step.phase, time=step.time) for step in case.steps),
        limit=Limit(due=case.due, because=case.because) if case.due else None,
        office=None,
        reply=None,
        closing=case.closing,
        verdict=Verdict(time=state.verdict_time, solved=verdict.solved, satisfied=verdict.satisfied)
        if verdict and state.verdict_time
        else None,
        withdrawal_asked=state.withdrawal_asked,
        may_withdraw=not state.withdrawal_asked and case.phase not in (Phase.CLOSED, Phase.WITHDRAWN),
        may_judge=replied and case.phase is not Phase.REOPENED,
        erased=None,
    )


def _state(entries: list[Entry]) -> State:
    return following.fold((entry.event, entry.time) for entry in entries)


def _hash(petition: UUID, *parts: str | bytes) -> bytes:
    """What makes two commands of one id the same; number and secret are no part of it."""
    texts = [part if isinstance(part, bytes) else part.encode() for part in (f"petition-{petition}", *parts)]
    return hashlib.sha256(b"\0".join(texts)).digest()
