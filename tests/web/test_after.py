"""Read your writes: what a receipt's `after` waits for (protocol: Read your writes)."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from services.refused import Refused
from services.runtime import migrate
from services.runtime.database import conninfo
from services.web import after
from services.web.after import Arrivals, to_text
from tests.servers import Addresses

pytestmark = pytest.mark.anyio
LANE = "INSERT INTO mark VALUES ('appraisal', '/t/intake/1', 'visits', 7, %s)"


@pytest.fixture(scope="module")
def info(servers: Addresses) -> str:
    name = f"after-{uuid.uuid4().hex[:12]}"
    with psycopg.connect(conninfo(servers.postgres, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    migrate.migrate(conninfo(servers.postgres, name), [migrate.INBOX, migrate.ARRIVE])
    return conninfo(servers.postgres, name)


@pytest.fixture
async def pool(info: str) -> AsyncIterator[AsyncConnectionPool]:
    async with AsyncConnectionPool(info, min_size=1, max_size=2, open=False, kwargs={"autocommit": True}) as opened:
        async with opened.connection() as connection:
            await connection.execute("TRUNCATE mark")
        yield opened


def arrivals(pool: AsyncConnectionPool) -> Arrivals:
    return Arrivals(pool, "t", "appraisal", "appraisal")


async def mark(pool: AsyncConnectionPool, number: int) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            LANE + " ON CONFLICT (consumer, source, topic, partition) DO UPDATE SET number = excluded.number", [number]
        )


async def refusal(pool: AsyncConnectionPool, text: str) -> tuple[str, str | None]:
    with pytest.raises(Refused) as refused:
        await arrivals(pool).wait(text)
    return refused.value.code, refused.value.field


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "visits",
        "visits.7.1",
        "visits.7.1:",
        "visits.7.0:1",
        "visits.-1.1:1",
        "visits.7.1:1x",
        "visits.7.1:1\n",
        "visits.７.1:1",
        "nowhere.7.1:1",
        "VISITS.7.1:1",
        "visits.7.1:1;visits.7.1:2",
        "visits.7.1:" + "9" * 17,
        " ",
    ],
)
async def test_what_is_no_token_is_refused(pool: AsyncConnectionPool, text: str) -> None:
    assert await refusal(pool, text) == ("after.malformed", "after")
    assert await refusal(pool, f"leads.1.1:1,{text}") in {
        ("after.malformed", "after"),
        ("after.not-read-here", "after"),
    }


async def test_a_lane_that_is_not_read_here_is_refused(pool: AsyncConnectionPool) -> None:
    assert await refusal(pool, "leads.1.1:1") == ("after.not-read-here", "after")


@pytest.mark.parametrize("text", [None, "", ","])
async def test_without_a_token_nothing_is_waited_for(pool: AsyncConnectionPool, text: str | None) -> None:
    await arrivals(pool).wait(text)


async def test_what_the_own_log_has_is_there_already(pool: AsyncConnectionPool) -> None:
    await Arrivals(pool, "t", "intake", "intake").wait(to_text({"visits.7.1": 10**9, "petitions.1.1": 4}))


async def test_an_answer_waits_until_the_mark_has_come(pool: AsyncConnectionPool) -> None:
    await mark(pool, 4)
    waiting = asyncio.create_task(arrivals(pool).wait("visits.7.1:5"))
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    await mark(pool, 5)
    await waiting


async def test_what_does_not_come_is_said_after_a_while(
    pool: AsyncConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(after, "PATIENCE", 0.1)
    await mark(pool, 4)
    await arrivals(pool).wait("visits.7.1:4")
    assert await refusal(pool, "visits.7.1:5") == ("after.not-yet", None)
    assert await refusal(pool, "visits.7.2:1") == ("after.not-yet", None), "another incarnation is another lane"
    assert await refusal(pool, "visits.7.1:5,visits.7.1:4") == ("after.not-yet", None), "two receipts of one lane"
    assert await refusal(pool, "visits.7.1:4,visits.7.1:5") == ("after.not-yet", None)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the database is asked."""
    asked: list[str] = []
    real = psycopg.AsyncConnection.execute

    async def counted(self: Any, query: str, *rest: Any, **more: Any) -> Any:
        asked.extend([query] if query == after.LOOK else [])
        return await real(self, query, *rest, **more)

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", counted)
    return asked


async def test_however_many_wait_the_database_is_asked_for_all_at_once(
    pool: AsyncConnectionPool, looks: list[str]
) -> None:
    one = arrivals(pool)
    await mark(pool, 1)
    await asyncio.gather(*(one.wait("visits.7.1:1") for _ in range(200)))
    assert len(looks) <= 2


async def test_while_no_mark_moves_the_database_is_asked_ten_times_a_second(
    pool: AsyncConnectionPool, looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(after, "PATIENCE", 0.5)
    await mark(pool, 4)
    assert await refusal(pool, "visits.7.1:5") == ("after.not-yet", None)
    assert len(looks) <= 7


async def test_each_gets_what_it_waits_for_whoever_waits_beside_it(pool: AsyncConnectionPool) -> None:
    one = arrivals(pool)
    await mark(pool, 4)
    early, late = (asyncio.create_task(one.wait(f"visits.7.1:{number}")) for number in (5, 6))
    await mark(pool, 5)
    await early
    assert not late.done()
    await mark(pool, 6)
    await late


class Slow:
    """A pool that takes its time to take a connection back."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self.pool = pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection]:
        async with self.pool.connection() as connection:
            yield connection
        for _ in range(10):
            await asyncio.sleep(0)


async def test_one_who_comes_while_the_look_for_another_ends_is_not_forgotten(pool: AsyncConnectionPool) -> None:
    one = arrivals(Slow(pool))  # type: ignore[arg-type]
    await mark(pool, 0)
    for steps in range(20):
        await one.wait(f"visits.7.1:{steps}")
        for _ in range(steps):
            await asyncio.sleep(0)
        waiting = asyncio.create_task(one.wait(f"visits.7.1:{steps + 1}"))
        await asyncio.sleep(0)
        await mark(pool, steps + 1)
        await waiting


async def test_a_connection_that_ends_is_told_to_who_waits_and_the_next_one_looks_anew(
    pool: AsyncConnectionPool, info: str
) -> None:
    one = arrivals(pool)
    await mark(pool, 4)
    waiting = [asyncio.create_task(one.wait("visits.7.1:5")) for _ in range(2)]
    with psycopg.connect(info, autocommit=True) as other:
        ended = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE '%%FROM arrive(%%' AND pid <> %s"
        )
        while not other.execute(ended, [other.info.backend_pid]).fetchall():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
    for each in waiting:
        with pytest.raises(psycopg.OperationalError):
            await each
    await one.wait("visits.7.1:4")
