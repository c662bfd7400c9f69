"""intake with its pages on a port, three databases of its own, and a made-up county that assignment tells of."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from kafka.admin import KafkaAdminClient
from lianxin_schemas.directory import DIRECTORY
from lianxin_schemas.events import responsibility
from lianxin_schemas.events.base import Event
from lianxin_schemas.topics import produced_by
from playwright.sync_api import Page

from deploy.local import keys
from services.intake.api.app import application
from services.intake.settings import Settings
from services.runtime import broker, log, topics
from services.runtime.log import Author, Decision, Fact
from services.runtime.settings import Settings as Common
from tests.intake.asking import receive, told
from tests.intake.given import Projected, drawn, make
from tests.pages.looking import Look
from tests.pages.serving import on_port
from tests.servers import Addresses

COUNTY, EAST, WEST, UPPER, LOWER = "990101", "990101001", "990101002", "990101001001", "990101001002"
REGIONS = {COUNTY: "示范县", EAST + "000": "东镇", WEST + "000": "西镇", UPPER: "上村", LOWER: "下村"}
NAMES = {
    **{f"region-{region}": (name, None) for region, name in REGIONS.items()},
    "office-o-east": ("东镇人民政府", "East Town office"),
    "office-o-1": ("县水务局", "County water bureau"),
    "cadre-c-upper": ("测试甲", None),
    "cadre-c-lower": ("测试乙", None),
    "cadre-c-east": ("测试丙", None),
}


@dataclass
class Installation:
    """intake's address, and both ends of what it knows."""

    address: str
    settings: Settings
    assignment: Projected
    thread: ThreadPoolExecutor

    def hears(self, *events: Event | Sequence[Event]) -> None:
        """Takes in what assignment says; in a thread of its own, for the browser's runs a loop."""
        self.thread.submit(self.assignment.hears, *events).result()

    def sql(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Asks intake's database."""
        return self.assignment.query(text, *values)

    def keeps(self, event: Event) -> None:
        """Writes an event into intake's log that no command of today leads to."""

        async def work() -> None:
            async with await psycopg.AsyncConnection.connect(self.settings.database("intake"), autocommit=True) as own:
                await log.write(own, [Decision(uuid4(), Author("user", "c-upper"), [Fact(event, datetime.now(UTC))])])

        self.thread.submit(asyncio.run, work()).result()

    def raised(self) -> dict[str, Any]:
        """A petition that came in, with its number and secret."""
        answer = httpx.post(f"{self.address}/petitions/web", json=receive(told=told(), zone="z-upper"))
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def opened(self, look: Look, received: dict[str, Any], **more: Any) -> Page:
        """The page of a petition in a browser of its own, by number and code."""
        page = look.open(f"{self.address}/follow", **more)
        page.fill("#number", received["number"])
        page.fill("#secret", received["secret"].lower())
        page.click("main button.primary")
        assert page.url == f"{self.address}/follow/petition"
        return page


def county() -> list[Any]:
    """A county with two townships; the east has two villages, one of them with two zones."""
    levels, zone = responsibility.RegionLevel, responsibility.ZoneLevel
    east, west = EAST + "000", WEST + "000"
    leaders = {"z-upper": "c-upper", "z-lower": "c-lower", "z-east": "c-east"}
    return [
        responsibility.RegionRegistered(region=COUNTY, level=levels.COUNTY),
        *(responsibility.RegionRegistered(region=each, level=levels.TOWNSHIP, parent=COUNTY) for each in (east, west)),
        *(responsibility.RegionRegistered(region=each, level=levels.VILLAGE, parent=east) for each in (UPPER, LOWER)),
        responsibility.OfficeRegistered(office="o-east", sector=responsibility.Sector.OTHER, region=UPPER),
        *(drawn(name, region) for name, region in (("z-upper", UPPER), ("z-lower", LOWER), ("z-lower-2", LOWER))),
        *(
            responsibility.ZoneDrawn(zone=name, level=zone.TOWNSHIP, region=region)
            for name, region in (("z-east", east), ("z-west", west))
        ),
        *(
            responsibility.ZoneLeaderSet(zone=name, cadre=cadre, since=date(2020, 1, 1))
            for name, cadre in leaders.items()
        ),
    ]


@contextmanager
def topics_of(settings: Common, service: str = "intake") -> Iterator[None]:
    """The topics that a service writes, for as long as the context lasts: the broker is shared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topics, "EVERY", (*produced_by(service), DIRECTORY))
        made = topics.apply(settings)
    yield
    admin = KafkaAdminClient(**broker.options(settings))
    admin.delete_topics(made)
    admin.close()


@contextmanager
def installed(servers: Addresses, state: Path) -> Iterator[Installation]:
    """All of it, for as long as the context lasts."""
    settings = make(
        servers,
        jwks=keys.make_key(state / "keys"),
        seal_keys=keys.make_seal_keys(state / "keys", ["intake"]),
        county="示范县",
        county_en="Model County",
        help_hours="周一至周五 8:30–17:30",
        help_hours_en="Monday to Friday 8:30–17:30",
        reception="每月10日、20日，县政府一楼接待室\n每周三，各乡镇政府",
        reception_en="10th and 20th of each month, reception room of the county\nWednesdays, township offices",
        plain_http=True,
    )
    with topics_of(settings), ThreadPoolExecutor(1) as thread, on_port(application(settings)) as address:
        assignment = thread.submit(Projected, settings).result()
        running = Installation(address, settings, assignment, thread)
        running.hears(county())
        for key, (zh, en) in NAMES.items():
            running.sql("INSERT INTO directory VALUES (%s, 1, %s, %s)", key, zh, en)
        yield running
        thread.submit(assignment.close).result()
