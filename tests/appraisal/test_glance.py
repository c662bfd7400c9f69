"""The county at a glance over HTTP, and how far policies reach (A3, A10, C9)."""

from datetime import date
from typing import Any

import pytest
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.responsibility import CadreRegistered, Rank, RegionLevel, ZoneDrawn, ZoneLevel

from services.appraisal.queries import kept
from tests.appraisal.asking import Client
from tests.appraisal.given import (
    Published,
    Store,
    case,
    paired,
    region,
    said,
    take,
    term,
    visit,
)

TOWN = ("141002100000", "141002200000")


@pytest.fixture
def county(store: Store, log: Published) -> Store:
    """Two townships with a village each, a zone that lies nowhere, and a case of no zone."""
    take(store, log, region("141002", RegionLevel.COUNTY), term("c-1"))
    for town in TOWN:
        take(store, log, region(town, RegionLevel.TOWNSHIP, "141002"))
    take(store, log, region("141002100001", RegionLevel.VILLAGE, TOWN[0]))
    drawn = [
        ZoneDrawn(zone="z-1", level=ZoneLevel.GROUP, groups=("g-1",), region="141002100001"),
        ZoneDrawn(zone="z-2", level=ZoneLevel.VILLAGE, groups=("g-1", "g-2"), region=TOWN[1]),
        ZoneDrawn(zone="z-3", level=ZoneLevel.GROUP, groups=("g-3",)),
    ]
    homes: list[Event] = [event for n in range(1, 5) for event in paired(f"h-{n}", "c-1")]
    take(store, log, *drawn, *homes, visit(1, "c-1", "2026-03-02", "h-1", "h-2"))
    take(store, log, case(1, "2026-01-05"), said(1), case(2, "2026-01-06"), said(2, content=False))
    take(
        store,
        log,
        case(3, "2026-02-05", zone_="z-2"),
        case(4, "2026-02-06", zone_="z-3"),
        case(5, "2026-03-01", zone_=None),
    )
    store.query("DELETE FROM directory")
    names = (f"region-{TOWN[0]}", "勐朗镇", None), ("office-o-1", "县信访局", "Petitions Office")
    for key, zh, en in names:
        store.query("INSERT INTO directory (key, version, zh, en) VALUES (%s, 1, %s, %s)", key, zh, en)
    return store


def shares(row: dict[str, Any]) -> dict[str, tuple[int, int] | None]:
    names = ("in_time", "solved", "satisfied", "answered", "coverage")
    return {name: row[name] and (row[name]["numerator"], row[name]["denominator"]) for name in names}


def test_A10_C9_the_county_at_a_glance(client: Client, county: Store) -> None:
    body = client.get("/county", period="2026-Q1").json()
    assert shares(body["whole"]) == {
        "in_time": (2, 5),
        "solved": (1, 5),
        "satisfied": (1, 5),
        "answered": (2, 5),
        "coverage": (2, 4),
    }
    assert [row["subject"] for row in body["townships"]] == ["", *TOWN]
    nowhere, first, second = map(shares, body["townships"])
    assert (first["in_time"], first["coverage"]) == ((2, 2), (2, 4))  # the narrowest zone says where a household lies
    assert (second["in_time"], second["coverage"]) == ((0, 1), (0, 0))
    assert (nowhere["in_time"], nowhere["coverage"]) == ((0, 2), (0, 0))
    assert [(row["subject"], shares(row)["in_time"]) for row in body["offices"]] == [("o-1", (2, 5))]
    assert body["offices"][0]["coverage"] is None
    assert body["whole"]["in_time"]["interval"] == {"low": "0.1176", "high": "0.7693"}
    assert (body["policy"]["name"], body["policy"]["version"]) == ("first", 1)
    assert (body["townships"][1]["zh"], body["townships"][2]["zh"]) == ("勐朗镇", None)
    assert (body["offices"][0]["zh"], body["offices"][0]["en"]) == ("县信访局", "Petitions Office")
    assert body["as_of"].startswith("2026-01-01T00:00:")
    assert body["period"] == {"name": "2026-Q1", "first": "2026-01-01", "last": "2026-03-31"}


def test_A10_a_county_that_takes_long_to_count_is_kept_but_not_for_a_receipt(
    client: Client, county: Store, log: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "LONG", 0.0)
    monkeypatch.setattr(kept, "PATIENCE", 0.0)
    assert client.get("/county", period="2026-Q1").json()["code"] == "county.counting"
    assert client.raw("/score/county", period="2026-Q2").status_code == 503
    monkeypatch.setattr(kept, "PATIENCE", 8.0)
    before = client.get("/county", period="2026-Q1").json()
    take(county, log, case(6, "2026-03-02"))
    assert client.get("/county", period="2026-Q1").json() == before
    [(lane, number)] = county.query(
        "SELECT concat_ws('.', topic, partition, 1), number FROM mark WHERE topic = 'cases' LIMIT 1"
    )
    after = client.get("/county", period="2026-Q1", after=f"{lane}:{number}").json()
    assert after["whole"]["in_time"]["denominator"] == before["whole"]["in_time"]["denominator"] + 1


def test_A10_townships_without_anything_stand_too_and_have_no_value(client: Client, county: Store) -> None:
    body = client.get("/county", period="2025-Q1").json()
    assert [row["subject"] for row in body["townships"]] == [*TOWN]
    assert body["whole"]["in_time"] == {"numerator": 0, "denominator": 0, "value": None, "interval": None}


def test_A3_A10_how_many_have_a_score_under_each_policy(client: Client, county: Store, log: Published) -> None:
    homes: list[Event] = [event for n in range(5, 7) for event in paired(f"h-{n}", "c-1")]
    registered_ = [CadreRegistered(cadre=cadre, office="o-1", rank=Rank.VILLAGE) for cadre in ("c-1", "c-2")]
    take(county, log, *homes, *registered_)
    body = client.get("/county/reach", period="2026-Q1").json()
    found = {one["policy"]["name"]: (one["cadres"], one["zones"]) for one in body["policies"]}
    assert found.keys() == {"first", "satisfaction", "three-dimensions", "three-levels"}
    assert found["first"] == ({"scored": 1, "of": 2}, {"scored": 2, "of": 3})
    assert found["satisfaction"] == ({"scored": 0, "of": 2}, {"scored": 0, "of": 3})
    for name, (cadres, zones) in found.items():
        for kind, subjects, count in (("cadres", ("c-1", "c-2"), cadres), ("zones", ("z-1", "z-2", "z-3"), zones)):
            each = [client.get(f"/scores/{kind}/{one}", period="2026-Q1", policy=name).json() for one in subjects]
            assert sum(one["score"] is not None for one in each) == count["scored"], name
    assert client.get("/county/reach", period="2005").json()["policies"] == []
    assert client.get("/county/reach", "c-1", "cadre", period="2026-Q1").json()["code"] == "auth.role"


@pytest.mark.parametrize("role", ["cadre", "office", "operations"])
def test_A10_the_county_with_its_small_numbers_is_the_organisations(client: Client, role: str) -> None:
    assert client.get("/county", "c-1", role, period="2026-Q1").json()["code"] == "auth.role"


def test_A10_the_county_needs_a_policy_in_force(client: Client) -> None:
    assert client.get("/county", period="2005").json()["code"] == "period.no-policy"
    assert date.fromisoformat(client.get("/county", period="2010").json()["policy"]["valid_from"]) == date(2010, 1, 1)
