"""Empty tables filled without indexes, and finished when all rows are in: what a rebuild saves over a live process.

Nobody reads tables beside the live ones, so nothing in them has to be right before the swap.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import psycopg

from services.runtime.database import Connection
from services.runtime.receiver import Handler

HANDS = 2
"""How many connections work on a step at a time."""
MEMORY = "SET work_mem = '128MB'; SET maintenance_work_mem = '256MB'; SET jit = off"
"""For each of these connections; a hash may take twice as much, and what does not fit goes to temporary files."""

Job = Callable[[Connection], Awaitable[None]]
Steps = Sequence[Sequence[Job]]
"""Jobs of one step may run at the same time; a step begins when the one before has ended."""

INDEXES = """
SELECT coalesce(
    'ALTER TABLE ' || quote_ident(c.relname) || ' ADD CONSTRAINT ' || quote_ident(k.conname) || ' '
        || pg_get_constraintdef(k.oid),
    replace(pg_get_indexdef(i.indexrelid), ' ON public.', ' ON ')
)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid LEFT JOIN pg_constraint k
    ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
WHERE c.oid = ('public.' || quote_ident(%s))::regclass ORDER BY k.conname, i.indexrelid
"""


@dataclass(frozen=True)
class Filling:
    """How a projection fills empty tables: the same in the end as by its handler, at half the price.

    `handler` brings rows to tables without indexes, in commits of its own, the same rows perhaps twice: `steps` make of
    them what the tables have to hold. Indexes follow.
    """

    handler: Handler
    steps: Steps


async def finish(info: str, filling: Filling, tables: Sequence[str]) -> None:
    """Carries out the steps, then gives the tables that `info` leads to the indexes of the live ones."""
    steps: Steps = [*filling.steps, [partial(_index, table) for table in tables]]
    for step in steps:
        jobs = iter(step)
        hands = [asyncio.create_task(_work(info, jobs)) for _ in range(HANDS)]
        try:
            await asyncio.gather(*hands)
        finally:
            for hand in hands:
                hand.cancel()
            await asyncio.wait(hands)


async def _work(info: str, jobs: Iterator[Job]) -> None:
    async with await psycopg.AsyncConnection.connect(info, autocommit=True) as connection:
        await connection.execute(MEMORY)
        for job in jobs:
            await job(connection)


async def _index(table: str, connection: Connection) -> None:
    cursor = await connection.execute(INDEXES, [table])
    for (sql,) in await cursor.fetchall():
        await connection.execute(sql)
    await connection.execute(f"ANALYZE {table}")


async def run(statements: Iterable[str], connection: Connection) -> None:
    """Statements one after the other: a job, once it is known which."""
    for sql in statements:
        await connection.execute(sql)
