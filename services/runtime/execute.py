"""Carries out a command on streams that exist: load, decide, keep; once more when somebody else was quicker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from services.runtime import log
from services.runtime.gather import Gatherer, same
from services.runtime.log import Author, Decision, Entry, Fact, First, Overtaken, Receipt

TRIES = 5


@dataclass
class Loaded:
    """What the log holds of some commands and streams. Handed to `execute` it is used instead of a look of its own, so
    that a batch is read with one question; what is kept meanwhile is added.
    """

    known: dict[UUID, First]
    entries: dict[str, list[Entry]]

    def keep(self, decision: Decision, receipt: Receipt) -> None:
        """Adds what was just kept."""
        self.known[decision.cause] = First(receipt, decision.author, decision.hash)
        for entry in decision.entries:
            self.entries.setdefault(entry.stream, []).append(entry)


async def look(pool: AsyncConnectionPool[Any], commands: Sequence[UUID], streams: Sequence[str]) -> Loaded:
    """What the log holds of these just now."""
    async with pool.connection() as connection:
        return Loaded(await log.receipts(connection, commands), await log.load(connection, streams))


async def known(pool: AsyncConnectionPool[Any], decision: Decision) -> Receipt | None:
    """The first receipt of a command that is a repeat; None when it is none. Raises Contradicted."""
    async with pool.connection() as connection:
        found = await log.receipts(connection, [decision.cause])
    return same(decision, found[decision.cause]) if found else None


async def execute(
    pool: AsyncConnectionPool[Any],
    gatherer: Gatherer,
    *,
    command: UUID,
    hash_: bytes,
    author: Author,
    streams: Sequence[str],
    decide: Callable[[dict[str, list[Entry]]], Sequence[Fact]],
    loaded: Loaded | None = None,
) -> Receipt:
    """Keeps what `decide` makes of the streams' entries. A repeat gets its first receipt and decides nothing.

    `loaded` has the command and all of the streams; two commands that share it and a stream come one after the other.
    Raises what `decide` refuses, and what Gatherer.submit raises.
    """
    for attempt in range(1, TRIES + 1):
        found = loaded if loaded and attempt == 1 else await look(pool, [command], streams)
        entries = {stream: found.entries[stream] for stream in streams}
        expected = {stream: held[-1].version for stream, held in entries.items() if held}
        decision = Decision(cause=command, author=author, facts=(), hash=hash_, expected=expected)
        if command in found.known:
            return same(decision, found.known[command])
        decision = Decision(command, author, decide(entries), expected, hash_)
        try:
            receipt = await gatherer.submit(decision)
        except Overtaken:
            if attempt == TRIES:
                raise
        else:
            found.keep(decision, receipt)
            return receipt
    raise AssertionError("unreachable")
