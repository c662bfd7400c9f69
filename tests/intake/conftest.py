"""intake in a space of its own, served in this process: one for all tests of a worker."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from lianxin_schemas.directory import DIRECTORY
from lianxin_schemas.topics import produced_by

from deploy.local import keys
from services.intake.api.app import application
from services.intake.settings import Settings
from services.runtime import topics
from tests.intake.given import Projected, drawn, make
from tests.servers import Addresses
from tests.web.serving import Client, serving


@pytest.fixture(scope="session")
def settings(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """intake's database and topics."""
    folder = tmp_path_factory.mktemp("keys")
    own = make(servers, jwks=keys.make_key(folder), seal_keys=keys.make_seal_keys(folder, ["intake"]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topics, "EVERY", (*produced_by("intake"), DIRECTORY))
        topics.apply(own)
    return own


@pytest.fixture(scope="session")
def api(settings: Settings) -> Iterator[Client]:
    """The API."""
    with serving(application(settings), settings.jwks.parent) as client:
        yield client


@pytest.fixture(scope="session")
def assignment(settings: Settings) -> Iterator[Projected]:
    """What assignment says, as far as intake has heard of it; a zone z-1 is known."""
    made = Projected(settings)
    made.hears(drawn())
    yield made
    made.close()


@pytest.fixture(scope="session")
def rows(settings: Settings) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Asks intake's database."""
    with psycopg.connect(settings.database("intake"), autocommit=True) as connection:

        def ask(sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

        yield ask
