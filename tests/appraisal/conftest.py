"""A database of the service for each test."""

import asyncio
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from services.appraisal import adopting
from services.appraisal.settings import Settings
from services.runtime import migrate
from services.runtime.database import conninfo
from tests.appraisal.asking import Client, serving
from tests.appraisal.county import Broker
from tests.appraisal.given import SPACE, Published, Store
from tests.servers import Addresses

SHARED = (*migrate.PLUMBING, migrate.SESSION, migrate.DIRECTORY)
ROOM = Path(migrate.__file__).parent.parent / "appraisal"


def make(addresses: Addresses, space: str) -> Settings:
    """An installation's database, migrated."""
    settings = Settings(space=space, kafka=addresses.kafka, postgres=addresses.postgres)
    with psycopg.connect(conninfo(addresses.postgres, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{space}_appraisal"')
    migrate.migrate(settings.database("appraisal"), [*SHARED, *migrate.service_files(ROOM)])
    asyncio.run(begin(settings))
    return settings


async def begin(settings: Settings) -> None:
    """Adopts the shipped policies."""
    async with await psycopg.AsyncConnection.connect(settings.database("appraisal"), autocommit=True) as connection:
        await adopting.begin(connection, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="session")
def _database(servers: Addresses) -> str:
    """A database of this worker; its name is no space, messages say `t`."""
    made = make(servers, f"t{uuid.uuid4().hex[:12]}")
    return made.database("appraisal", guarded=False)


class Local(Settings):
    """Settings of a space whose database has another name."""

    info: str

    def database(self, service: str, *, guarded: bool = True) -> str:
        return self.info


@pytest.fixture
def settings(servers: Addresses, _database: str) -> Settings:
    return Local(space=SPACE, kafka=servers.kafka, postgres=servers.postgres, info=_database)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    made = Store(settings)
    made.empty()
    yield made
    made.close()


@pytest.fixture
def client(store: Store, tmp_path: Path) -> Iterator[Client]:
    with serving(store, tmp_path) as made:
        yield made


@pytest.fixture
def log() -> Published:
    return Published()


@pytest.fixture
def installation(servers: Addresses) -> Settings:
    """A space of its own, with a database of its own name."""
    return make(servers, f"t{uuid.uuid4().hex[:12]}")


@pytest.fixture
def broker(installation: Settings) -> Iterator[Broker]:
    made = Broker(installation)
    yield made
    made.producer.close()
