"""Connections to a service's own database, and the statements that are sent in one go."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg.conninfo import make_conninfo

AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.TransactionTimeout,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.ReadOnlySqlTransaction,
)
"""The database cannot do it now; the same may go through later, on a new connection."""

Statement = tuple[LiteralString, Sequence[Any]]
"""SQL and its parameters."""

GUARDS = "-c transaction_timeout=10s -c lock_timeout=3s -c idle_in_transaction_session_timeout=5s"
"""For every process that writes beside others: a client stopped inside a transaction frees its locks (protocol rule 2).
Set on the connection, not on the database: verify, rebuild and pg_dump need longer."""

ALIVE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
"""Seconds, but for the last, in milliseconds. A server that is gone without a word (a host that lost its power, a
firewall that forgot the connection) is noticed within 30 s, asked or not; by Linux alone it takes two hours to notice
while waiting for an answer, and a quarter of an hour while sending. A server that is only slow answers the probes."""


def conninfo(server: str, database: str, *, guarded: bool = True) -> str:
    """The libpq connection string of a database on a server given as a URL without a database."""
    return make_conninfo(
        server,
        dbname=database,
        connect_timeout=5,
        **ALIVE,
        options=f"{GUARDS if guarded else ''} -c timezone=UTC",
    )


Connection = psycopg.AsyncConnection[Any]


class Reconnecting:
    """One connection that is opened when first needed and again after it broke.

    `opened` looks at every new connection before it is used; what it raises is raised by `get`.
    """

    def __init__(self, info: str, opened: Callable[[Connection], Awaitable[None]] | None = None) -> None:
        self._info = info
        self._opened = opened
        self._connection: Connection | None = None

    async def get(self) -> Connection:
        """The open connection. Raises psycopg.OperationalError while the database is away."""
        if self._connection is None or self._connection.closed:
            connection = await psycopg.AsyncConnection.connect(self._info, autocommit=True)
            try:
                if self._opened:
                    await self._opened(connection)
            except BaseException:
                await connection.close()
                raise
            self._connection = connection
        return self._connection

    async def close(self) -> None:
        """Closes the connection if there is one."""
        if self._connection is not None:
            await self._connection.close()


async def send(connection: psycopg.AsyncConnection[Any], statements: Sequence[Statement]) -> None:
    """Runs statements in the transaction at hand, without waiting for one before sending the next."""
    for sql, parameters in statements:
        await connection.execute(sql, parameters)


async def pause(attempt: int) -> None:
    """Waits before the next attempt: 0.1 s, doubling, 5 s at most (protocol rule 12)."""
    await asyncio.sleep(min(5.0, 0.1 * 2 ** min(attempt, 6)))
