"""Databases for tests of assignment: a migrated one is made once a worker and copied for each test."""

from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.keys import make_key
from services.assignment import settings as own
from services.runtime import migrate, topics
from tests.assignment.given import make_database, write_files
from tests.assignment.reacting import load
from tests.servers import Addresses


@pytest.fixture(scope="session")
def template(servers: Addresses) -> str:
    """The name of a migrated, empty database."""
    name = f"template_{uuid4().hex[:12]}"
    folder = Path(own.__file__).parent
    files = [*migrate.PLUMBING, migrate.DIRECTORY, *migrate.service_files(folder)]
    migrate.migrate(make_database(servers.postgres, name), files)
    return name


@pytest.fixture
def settings(servers: Addresses, template: str) -> own.Settings:
    """Settings of a space of the test's own, with its database."""
    space = f"t{uuid4().hex[:12]}"
    make_database(servers.postgres, f"{space}_assignment", template)
    return own.Settings(space=space, kafka=servers.kafka, postgres=servers.postgres)


@pytest.fixture
def info(settings: own.Settings) -> str:
    """How to connect to the test's database."""
    return settings.database("assignment")


@pytest.fixture(scope="session")
def whole(servers: Addresses, template: str, tmp_path_factory: pytest.TempPathFactory) -> own.Settings:
    """Settings of a space with a database, the small register in it, and topics; shared by all tests of a worker."""
    space = f"t{uuid4().hex[:12]}"
    info = make_database(servers.postgres, f"{space}_assignment", template)
    load(info, write_files(tmp_path_factory.mktemp("register")))
    jwks = make_key(tmp_path_factory.mktemp("keys"))
    settings = own.Settings(space=space, kafka=servers.kafka, postgres=servers.postgres, jwks=jwks)
    topics.apply(settings)
    return settings
