"""What anybody may choose from: zones with their people, categories (C1, U1)."""

from collections.abc import Callable
from datetime import date
from typing import Any

from lianxin_schemas.events import responsibility

from tests.intake.given import Projected, drawn
from tests.web.serving import Client

Rows = Callable[..., list[tuple[Any, ...]]]
COUNTY, VILLAGE = "990201", "990201001001"


def test_C1_a_zone_names_its_place_its_leader_of_today_and_the_offices_there(
    api: Client, assignment: Projected, rows: Rows
) -> None:
    levels = responsibility.RegionLevel
    assignment.hears(
        responsibility.RegionRegistered(region=COUNTY, level=levels.COUNTY),
        responsibility.RegionRegistered(region=VILLAGE, level=levels.VILLAGE, parent=COUNTY),
        responsibility.OfficeRegistered(office="o-8", sector=responsibility.Sector.OTHER, region=VILLAGE),
        drawn("z-8", VILLAGE),
        responsibility.ZoneLeaderSet(zone="z-8", cadre="c-80", since=date(2020, 1, 1)),
        responsibility.ZoneLeaderEnded(zone="z-8", cadre="c-80", since=date(2020, 1, 1), until=date(2021, 1, 1)),
        responsibility.ZoneLeaderSet(zone="z-8", cadre="c-81", since=date(2021, 1, 2)),
        responsibility.ZoneLeaderSet(zone="z-8", cadre="c-82", since=date(2190, 1, 1)),
    )
    rows(f"INSERT INTO directory VALUES ('region-{VILLAGE}', 1, '某村', NULL), ('cadre-c-81', 1, '测试子', NULL)")
    [zone] = api.ask("GET", "/zones", params={"zone": "z-8"}).json()
    assert zone == {
        "zone": "z-8",
        "level": "village",
        "region": {"id": VILLAGE, "zh": "某村", "en": None},
        "above": [{"id": COUNTY, "zh": None, "en": None}],
        "leader": {"id": "c-81", "zh": "测试子", "en": None},
        "offices": [{"id": "o-8", "zh": None, "en": None}],
    }
    every = [each["zone"] for each in api.ask("GET", "/zones").json()]
    assert {"z-1", "z-8"} <= set(every)
    assert api.ask("GET", "/zones", params={"zone": "z-nowhere"}).json() == []


def test_C1_categories_are_offered_level_by_level(api: Client) -> None:
    fields = api.ask("GET", "/categories").json()
    assert fields[0] == {"code": "01", "zh": "城乡建设", "en": "Urban and rural development"}
    groups = api.ask("GET", "/categories", params={"under": "02"}).json()
    assert "02.04" not in {group["code"] for group in groups}
    leaves = api.ask("GET", "/categories", params={"under": "01.02"}).json()
    assert leaves[0]["en"] is None
    assert api.ask("GET", "/categories", params={"under": "02.04"}).json()["code"] == "category.unknown"
