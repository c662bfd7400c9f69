"""All projections of the own log: written with the events they show, refilled from the log, read back for `verify`."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import psycopg

from services.assignment.store import inbox, register
from services.runtime import log
from services.runtime.database import Statement, send
from services.runtime.log import Entry

TABLES: Mapping[str, LiteralString] = {**register.TABLES, "case_now": f"SELECT {inbox.COLUMNS} FROM case_now"}
EMPTY: Sequence[LiteralString] = (*register.EMPTY, "DELETE FROM case_now")
TOPICS = ("responsibility", "cases")


def rows(entries: Sequence[Entry]) -> list[Statement]:
    """Statements that bring the tables from before these entries to after them."""
    return [*register.rows(entries), *inbox.rows(entries)]


async def rebuild(connection: psycopg.AsyncConnection[Any]) -> int:
    """Refills the tables from the log in one transaction; answers with the number of events.

    The log is read before anything is locked; writers wait for the tables alone to be filled.
    """
    entries, reached = await log.history(connection, TOPICS)
    fill = rows(entries)
    async with connection.transaction():
        await connection.execute("SELECT FROM head FOR UPDATE")
        behind, _ = await log.history(connection, TOPICS, reached)
        await send(connection, [(sql, []) for sql in EMPTY])
        await send(connection, [*fill, *rows(behind)])
    return len(entries) + len(behind)


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
