"""Why a household needs care: read by those who answer for it today, each read an event, and by nobody once it is
erased (R4, Z2, P1, P2).
"""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from lianxin_schemas.events import responsibility as r
from lianxin_schemas.events.base import Event

from services.intake import people
from services.intake.domain.people import Need
from services.intake.settings import Settings
from services.intake.store import households
from tests.intake.given import Projected, drawn
from tests.web.serving import Client

Rows = Callable[..., list[tuple[Any, ...]]]
LONG_AGO = date(2020, 1, 1)
BEFORE, AFTER = date.today() - timedelta(days=2), date.today() + timedelta(days=2)
"""Two days to either side of today: past and to come by everybody's clock."""


class Home:
    """A household of its own: in zone `zone`, led by `leader`; `paired` answers for it."""

    def __init__(self, assignment: Projected) -> None:
        self.assignment = assignment
        mine = uuid4().hex[:12]
        self.id, self.zone, self.group = f"h-{mine}", f"z-{mine}", f"g-{mine}"
        self.leader, self.paired = f"lead-{mine}", f"pair-{mine}"
        self.hears(
            drawn(self.zone, groups=(self.group, f"other-{mine}")),
            r.HouseholdRegistered(household=self.id, group=self.group, care=r.Care.MUCH),
            r.ZoneLeaderSet(zone=self.zone, cadre=self.leader, since=LONG_AGO),
            r.PairingStarted(household=self.id, cadre=self.paired, since=LONG_AGO),
            *(r.TermStarted(cadre=cadre, since=LONG_AGO) for cadre in (self.leader, self.paired)),
        )

    def hears(self, *events: Event) -> None:
        self.assignment.hears(*events)

    def joins(self, cadre: str) -> str:
        """A cadre in office."""
        self.hears(r.TermStarted(cadre=f"{cadre}-{self.id}", since=LONG_AGO))
        return f"{cadre}-{self.id}"


@pytest.fixture
def home(assignment: Projected, settings: Settings, tmp_path: Path) -> Home:
    made = Home(assignment)
    file = tmp_path / "needs.csv"
    file.write_text(f"household,needs\n{made.id},disabled;left-behind-child\n", encoding="utf-8")
    assert asyncio.run(people.load(settings, people.read(file)[1])) == 1
    return made


def why(api: Client, home: Home, who: str, role: str = "cadre", **fields: Any) -> tuple[int, str]:
    """The status, and the text or the code of the refusal."""
    more = {"office": fields.pop("office")} if "office" in fields else {}
    body = {"command": str(uuid4()), "kind": "household", "person": home.id, "datum": "care", "reason": "handling"}
    answer = api.call("POST", "/vault/reveal", body | fields, who=who, role=role, **more)
    return answer.status_code, answer.json().get("text") or answer.json()["code"]


READ = (200, "left-behind-child;disabled")
REFUSED = (403, "vault.not-entitled")


def reads(rows: Rows, home: Home) -> list[tuple[str, str]]:
    found = rows("SELECT data FROM events WHERE stream = %s ORDER BY version", [f"home-{home.id}"])
    return [(data["by"], data["reason"]) for (data,) in found if "by" in data]


def test_P2_whoever_answers_for_the_household_reads_and_each_read_is_an_event(
    api: Client, home: Home, rows: Rows
) -> None:
    assert why(api, home, home.paired) == READ
    assert why(api, home, home.leader) == READ
    assert why(api, home, "i-1", "organisation", reason="inspection") == READ
    assert reads(rows, home) == [(home.paired, "handling"), (home.leader, "handling"), ("i-1", "inspection")]


def test_P2_nobody_else_reads_and_no_event_says_so(api: Client, home: Home, rows: Rows) -> None:
    outside = Home(home.assignment)
    for who, role, fields in (
        (home.joins("colleague"), "cadre", {}),
        (outside.leader, "cadre", {}),
        (outside.paired, "cadre", {}),
        (home.paired, "office", {"office": "o-1"}),
        (home.paired, "cadre", {"reason": "inspection"}),
        (home.paired, "cadre", {"reason": "resident-asked"}),
        (home.paired, "cadre", {"reason": "notice"}),
        ("i-1", "organisation", {}),
        ("mailer", "service", {"reason": "notice"}),
        ("mailer", "service", {}),
    ):
        assert why(api, home, who, role, **fields) == REFUSED, (who, role, fields)
    assert reads(rows, home) == []


def test_P2_who_may_not_read_does_not_learn_whether_there_is_anything(api: Client, home: Home) -> None:
    nothing = Home(home.assignment)
    assert why(api, nothing, home.paired) == why(api, home, nothing.paired) == REFUSED
    assert why(api, nothing, nothing.paired) == (404, "vault.not-there")


def test_Z2_a_pairing_entitles_from_its_first_day_to_its_last(api: Client, home: Home) -> None:
    heir = home.joins("heir")
    home.hears(r.PairingStarted(household=home.id, cadre=heir, since=AFTER))
    assert why(api, home, heir) == REFUSED
    home.hears(r.PairingEnded(household=home.id, cadre=home.paired, since=LONG_AGO, until=AFTER))
    assert why(api, home, home.paired) == READ
    home.hears(r.PairingEnded(household=home.id, cadre=home.paired, since=LONG_AGO, until=BEFORE))
    assert why(api, home, home.paired) == REFUSED


def test_Z2_so_does_leading_its_zone_wherever_the_household_or_the_zone_goes(api: Client, home: Home) -> None:
    next_ = home.joins("next")
    home.hears(
        r.ZoneLeaderEnded(zone=home.zone, cadre=home.leader, since=LONG_AGO, until=BEFORE),
        r.ZoneLeaderSet(zone=home.zone, cadre=next_, since=BEFORE + timedelta(days=1)),
    )
    assert (why(api, home, home.leader), why(api, home, next_)) == (REFUSED, READ)
    elsewhere = Home(home.assignment)
    home.hears(r.HouseholdRegistered(household=home.id, group=elsewhere.group))
    assert (why(api, home, next_), why(api, home, elsewhere.leader)) == (REFUSED, READ)
    home.hears(drawn(elsewhere.zone, groups=()), drawn(home.zone, groups=(home.group, elsewhere.group)))
    assert (why(api, home, next_), why(api, home, elsewhere.leader)) == (READ, REFUSED)


def test_R3_whoever_is_out_of_office_reads_nothing(api: Client, home: Home) -> None:
    for cadre in (home.leader, home.paired):
        home.hears(r.TermEnded(cadre=cadre, since=LONG_AGO, until=BEFORE))
        assert why(api, home, cadre) == REFUSED


def test_P1_erased_nobody_reads_it_though_it_is_still_there(
    api: Client, home: Home, rows: Rows, settings: Settings
) -> None:
    path, body = f"/vault/persons/{home.id}/erasure", {"command": str(uuid4()), "kind": "household"}
    refused = api.call("POST", path, body, who=home.leader, role="office", office="o-1")
    assert (refused.status_code, refused.json()["code"]) == REFUSED
    first = api.call("POST", path, body, who="i-1", role="organisation")
    again = api.call("POST", path, body, who="i-1", role="organisation")
    assert (first.status_code, first.json()) == (201, again.json())
    for who, role, reason in ((home.paired, "cadre", "handling"), ("i-1", "organisation", "inspection")):
        assert why(api, home, who, role, reason=reason) == (410, "vault.erased")
    with psycopg.connect(settings.database("vault")) as connection:
        assert len(connection.execute("SELECT FROM text WHERE person = %s", [home.id]).fetchall()) == 1
    with psycopg.connect(settings.database("keys")) as connection:
        assert connection.execute("SELECT key FROM person_key WHERE person = %s", [home.id]).fetchall() == [(None,)]


def test_R4_no_event_of_any_of_this_holds_a_reason(api: Client, home: Home, rows: Rows) -> None:
    why(api, home, home.paired)
    api.call(
        "POST",
        f"/vault/persons/{home.id}/erasure",
        {"command": str(uuid4()), "kind": "household"},
        who="i-1",
        role="organisation",
    )
    found = rows("SELECT row_to_json(events)::text FROM events WHERE stream = %s", [f"home-{home.id}"])
    assert len(found) == 2
    assert not any(need in text for need in Need for (text,) in found)


def test_Z1_the_zone_of_households_is_told_where_they_agree(home: Home, settings: Settings) -> None:
    near, far = Home(home.assignment), Home(home.assignment)
    home.hears(r.HouseholdRegistered(household=near.id, group=home.group, care=r.Care.NONE))

    async def zone_of(*those: str) -> str | None:
        async with await psycopg.AsyncConnection.connect(settings.database("intake"), autocommit=True) as connection:
            return await households.zone_of(connection, those)

    for those, zone in (
        ([home], home.zone),
        ([home, near], home.zone),
        ([far], far.zone),
        ([home, far], None),
    ):
        assert asyncio.run(zone_of(*(each.id for each in those))) == zone
    assert asyncio.run(zone_of("h-nowhere")) is None
    assert asyncio.run(zone_of(home.id, "h-nowhere")) is None
