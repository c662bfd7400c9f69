"""The county at a glance in a browser: for the organisation department, for an office, for everybody (A10, C9, U1)."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.petitions import Satisfaction, Solved
from lianxin_schemas.events.responsibility import HouseholdRegistered, RegionLevel, ZoneDrawn, ZoneLevel
from playwright.sync_api import Page, expect

from services.web.principals import Role
from tests.appraisal.given import assigned, at, limit, opened, paired, region, registered, replied, term, verdict, visit
from tests.pages.appraising import Appraisal, appraising
from tests.pages.looking import STAFF, Look
from tests.servers import Addresses

QUARTER = "period=2025-Q4&policy=first"
COUNTY = f"/score/county?{QUARTER}"
TOWN = ("141002100000", "141002101000", "141002200000")


def case(number: int, zone: str, *, kept: bool = True, due: str = "2025-12-20 00:00") -> list[Any]:
    begun = [registered(number), opened(number, "2025-10-10", zone), assigned(number, "c-1"), limit(number, due)]
    return [*begun, (replied(number, "c-1"), at("2025-11-01 09:00"))] if kept else [*begun]


def said(number: int, solved: Solved) -> Event:
    return verdict(number, solved, Satisfaction.SATISFIED if solved is Solved.SOLVED else Satisfaction.DISSATISFIED)


def fill(appraisal: Appraisal) -> None:
    """Three townships: the first keeps its word, the second does not, the third has next to nothing."""
    appraisal.take(region("141002", RegionLevel.COUNTY), term("c-1"))
    for nth, town in enumerate(TOWN, 1):
        group = (f"g-{nth}",)
        drawn = ZoneDrawn(zone=f"z-{nth}", level=ZoneLevel.TOWNSHIP, groups=group, region=town)
        appraisal.take(region(town, RegionLevel.TOWNSHIP, "141002"), drawn)
    for n in range(20):
        appraisal.take(paired(f"h-{n:02}", "c-1"), HouseholdRegistered(household=f"k-{n:02}", group="g-2"))
    appraisal.take(*(visit(100 + n, "c-1", f"2025-11-{1 + n:02}", f"h-{n:02}") for n in range(15)))
    appraisal.take(*(case(200 + n, "z-1") for n in range(20)), *(case(300 + n, "z-2", kept=False) for n in range(8)))
    appraisal.take(*(case(310 + n, "z-2", kept=False, due="2026-02-01 00:00") for n in range(4)))
    appraisal.take(*(case(320 + n, "z-2") for n in range(8)), case(400, "z-3"))
    appraisal.take(*(said(200 + n, Solved.SOLVED) for n in range(11)), said(320, Solved.NOT_SOLVED))
    appraisal.take(case(500, "z-1")[:2])
    appraisal.call(region_141002100000=("东山镇", "Dongshan"), region_141002101000=("西河镇", None))
    appraisal.call(office_o_1=("县信访局", "Petitions Office"))


@pytest.fixture(scope="module")
def appraisal(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appraisal]:
    with appraising(servers, tmp_path_factory.mktemp("keys")) as made:
        fill(made)
        yield made


@pytest.fixture(scope="module")
def organiser(appraisal: Appraisal) -> dict[str, str]:
    return appraisal.session("organiser-1", Role.ORGANISATION)


@pytest.fixture(scope="module")
def office(appraisal: Appraisal) -> dict[str, str]:
    return appraisal.session("staff-1", Role.OFFICE)


def rows(page: Page, table: int) -> list[list[str]]:
    found = page.locator("table").nth(table).locator("tbody tr")
    return [[" ".join(cell.split()) for cell in one.locator("th, td").all_inner_texts()] for one in found.all()]


def sheet(appraisal: Appraisal, path: str, cookies: dict[str, str] | None = None) -> list[dict[str, str]]:
    answer = appraisal.get(f"/score/county{path}?{QUARTER}", cookies)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_A10_C9_the_organisation_department_sees_all_of_it(
    look: Look, appraisal: Appraisal, organiser: dict[str, str]
) -> None:
    look(f"{appraisal.address}{COUNTY}", "county", cookies=organiser, most=STAFF)
    page = look.open(f"{appraisal.address}{COUNTY}", cookies=organiser, scripts=False, width=1280)
    expect(page.locator("h1")).to_have_text("示范县 2025年第四季度")
    whole = rows(page, 0)
    assert [(row[0], row[1], row[3]) for row in whole] == [
        ("按时答复", "69.0%", "29/42"),
        ("诉求人说已解决", "26.2%", "11/42"),
        ("诉求人满意", "26.2%", "11/42"),
        ("走访到户", "37.5%", "15/40"),
    ]
    assert whole[0][2] == "54–81%"
    assert "还有13件没有答复，其中超期8件" in page.locator("main").inner_text()
    assert [row[0] for row in rows(page, 1)] == ["东山镇", "西河镇", TOWN[2]]
    assert rows(page, 1)[1] == ["西河镇", "40.0% 8/20", "0.0% 0/20", "0.0% 0/20", "0.0% 0/20"]
    assert [row[0] for row in rows(page, 2)] == ["县信访局"]


def test_B1_a_tile_has_a_word_and_stands_in_the_order_of_codes(
    look: Look, appraisal: Appraisal, organiser: dict[str, str]
) -> None:
    page = look.open(f"{appraisal.address}{COUNTY}", cookies=organiser, scripts=False)
    tiles = [tile.inner_text().split("\n") for tile in page.locator(".tiles").nth(0).locator("li").all()]
    assert tiles == [
        ["东山镇", "95.2%", "高于全县"],
        ["西河镇", "40.0%", "低于全县"],
        [TOWN[2], "–", "不足以判断"],
    ]
    assert page.locator("svg.map, th a[href*=sort]").count() == 0


def test_the_page_the_sheets_and_the_api_say_the_same(appraisal: Appraisal, organiser: dict[str, str]) -> None:
    body = appraisal.get(f"/county?{QUARTER}", organiser).json()
    for path, found in (
        ("/townships.csv", body["townships"]),
        ("/offices.csv", body["offices"]),
        (".csv", [body["whole"]]),
    ):
        sheeted = sheet(appraisal, path, organiser)
        assert [row["代码"] for row in sheeted] == [row["subject"] for row in found]
        for there, here in zip(found, sheeted, strict=True):
            assert here["按时答复: 分子"] == str(there["in_time"]["numerator"])
            assert here["诉求人满意: 分母"] == str(there["satisfied"]["denominator"])
    assert body["waiting"] == 13
    assert body["overdue"] == 8


def test_G2_an_office_sees_places_by_deeds_and_words_of_the_whole_county_alone(
    look: Look, appraisal: Appraisal, office: dict[str, str]
) -> None:
    page = look(f"{appraisal.address}{COUNTY}", "county-office", cookies=office, most=STAFF, languages=("zh",))
    assert rows(page, 0)[1][1] == "26.2%"  # twelve verdicts
    assert rows(page, 1)[1] == ["西河镇", "40.0% 8/20", "0.0% 0/20"]
    assert rows(page, 2) == [["县信访局", rows(page, 2)[0][1]]]
    assert {row["诉求人说已解决: 分子"] for row in sheet(appraisal, "/townships.csv", office)} == {""}
    assert sheet(appraisal, ".csv", office)[0]["诉求人说已解决: 分子"] == "11"


def test_U1_everybody_sees_the_whole_county_in_numbers_from_five_up(look: Look, appraisal: Appraisal) -> None:
    page = look(f"{appraisal.address}{COUNTY}", "county-public", languages=("en", "zh"))
    assert page.locator("table").count() == 1
    assert page.locator(".tiles").count() == 0
    assert TOWN[2] not in page.content()
    assert rows(page, 0)[0][3] == "29/42"
    assert "超期8件" in page.locator("main").inner_text()
    for path in ("/townships.csv", "/offices.csv"):
        assert appraisal.get(f"/score/county{path}?{QUARTER}").status_code == 404
    cadre = appraisal.get(COUNTY, appraisal.session("c-1", Role.CADRE)).text
    assert TOWN[2] not in cadre


def test_G2_small_numbers_of_the_whole_county_stay_away_from_everybody(
    look: Look, appraisal: Appraisal, organiser: dict[str, str]
) -> None:
    """A county of its own year: three petitions, one verdict, one of them late."""
    late = [
        registered(900),
        opened(900, "2024-05-10", "z-1"),
        assigned(900, "c-1"),
        limit(900, "2024-07-09 00:00"),
    ]
    few = [
        [registered(n), opened(n, "2024-05-10", "z-1"), assigned(n, "c-1"), limit(n, "2024-07-09 00:00")]
        for n in (901, 902)
    ]
    appraisal.take(late, *few, (replied(901, "c-1"), at("2024-06-01 09:00")), said(901, Solved.SOLVED))
    path = "/score/county?period=2024-Q2&policy=first"
    page = look(f"{appraisal.address}{path}", "county-few", languages=("zh",))
    assert [row[1] for row in rows(page, 0)[:3]] == ["不显示"] * 3
    assert "还没有答复的少于5件" in page.locator("main").inner_text()
    assert page.locator("table svg.few").count() == 3
    whole = look.open(f"{appraisal.address}{path}", cookies=organiser, scripts=False, width=1280)
    assert rows(whole, 0)[0][3] == "1/3"
    assert "还有2件没有答复，其中超期2件" in whole.locator("main").inner_text()


def test_nothing_at_all_is_said(look: Look, appraisal: Appraisal) -> None:
    page = look(f"{appraisal.address}/score/county?period=2011-Q1&policy=first", "county-nothing", languages=("zh",))
    assert [row[1:3] for row in rows(page, 0)[:3]] == [["期内没有", ""]] * 3
    assert "还有0件没有答复" in page.locator("main").inner_text()


def test_period_and_policy_are_chosen_in_a_form(look: Look, appraisal: Appraisal, organiser: dict[str, str]) -> None:
    page = look.open(f"{appraisal.address}/score/county", cookies=organiser, scripts=False)
    page.goto(f"{appraisal.address}{COUNTY}")
    page.select_option("#period", label="2025年")
    page.select_option("#policy", "three-dimensions")
    page.click(".filter button")
    assert page.url.endswith("/score/county?period=2025&policy=three-dimensions")
    assert "三维考核" in page.locator(".provenance").inner_text()
    assert rows(page, 0)[3][3] == "0/40"  # two visits a year are needed
    assert appraisal.get("/score/county?period=2005", organiser).status_code == 422
