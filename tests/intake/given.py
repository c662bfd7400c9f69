"""What tests of intake are given: assignment's events as its log would publish them, taken in by the projection."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from lianxin_schemas.events import cases, responsibility
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.petitions import Channel

from services.intake.projections import PROJECTION
from services.intake.settings import BESIDE, Settings
from services.runtime import migrate
from services.runtime.database import conninfo
from services.runtime.inbox import Message
from tests import projected
from tests.projected import Published, Said
from tests.servers import Addresses

SERVICE = Path(__file__).parents[2] / "services/intake"
SHARED = (*migrate.PLUMBING, migrate.DIRECTORY, migrate.SESSION)
BEGAN = datetime(2026, 3, 2, 1, tzinfo=UTC)
REGION = "990101001001"


def make(servers: Addresses, **settings: Any) -> Settings:
    """intake's databases in a space of their own, migrated; its topics are not made."""
    own = Settings(space=f"t{uuid.uuid4().hex[:12]}", kafka=servers.kafka, postgres=servers.postgres, **settings)
    with psycopg.connect(conninfo(servers.postgres, "postgres"), autocommit=True) as connection:
        for database in ("intake", *BESIDE):
            connection.execute(f'CREATE DATABASE "{own.space}_{database}"')
    migrate.migrate(own.database("intake"), [*SHARED, *migrate.service_files(SERVICE)])
    for database in BESIDE:
        migrate.migrate(own.database(database), migrate.service_files(SERVICE, database))
    return own


def credit(office: str = "o-1", cadre: str | None = "c-1") -> cases.Credit:
    return cases.Credit(office=office, cadre=cadre)


def opened(petition: uuid.UUID, zone: str | None = "z-1") -> cases.CaseOpened:
    return cases.CaseOpened(petition=petition, channel=Channel.WEB, category="03.11", zone=zone, registered=BEGAN)


def limit(petition: uuid.UUID, due: datetime = BEGAN + timedelta(days=60)) -> cases.CaseLimitSet:
    because = (cases.SumStep(rule=cases.SumRule.DAYS_ADDED, days=60, reached=due.date()),)
    return cases.CaseLimitSet(petition=petition, step=cases.Step.REPLY, due=due, because=because)


def begun(petition: uuid.UUID, by: cases.Credit | None = None) -> list[Event]:
    """A case that was opened and given to somebody, with its limit."""
    return [opened(petition), cases.CaseAssigned(petition=petition, credit=by or credit()), limit(petition)]


def replied(petition: uuid.UUID, said: str | None = None, by: cases.Credit | None = None) -> list[Event]:
    """The same case, decided and replied."""
    by = by or credit()
    return [
        cases.CaseAccepted(petition=petition, credit=by),
        cases.CaseDecided(petition=petition, outcome=cases.Outcome.SOLVED, credit=by),
        cases.CaseReplied(petition=petition, credit=by, said=said),
    ]


def drawn(zone: str = "z-1", region: str | None = REGION, groups: tuple[str, ...] = ()) -> responsibility.ZoneDrawn:
    return responsibility.ZoneDrawn(zone=zone, level=responsibility.ZoneLevel.VILLAGE, region=region, groups=groups)


class Projected(projected.Projected[Settings]):
    """intake's projection, and assignment's log that it hears, an event a minute."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, "intake", PROJECTION)
        self.log = Published(settings.space, BEGAN, timedelta(minutes=1))

    def hears(self, *said: Said) -> list[Message]:
        """Takes in what assignment's log says next."""
        messages = self.log.all(*said)
        assert not self.take(messages).parked
        return messages
