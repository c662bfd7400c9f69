"""Carries out a command on streams that exist: load, decide, keep; once more when somebody else was quicker."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from services.runtime import log
from services.runtime.gather import Gatherer, same
from services.runtime.log import Author, Decision, Entry, Fact, Overtaken, Receipt

TRIES = 5


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
) -> Receipt:
    """Keeps what `decide` makes of the streams' entries. A repeat gets its first receipt and decides nothing.

    Raises what `decide` refuses, and what Gatherer.submit raises.
    """
    for attempt in range(1, TRIES + 1):
        async with pool.connection() as connection:
            known = await log.receipts(connection, [command])
            entries = await log.load(connection, streams)
        expected = {stream: found[-1].version for stream, found in entries.items() if found}
        decision = Decision(cause=command, author=author, facts=(), hash=hash_, expected=expected)
        if command in known:
            return same(decision, known[command])
        decision = Decision(command, author, decide(entries), expected, hash_)
        try:
            return await gatherer.submit(decision)
        except Overtaken:
            if attempt == TRIES:
                raise
    raise AssertionError("unreachable")
