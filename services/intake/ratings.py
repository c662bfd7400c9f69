"""What operations run by a timer: close rounds that are over, release sums of answers (G2)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID, uuid5

from cryptography.exceptions import InvalidTag
from lianxin_schemas.events.ratings import RatingsReleased

from services.intake.ballots import unseal
from services.intake.domain import ballots, rounds
from services.intake.settings import Settings
from services.intake.store import ballots as waiting
from services.intake.store import codes
from services.intake.store import rounds as store
from services.runtime import log
from services.runtime.database import Connection, Reconnecting, Statement, send
from services.runtime.history import pages
from services.runtime.log import Author, Decision, Entry, Fact, Overtaken, Repeated

AUTHOR = Author("system", "intake")
T = TypeVar("T")


@dataclass
class Done:
    """What a release came to: sums, answers in them, answers withheld for ever, answers that cannot be read."""

    releases: int = 0
    answers: int = 0
    withheld: int = 0
    unreadable: int = 0


def close(settings: Settings) -> int:
    """Closes every round whose last day has passed. Exit code 0."""

    async def work(intake: Connection, keys: Connection) -> int:
        return await close_all(intake, await codes.secret(keys), _now())

    print(f"结束了{(count := asyncio.run(_with(settings, work)))}轮。Closed {count} round(s).")
    return 0


def release(settings: Settings) -> int:
    """Releases what may leave. Exit code 1 where an answer cannot be read: its round is left as it is."""
    done = asyncio.run(_with(settings, lambda intake, keys: release_all(intake, keys, _now())))
    print(
        f"公布{done.releases}项合计，共{done.answers}份；不足五份、永不公布的{done.withheld}份。"
        f"Released {done.releases} sum(s) of {done.answers} answers; {done.withheld} withheld for ever."
    )
    if done.unreadable:
        print(f"{done.unreadable}份打不开，所在的轮次没有动。{done.unreadable} cannot be read; their rounds were left.")
    return 1 if done.unreadable else 0


async def close_all(intake: Connection, key: bytes, now: datetime) -> int:
    """Closes the rounds that are over; answers with how many. One that somebody closes meanwhile is left to them."""
    closed = 0
    today = rounds.local_day(now)
    for round_ in await store.past(intake, today):
        released, left = await store.stop(intake, round_, today)
        [entries] = (await log.load(intake, [f"round-{round_}"])).values()
        state = rounds.fold(entry.event for entry in entries)
        if state.closed:
            continue
        facts = [Fact(event, now) for event in rounds.close_round(state, today, released, left)]
        decision = Decision(uuid5(round_, "close"), AUTHOR, facts, {f"round-{round_}": len(entries)})
        try:
            await log.write(intake, [decision], then=store.rows(key, decision.entries))
        except (Overtaken, Repeated):
            continue
        closed += 1
    return closed


async def release_all(intake: Connection, keys: Connection, now: datetime) -> Done:
    """Releases the sums of rounds with five answers or more, once a day each, then what is left of closed rounds.

    Whoever runs it, and however often: a sum's answers go in the transaction that keeps it, so that none is in two.
    """
    done = Done()
    for round_ in await waiting.rounds_with(intake, rounds.LEAST):
        await _release(intake, keys, round_, now, done)
    for group in await store.finished(intake):
        await _end(intake, keys, group, now, done)
    await waiting.destroy_keys(keys, await store.ended(intake, await waiting.rounds_with_keys(keys)))
    return done


async def _release(intake: Connection, keys: Connection, round_: UUID, now: datetime, done: Done) -> None:
    async with intake.transaction():
        [found] = await store.lock(intake, [round_])
        sealed = await waiting.waiting(intake, [round_])
        today = rounds.local_day(now)
        if not ballots.may_release(found, len(sealed[round_]), today):
            return
        marks = await _open(keys, sealed, done)
        if marks is None:
            return
        sum_ = ballots.release(found, marks[round_])
        await _write(intake, [sum_], now, [waiting.clear([round_]), store.left(round_, sum_.answers, today)])
    done.releases, done.answers = done.releases + 1, done.answers + sum_.answers


async def _end(intake: Connection, keys: Connection, group: Sequence[UUID], now: datetime, done: Done) -> None:
    async with intake.transaction():
        found = [round_ for round_ in await store.lock(intake, group) if round_.phase == "closed"]
        ids = [round_.round for round_ in found]
        sealed = await waiting.waiting(intake, ids)
        if not found or any(len(rest) >= rounds.LEAST for rest in sealed.values()):
            return  # somebody else was quicker, or one of them could not be read
        marks = await _open(keys, sealed, done)
        if marks is None:
            return
        sum_ = ballots.merge(found, marks)
        await _write(intake, [sum_] if sum_ else [], now, [waiting.clear(ids), store.end(ids)])
    if sum_:
        done.releases, done.answers = done.releases + 1, done.answers + sum_.answers
    else:
        done.withheld += sum(len(rest) for rest in marks.values())


async def _write(intake: Connection, sums: Sequence[RatingsReleased], now: datetime, then: Sequence[Statement]) -> None:
    decisions = [Decision(sum_.release, AUTHOR, [Fact(sum_, now)]) for sum_ in sums]
    await log.write(intake, decisions, then=then)


async def _open(keys: Connection, sealed: Mapping[UUID, Iterable[bytes]], done: Done) -> dict[UUID, list[int]] | None:
    """The marks, by round; None where one cannot be read, which is counted and leaves all as it is."""
    opened: dict[UUID, list[int]] = {round_: [] for round_ in sealed}
    unreadable = 0
    private = await waiting.private_keys(keys, list(sealed))
    for round_, answers in sealed.items():
        for answer in answers:
            try:
                opened[round_].append(unseal(private.get(round_, b""), round_, answer))
            except (InvalidTag, ValueError):
                unreadable += 1
    done.unreadable += unreadable
    return None if unreadable else opened


async def refill(settings: Settings, connection: Connection, behind: int) -> None:
    """Brings the tables of rounds behind what came back to the log after a restore, in the transaction at hand: what a
    release has told of waits no more.
    """
    keys = Reconnecting(settings.database("keys"))
    try:
        secret = await codes.secret(await keys.get())
    finally:
        await keys.close()
    async for entries, _ in pages(connection, ["ratings"], behind):
        for entry in entries:
            await send(connection, [*store.rows(secret, [entry]), *_told(entry)])


def _told(entry: Entry) -> list[Statement]:
    match entry.event:
        case RatingsReleased(round=UUID() as round_, answers=answers):
            return [waiting.clear([round_]), store.left(round_, answers, rounds.local_day(entry.time))]
        case RatingsReleased() as rest:
            return [store.end_all(rest)]
        case _:
            return []


async def _with(settings: Settings, work: Callable[[Connection, Connection], Awaitable[T]]) -> T:
    intake, keys = Reconnecting(settings.database("intake")), Reconnecting(settings.database("keys"))
    try:
        return await work(await intake.get(), await keys.get())
    finally:
        await intake.close()
        await keys.close()


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  the command line is where the clock is read
