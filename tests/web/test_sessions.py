"""A session is a random id in the browser and a row here; ending the row ends it at once (A-17)."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.requests import HTTPConnection
from starlette.responses import Response

from services.refused import Refused
from services.runtime import migrate
from services.runtime.database import conninfo
from services.runtime.settings import Settings
from services.web.principals import Principal, Role
from services.web.sessions import Sessions
from tests.servers import Addresses

pytestmark = pytest.mark.anyio
STAFF = Principal(id="staff-0001", roles=frozenset({Role.OFFICE, Role.CADRE}), office="o-0001")


@pytest.fixture(scope="module")
def info(servers: Addresses) -> str:
    name = f"session-{uuid.uuid4().hex[:12]}"
    with psycopg.connect(conninfo(servers.postgres, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    migrate.migrate(conninfo(servers.postgres, name), [migrate.SESSION])
    return conninfo(servers.postgres, name)


@pytest.fixture
async def pool(info: str) -> AsyncIterator[AsyncConnectionPool[Any]]:
    async with AsyncConnectionPool(info, min_size=1, max_size=2, open=False, kwargs={"autocommit": True}) as opened:
        yield opened


def sessions(**settings: Any) -> Sessions:
    return Sessions(Settings(**settings), "desk")


async def ended(pool: AsyncConnectionPool[Any], id_: str) -> bool:
    try:
        return await sessions().principal(pool, id_) != STAFF
    except Refused as refused:
        return refused.code == "auth.expired"


async def move(pool: AsyncConnectionPool[Any], column: str, by: timedelta) -> None:
    async with pool.connection() as connection:
        await connection.execute(f"UPDATE session SET {column} = {column} + %s", [by])


async def test_a_session_speaks_for_who_signed_in(pool: AsyncConnectionPool[Any]) -> None:
    one, other = await sessions().begin(pool, STAFF), await sessions().begin(pool, STAFF)
    assert await sessions().principal(pool, one) == STAFF
    assert len({one, other}) == 2
    assert len(one) >= 43, "256 bits"
    await sessions().end(pool, one)
    assert await ended(pool, one)
    assert not await ended(pool, other)
    assert await ended(pool, "no-such-id")
    async with pool.connection() as connection:
        [(text,)] = await (await connection.execute("SELECT string_agg(session::text, '') FROM session")).fetchall()
    assert other not in text, "only its hash is kept"


async def test_it_ends_after_its_hours_and_when_it_lies_unused(pool: AsyncConnectionPool[Any]) -> None:
    id_ = await sessions().begin(pool, STAFF)
    await move(pool, "expires", timedelta(hours=-12))
    assert await ended(pool, id_)
    id_ = await sessions().begin(pool, STAFF)
    await move(pool, "last_seen", timedelta(minutes=-119))
    assert not await ended(pool, id_), "and this look counts as use"
    await move(pool, "last_seen", timedelta(minutes=-119))
    assert not await ended(pool, id_)
    await move(pool, "last_seen", timedelta(minutes=-121))
    assert await ended(pool, id_)


async def test_a_session_tells_half_an_hour_before_that_it_ends_a17(pool: AsyncConnectionPool[Any]) -> None:
    id_ = await sessions().begin(pool, STAFF)
    await move(pool, "expires", timedelta(hours=-11, minutes=-29))
    assert (await sessions().principal(pool, id_)).ends is None
    await move(pool, "expires", timedelta(minutes=-2))
    ends = (await sessions().principal(pool, id_)).ends
    assert ends is not None
    assert timedelta() < ends - datetime.now(UTC) < timedelta(minutes=30)


async def test_rows_go_a_month_after_their_end(pool: AsyncConnectionPool[Any]) -> None:
    await sessions().begin(pool, STAFF)
    await move(pool, "expires", timedelta(days=-31))
    await sessions().begin(pool, STAFF)
    async with pool.connection() as connection:
        [(left,)] = await (await connection.execute("SELECT count(*) FROM session")).fetchall()
    assert left == 1


def test_cookies_belong_to_this_host_and_to_no_script() -> None:
    for plain, name, secure in ((False, "__Host-lx-desk", True), (True, "lx-desk", False)):
        own, response = sessions(plain_http=plain), Response()
        own.set_cookie(response, own.cookie, "x")
        own.drop_cookie(response, own.cookie)
        assert own.cookie == name
        for header in response.headers.getlist("set-cookie"):
            assert header.startswith(f"{name}=")
            assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in header.split(";")}
            assert ("Secure" in header) is secure
            assert "Domain" not in header
        found = own.held(HTTPConnection({"type": "http", "headers": [(b"cookie", f"{name}=x".encode())]}))
        assert found == "x"
