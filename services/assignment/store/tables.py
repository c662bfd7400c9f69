"""All projections of assignment's log: written with their events, refilled from the log, read back for `verify`."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import psycopg

from services.assignment.store import inbox, register
from services.runtime import history, log
from services.runtime.database import Statement, send
from services.runtime.log import Entry

TABLES: Mapping[LiteralString, LiteralString] = {
    **register.TABLES,
    "case_now": f"SELECT {inbox.COLUMNS} FROM case_now",
}
TOPICS = ("responsibility", "cases")


def rows(entries: Sequence[Entry]) -> list[Statement]:
    """Statements that bring the tables from before these entries to after them."""
    return [*register.rows(entries), *inbox.rows(entries)]


async def rebuild(connection: psycopg.AsyncConnection[Any]) -> int:
    """Refills the tables from the log, all or nothing; answers with the number of events.

    The log is read a page at a time into tables of this connection alone, which its statements find before the live
    ones of the same names; writers wait only for what came meanwhile and for the copy.
    """
    await send(connection, [(f"CREATE TEMP TABLE {name} (LIKE public.{name} INCLUDING ALL)", []) for name in TABLES])
    count, reached = await _fill(connection, 0)
    async with connection.transaction():
        await connection.execute("SELECT FROM head FOR UPDATE")
        behind, _ = await _fill(connection, reached)
        for name in TABLES:
            await connection.execute(f"DELETE FROM public.{name}")
            await connection.execute(f"INSERT INTO public.{name} SELECT * FROM pg_temp.{name}")
    await send(connection, [(f"DROP TABLE pg_temp.{name}", []) for name in TABLES])
    return count + behind


async def _fill(connection: psycopg.AsyncConnection[Any], reached: int) -> tuple[int, int]:
    """Takes in what the log holds behind a position; answers with how many events, and the position reached."""
    count = 0
    async for entries, now in history.pages(connection, TOPICS, reached):
        await send(connection, rows(entries))
        count, reached = count + len(entries), now
    return count, reached


async def snapshot(
    connection: psycopg.AsyncConnection[Any],
) -> tuple[dict[str, set[tuple[Any, ...]]], list[Entry]]:
    """The tables' rows and the log's entries of one moment."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        tables = {}
        for table, sql in TABLES.items():
            cursor = await connection.execute(sql)
            tables[table] = {
                tuple(tuple(value) if isinstance(value, list) else value for value in row)
                for row in await cursor.fetchall()
            }
        entries, _ = await log.history(connection, TOPICS)
    return tables, entries
