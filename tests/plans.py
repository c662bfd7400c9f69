"""How PostgreSQL finds the rows of a statement where there are many."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import psycopg


class Explained:
    """A connection, and a pool of it, that asks for the plan of each statement before it carries it out."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self.plans: list[str] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Explained"]:
        """Itself, as a pool hands it out."""
        yield self

    def cursor(self, **_: Any) -> "Explained":
        """Itself: rows are not looked at."""
        return self

    async def execute(self, sql: Any, parameters: Any = None) -> psycopg.AsyncCursor[Any]:
        """Notes the plan; answers with the rows."""
        cursor = await self._connection.execute(f"EXPLAIN {sql}", parameters)
        self.plans.append("\n".join(line for (line,) in await cursor.fetchall()))
        return await self._connection.execute(sql, parameters)


async def plans(info: str, fill: LiteralString, ask: Callable[[Any], Awaitable[object]]) -> str:
    """The plans of all statements that `ask` carries out among the rows of `fill`, of which none stays."""
    async with await psycopg.AsyncConnection.connect(info) as connection:
        await connection.execute(fill)
        await connection.execute("ANALYZE")
        explained = Explained(connection)
        await ask(explained)
        await connection.rollback()
    return "\n".join(explained.plans)
