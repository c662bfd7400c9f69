"""What the HTTP side of a service with a log opens, connections and one writer, and how its routes write."""

import select
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
from fastapi import FastAPI, Request
from psycopg_pool import AsyncConnectionPool

from services.runtime import readback
from services.runtime.execute import execute
from services.runtime.gather import Gatherer, Rows
from services.runtime.log import Entry, Fact
from services.runtime.settings import Settings
from services.web.app import Reason
from services.web.principals import Principal
from services.web.receipts import Receipt


@asynccontextmanager
async def open_pool(settings: Settings, service: str) -> AsyncIterator[AsyncConnectionPool[Any]]:
    """Connections for queries; broken ones are replaced before they are handed out."""
    async with AsyncConnectionPool(
        settings.database(service),
        min_size=1,
        max_size=8,
        open=False,
        timeout=3,
        kwargs={"autocommit": True},
        check=_check,
    ) as pool:
        yield pool


def _readable(connection: psycopg.AsyncConnection[Any]) -> bool:
    poll = select.poll()  # select() takes no more than 1024 files
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


async def _check(connection: psycopg.AsyncConnection[Any]) -> None:
    """Asks the server only where there is something to be read, as there is once it has closed the connection: to ask
    it each time would cost as much as most queries do.
    """
    if _readable(connection):
        await AsyncConnectionPool.check_connection(connection)


def database_answers(pool: AsyncConnectionPool[Any]) -> Reason:
    """Not ready while the database is away."""

    async def reason() -> str | None:
        try:
            async with pool.connection(timeout=2) as connection:
                await connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return "the database is away"  # no more: everybody may ask
        return None

    return reason


@asynccontextmanager
async def open_log(app: FastAPI, settings: Settings, service: str, rows: Rows) -> AsyncIterator[Sequence[Reason]]:
    """Puts `pool` and `log` into `app.state`; answers with the reasons not to be ready."""
    guard = readback.guard(settings, service)
    async with (
        open_pool(settings, service) as pool,
        Gatherer(settings.database(service), rows, guard) as gatherer,
    ):
        app.state.pool, app.state.log = pool, gatherer

        async def writing() -> str | None:
            # no more: everybody may ask, and the gatherer logs why
            return "the log cannot be written" if gatherer.trouble() else None

        yield [database_answers(pool), writing]


async def write(
    request: Request,
    principal: Principal,
    command: UUID,
    hash_: bytes,
    stream: str,
    decide: Callable[[list[Entry]], Sequence[Fact]],
) -> Receipt:
    """Keeps what `decide` makes of one stream's entries, in the principal's name; the rest is as `execute` says."""
    receipt = await execute(
        request.app.state.pool,
        request.app.state.log,
        command=command,
        hash_=hash_,
        author=principal.author,
        streams=[stream],
        decide=lambda entries: decide(entries[stream]),
    )
    return Receipt.of(receipt)
