"""Connections for queries: one that has ended is not handed out, and to see that costs no way to the server."""

import uuid
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from services.runtime.database import conninfo
from services.runtime.settings import Settings
from services.web.errors import refusal_of
from services.web.writing import open_pool
from tests.servers import Addresses
from tests.world.world import until

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(servers: Addresses) -> Settings:
    space = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(conninfo(servers.postgres, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{space}_desk"')
    return Settings(space=space, kafka=servers.kafka, postgres=servers.postgres)


async def asked(pool: AsyncConnectionPool[Any]) -> int:
    """The server process that answers."""
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT pg_backend_pid()")
        [(pid,)] = await cursor.fetchall()
    return int(pid)


async def test_a_connection_that_the_server_has_ended_is_replaced_before_it_is_handed_out(settings: Settings) -> None:
    async with open_pool(settings, "desk") as pool:
        before = {await asked(pool) for _ in range(20)}
        with psycopg.connect(settings.database("desk"), autocommit=True) as other:
            there = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY(%s)"
            until(lambda: not other.execute(there, [[*before]]).fetchall(), "the connections have ended")
        assert before.isdisjoint([await asked(pool) for _ in range(20)])


async def test_rule_2_a_query_whose_time_is_up_is_told_to_come_again(settings: Settings) -> None:
    async with open_pool(settings, "desk") as pool, pool.connection() as connection:
        await connection.execute("SET transaction_timeout = '50ms'")
        with pytest.raises(psycopg.Error) as raised:
            await connection.execute("SELECT pg_sleep(60)")
    assert refusal_of(raised.value).code == "service.away"


async def test_a_connection_that_stands_is_handed_out_without_a_question(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[object] = []

    async def question(connection: object) -> None:
        questions.append(connection)

    monkeypatch.setattr(AsyncConnectionPool, "check_connection", question)
    async with open_pool(settings, "desk") as pool:
        assert len({await asked(pool) for _ in range(20)}) < 20
    assert questions == []
