"""The real intake, served for a browser, with what assignment tells it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from lianxin_schemas.directory import DIRECTORY
from lianxin_schemas.topics import produced_by

from deploy.local import keys
from services.intake import settings as own
from services.intake.api.app import application
from services.runtime import migrate, topics
from tests.assignment.given import make_database
from tests.intake.asking import receive, told
from tests.intake.given import Projected, begun, drawn
from tests.pages.offices import apart, session
from tests.pages.serving import on_port
from tests.servers import Addresses


@dataclass
class Counter:
    """intake at an address."""

    url: str
    settings: own.Settings
    assignment: Projected

    def petition(self, **fields: Any) -> dict[str, Any]:
        """What a resident got for a petition whose case lies with office o-1 and cadre c-1."""
        answer = httpx.post(f"{self.url}/petitions/web", json=receive(**{"told": told(), **fields}))
        assert answer.status_code == 201, answer.text
        received: dict[str, Any] = answer.json()
        self.hears(begun(UUID(received["petition"])))
        return received

    def hears(self, *events: Any) -> None:
        """Takes in what assignment says next."""
        apart(self.assignment.hears, *events)

    def sql(self, text: Any, *parameters: Any) -> list[tuple[Any, ...]]:
        """Asks intake's database."""
        with psycopg.connect(self.settings.database("intake"), autocommit=True) as connection:
            cursor = connection.execute(text, parameters)
            return cursor.fetchall() if cursor.description else []

    def reads(self, petition: str) -> list[tuple[str, str, str]]:
        """Of each text of a petition's resident that was read: by whom, why, what."""
        [(person,)] = self.sql("SELECT data->>'resident' FROM events WHERE stream = %s", f"petition-{petition}")
        found = self.sql(
            "SELECT data FROM events WHERE stream = %s AND type LIKE '%%revealed%%' ORDER BY version",
            f"person-{person}",
        )
        return [(data["by"], data["reason"], data["datum"]) for (data,) in found]

    def as_(self, id_: str, *roles: str, office: str | None = None) -> dict[str, str]:
        """The cookies of somebody who is signed in."""
        return session(self.settings, "intake", id_, *roles, office=office)


@contextmanager
def counter(servers: Addresses, folder: Path, **more: Any) -> Iterator[Counter]:
    """Serves it in a space of its own."""
    space, service = f"t{uuid4().hex[:12]}", Path(own.__file__).parent
    settings = own.Settings(
        space=space,
        kafka=servers.kafka,
        postgres=servers.postgres,
        jwks=keys.make_key(folder),
        county="示范县",
        county_en="Model County",
        plain_http=True,
        **more,
    )
    files = [migrate.LOG, migrate.INBOX, migrate.DIRECTORY, migrate.SESSION, *migrate.service_files(service)]
    migrate.migrate(make_database(servers.postgres, f"{space}_intake"), files)
    for beside in own.BESIDE:
        migrate.migrate(make_database(servers.postgres, f"{space}_{beside}"), migrate.service_files(service, beside))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topics, "EVERY", (*produced_by("intake"), DIRECTORY))
        topics.apply(settings)
    assignment: Projected = apart(Projected, settings)
    try:
        with on_port(application(settings)) as url:
            served = Counter(url, settings, assignment)
            served.hears(drawn())
            yield served
    finally:
        apart(assignment.close)
