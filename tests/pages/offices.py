"""The real assignment, served for a browser: the small register with names, what intake tells it, sessions."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import psycopg
from psycopg_pool import AsyncConnectionPool

from deploy.local.keys import make_key
from services.assignment import settings as own
from services.assignment.api.app import application
from services.runtime import migrate
from services.web.principals import Principal, Role
from services.web.sessions import Sessions
from tests.assignment.given import SMALL, make_database, petition, write_files
from tests.assignment.reacting import React, load
from tests.pages.residents import topics_of
from tests.pages.serving import on_port
from tests.servers import Addresses

T = TypeVar("T")
NAMES = {
    "region-990101001000": ("甲镇", "Jia Town"),
    "region-990101001001": ("一村", "Village One"),
    "office-county-office": ("县信访局", "County Petition Office"),
    "office-office-a": ("一村村委会", "Village One Committee"),
    "office-office-b": ("甲镇政府", "Jia Town Government"),
    "cadre-c2": ("测试乙", None),
    "cadre-c3": ("测试丙", None),
}
CATEGORY = "01.02.11"
"""One that is in the tree, so that it reads as on a page."""
NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass
class Offices:
    """assignment at an address, with what intake says to it."""

    url: str
    settings: own.Settings
    react: React

    def case(self, zone: str | None = "z1", time: datetime = NOW - timedelta(days=1), **more: Any) -> str:
        """The id of a petition that has a case; z1 is led by c2 of office-a."""
        event = petition(zone=zone, **{"category": CATEGORY, **more})
        self.hear(event, time=time)
        return str(event.petition)

    def hear(self, *events: Any, time: datetime = NOW - timedelta(days=1)) -> None:
        """Takes in what intake says."""
        apart(self.react.take, [self.react.intake.message(event, time) for event in events])

    def due(self, case: str, days: int) -> str:
        """Makes a case due so many days from today at 24:00, whatever day of the week that is; the event stays."""
        due = (datetime.now(UTC) + timedelta(hours=8)).replace(hour=0, minute=0, second=0, microsecond=0)
        due += timedelta(days=days + 1) - timedelta(hours=8)
        self.sql("UPDATE case_now SET due = %s WHERE petition = %s", due, case)
        return case

    def sql(self, text: Any, *parameters: Any) -> list[tuple[Any, ...]]:
        """Asks assignment's database."""
        with psycopg.connect(self.settings.database("assignment"), autocommit=True) as connection:
            cursor = connection.execute(text, parameters)
            return cursor.fetchall() if cursor.description else []

    def steps(self, case: str) -> list[str]:
        """The names of a case's events."""
        found = self.sql("SELECT type FROM events WHERE stream = %s ORDER BY version", f"case-{case}")
        return [type_.split(".")[2] for (type_,) in found]

    def as_(self, id_: str, *roles: str, office: str | None = None) -> dict[str, str]:
        """The cookies of somebody who is signed in."""
        return session(self.settings, "assignment", id_, *roles, office=office)


def apart(work: Callable[..., T], *given: Any) -> T:
    """Does work in a thread of its own: the browser's driver holds the loop of this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work, *given).result()


def session(settings: Any, service: str, id_: str, *roles: str, office: str | None = None) -> dict[str, str]:
    """A session as signing in begins it; answers with its cookie."""
    sessions = Sessions(settings, service)
    principal = Principal(id=id_, roles=frozenset(Role(role) for role in roles), office=office)

    async def begin() -> str:
        async with AsyncConnectionPool(settings.database(service), open=False, kwargs={"autocommit": True}) as pool:
            return await sessions.begin(pool, principal)

    return {sessions.cookie: apart(lambda: asyncio.run(begin()))}


@contextmanager
def offices(servers: Addresses, folder: Path, **more: Any) -> Iterator[Offices]:
    """Serves it in a space of its own."""
    space = f"t{uuid4().hex[:12]}"
    info = make_database(servers.postgres, f"{space}_assignment")
    files = migrate.service_files(Path(own.__file__).parent)
    migrate.migrate(info, [*migrate.PLUMBING, migrate.DIRECTORY, migrate.SESSION, *files])
    apart(load, info, write_files(folder / "register", SMALL))
    with psycopg.connect(info, autocommit=True) as connection:
        rows = [(key, 1, zh, en) for key, (zh, en) in NAMES.items()]
        connection.cursor().executemany("INSERT INTO directory VALUES (%s, %s, %s, %s)", rows)
    settings = own.Settings(
        space=space,
        kafka=servers.kafka,
        postgres=servers.postgres,
        jwks=make_key(folder / "keys"),
        county="示范县",
        county_en="Model County",
        plain_http=True,
        **more,
    )
    with topics_of(settings, "assignment"), on_port(application(settings)) as url:
        yield Offices(url, settings, React(settings))
