"""One consistent look at all tables, also while a rebuild swaps them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from services.appraisal.store.tables import TABLES

Connection = psycopg.AsyncConnection[Any]
Pool = AsyncConnectionPool[Connection]
# Before the first query, which takes the snapshot: a table swapped in after it would look empty.
LOCK = f"LOCK TABLE {', '.join(TABLES)} IN ACCESS SHARE MODE"


@asynccontextmanager
async def snapshot(connection: Connection, within: str = "") -> AsyncIterator[Connection]:
    """All queries inside see the same moment. They are sent without waiting for each other's answers.

    `within`: how long that may take, as PostgreSQL spells it; else as long as the connection says.
    """
    async with connection.pipeline(), connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # After ten times PostgreSQL may plan for nobody in particular: in a province that took ten times as long.
        await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        if within:  # the clock of the connection's own limit runs already, and is not set anew by a longer one
            await connection.execute("SET LOCAL transaction_timeout = 0")
            await connection.execute(sql.SQL("SET LOCAL transaction_timeout = {}").format(within))
        await connection.execute(LOCK)
        yield connection


async def as_of(connection: Connection) -> datetime | None:
    """The newest recordedtime applied; None before the first event."""
    cursor = await connection.execute("SELECT max(recorded) FROM progress")
    row = await cursor.fetchone()
    return row[0] if row else None


async def cadres(connection: Connection) -> list[str]:
    """All cadres of the register."""
    return [row[0] for row in await (await connection.execute("SELECT cadre FROM cadre")).fetchall()]


async def zones(connection: Connection) -> list[str]:
    """All zones of the register."""
    return [row[0] for row in await (await connection.execute("SELECT zone FROM zone")).fetchall()]
