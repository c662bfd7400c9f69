"""The database is restarted under a consumer and a writer, and all goes on where it was (rules 9 and 12)."""

import asyncio

import psycopg
import pytest

from deploy.local.servers import Servers
from services.runtime import migrate
from services.runtime.database import conninfo
from services.runtime.gather import Gatherer, Unavailable
from services.runtime.log import Receipt
from services.runtime.settings import Settings
from tests.runtime.audit import audit
from tests.runtime.consuming import TABLE, receiver
from tests.runtime.making import decision, logged, message, visits_in

pytestmark = pytest.mark.anyio


async def nothing(_: object) -> None:
    """A new connection is used as it is."""


async def test_rule_12_nothing_is_lost_or_doubled_when_the_database_is_killed(private_servers: Servers) -> None:
    server = private_servers.postgres
    own = Settings(space="t", postgres=private_servers.postgres_url)
    info = own.database("intake")
    with psycopg.connect(conninfo(own.postgres, "postgres"), autocommit=True) as connection:
        connection.execute('CREATE DATABASE "t_intake"')
    migrate.migrate(info, [*migrate.PLUMBING])
    with psycopg.connect(info) as connection:
        connection.execute(TABLE)
    visits = [message(logged(visit), n, space="t") for n, visit in enumerate(visits_in(4, 6), 1)]
    consumer, one, two = receiver(own), decision(logged()), decision(logged())
    async with Gatherer(info, lambda _: [], nothing) as gatherer:
        await gatherer.submit(one)
        await consumer.take(visits[:3])
        await asyncio.to_thread(server.kill)
        with pytest.raises(Unavailable):
            await gatherer.submit(two)
        taking = asyncio.create_task(consumer.take(visits[2:]))
        done, _ = await asyncio.wait([taking], timeout=0.5)
        assert not done, "the consumer waits"
        await asyncio.to_thread(server.start)
        await asyncio.wait_for(taking, 30)
        assert [type(await gatherer.submit(d)) for d in (one, two, two)] == [Receipt] * 3
    await consumer.close()
    with psycopg.connect(info) as connection:
        assert audit(connection) == 2
        assert connection.execute("SELECT number FROM seen ORDER BY nth").fetchall() == [(n,) for n in range(1, 7)]
