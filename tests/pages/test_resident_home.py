"""Where residents begin, and who answers for where they live (C1, Z1)."""

from collections.abc import Sequence

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect

from services.intake.queries.places import tree
from tests.pages.looking import Look
from tests.pages.residents import COUNTY, EAST, LOWER, UPPER, Installation


def test_C1_the_first_page_has_three_ways_and_whom_to_call(look: Look, residents: Installation) -> None:
    page = look(f"{residents.address}/", "home")
    assert page.locator("a.way").count() == 3
    expect(page.locator("main")).to_contain_text("reception room of the county")
    assert page.locator("main a[href^='tel:']").count() == 4
    for way in page.locator("a.way").all():
        box = way.bounding_box()
        assert box
        assert box["height"] >= 60


def test_Z1_one_finds_who_answers_by_township_village_and_zone(look: Look, residents: Installation) -> None:
    page = look.open(f"{residents.address}/", scripts=False)
    page.click("a.way:has-text('谁负责我家')")
    page.click("a.way:has-text('东镇')")
    page.click("a.way:has-text('上村')")
    expect(page.locator("h1")).to_have_text("谁负责东镇 上村")
    expect(page.locator("main")).to_contain_text("测试甲")
    expect(page.locator("main")).to_contain_text("东镇人民政府")
    page.click(".back a")
    page.click("a.way:has-text('下村')")
    expect(page.locator("a.way:has-text('测试乙')")).to_be_visible()
    page.click("a.way >> nth=1")
    expect(page.locator("main")).to_contain_text("暂时没有人")
    page.click(".back a")
    assert page.url == f"{residents.address}/responsible/{LOWER}"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/responsible", "responsible"),
        (f"/responsible/{EAST}000", "responsible-township"),
        (f"/responsible/{LOWER}", "responsible-village"),
        ("/responsible/zone/z-upper", "zone"),
        ("/responsible/zone/z-lower-2", "zone-without-leader"),
    ],
)
def test_A2_these_pages_can_be_read_hit_and_seen(look: Look, residents: Installation, path: str, name: str) -> None:
    look(f"{residents.address}{path}", name)


@pytest.mark.parametrize("path", ["/responsible/999999", "/responsible/x", "/responsible/zone/z-nowhere"])
def test_what_is_not_there_is_a_page_that_says_so(residents: Installation, path: str) -> None:
    answer = httpx.get(f"{residents.address}{path}", headers={"Accept": "text/html"})
    assert (answer.status_code, "没有这个地址" in answer.text) == (404, True)


codes = st.sampled_from(["1", "2", "3", "4", "5", "6"])


@given(st.dictionaries(codes, st.none() | codes), st.sets(codes, min_size=1))
def test_Z1_whatever_the_register_says_every_zone_can_be_reached(
    parents: dict[str, str | None], held: Sequence[str]
) -> None:
    found = tree([(code, "", parent) for code, parent in parents.items()], held)
    reached: list[str] = []
    ahead = list(found[None])
    while ahead:
        reached.append(ahead.pop())
        ahead += found.get(reached[-1], [])
    assert len(reached) == len(set(reached)), "nothing is offered twice"
    circular = {code for code in held if _in_circle(code, parents)}
    assert set(held) - circular <= set(reached)


def _in_circle(code: str, parents: dict[str, str | None]) -> bool:
    seen: set[str] = set()
    place: str | None = code
    while place:
        if place in seen:
            return True
        seen.add(place)
        place = parents.get(place)
    return False


def test_Z1_a_county_alone_above_its_townships_is_no_choice() -> None:
    regions = [(COUNTY, "county", None), ("a", "township", COUNTY), ("b", "township", COUNTY), (UPPER, "village", "a")]
    assert tree(regions, [UPPER, "b"]) == {None: ["a", "b"], "a": [UPPER]}
    assert tree(regions, [COUNTY, "b"]) == {None: [COUNTY], COUNTY: ["b"]}
