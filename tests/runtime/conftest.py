"""A database of one's own for every test, copied from one that was migrated once."""

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from lianxin_schemas.topics import produced_by

from services.runtime import migrate, topics
from services.runtime.database import conninfo
from services.runtime.receiver import Receiver
from services.runtime.settings import Settings
from tests.runtime.consuming import TABLE, Make, Noting, receiver
from tests.servers import Addresses
from tests.world.world import World


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def template(servers: Addresses) -> str:
    """The name of a database with the tables of log and inbox."""
    name = f"template-{uuid.uuid4().hex[:12]}"
    with psycopg.connect(conninfo(servers.postgres, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    migrate.migrate(conninfo(servers.postgres, name), [*migrate.PLUMBING])
    return name


@pytest.fixture
def settings(servers: Addresses, template: str) -> Settings:
    """A space of one's own, with intake's database migrated. Its topics are not made."""
    own = Settings(space=f"t{uuid.uuid4().hex[:12]}", kafka=servers.kafka, postgres=servers.postgres)
    with psycopg.connect(conninfo(servers.postgres, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{own.space}_intake" TEMPLATE "{template}"')
    return own


@pytest.fixture
def info(settings: Settings) -> str:
    """The connection string of that database."""
    return settings.database("intake")


@pytest.fixture
def rows(info: str) -> Callable[..., list[tuple]]:
    """Asks that database."""

    def ask(sql: str, parameters: list | None = None) -> list[tuple]:
        with psycopg.connect(info, autocommit=True) as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    return ask


@pytest.fixture
def seen(rows: Callable[..., list[tuple]]) -> Callable[[], list[int]]:
    """The numbers that consumers have applied, in order."""
    rows(TABLE)
    return lambda: [number for (number,) in rows("SELECT number FROM seen ORDER BY nth")]


@pytest.fixture
async def consumer(settings: Settings) -> AsyncIterator[Make]:
    """Makes processes of the consumer `test`, and closes them."""
    made: list[Receiver] = []

    def make(handler: Noting | None = None) -> Receiver:
        made.append(receiver(settings, handler))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.fixture
def world(servers: Addresses, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """intake alone, with its own topics, its database copied from one that was migrated."""
    monkeypatch.setattr(topics, "EVERY", produced_by("intake"))
    own = World(servers.kafka, servers.postgres, tmp_path, services=())
    with psycopg.connect(conninfo(servers.postgres, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{own.space}_intake" TEMPLATE "{template}"')
    yield own
    own.close()
    own.forget()
