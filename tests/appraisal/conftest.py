"""A database of the service for each test."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from services.appraisal.settings import Settings
from services.runtime import migrate
from services.runtime.database import conninfo
from tests.appraisal.given import SPACE, Published, Store
from tests.servers import Addresses

ROOM = Path(migrate.__file__).parent.parent / "appraisal"


def make(addresses: Addresses, space: str) -> Settings:
    """An installation's database, migrated."""
    settings = Settings(space=space, kafka=addresses.kafka, postgres=addresses.postgres)
    with psycopg.connect(conninfo(addresses.postgres, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{space}_appraisal"')
    migrate.migrate(settings.database("appraisal"), [migrate.INBOX, *migrate.service_files(ROOM)])
    return settings


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
def log() -> Published:
    return Published()


@pytest.fixture
def installation(servers: Addresses) -> Settings:
    """A space of its own, with a database of its own name."""
    return make(servers, f"t{uuid.uuid4().hex[:12]}")
