"""Read your writes: what a receipt's `after` waits for (protocol: Read your writes)."""

import asyncio
import uuid
from collections.abc import AsyncIterator

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
    migrate.migrate(conninfo(servers.postgres, name), [migrate.INBOX])
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


async def test_however_many_wait_the_database_is_asked_for_all_at_once(
    pool: AsyncConnectionPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    one = arrivals(pool)
    real = one._refresh

    async def counted() -> None:
        asked.append(1)
        await real()

    monkeypatch.setattr(one, "_refresh", counted)
    await mark(pool, 1)
    await asyncio.gather(*(one.wait("visits.7.1:1") for _ in range(200)))
    assert len(asked) <= 2
