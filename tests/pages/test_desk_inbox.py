"""The inbox: what is due, for whom, and nothing to those whom a petition is about (C3, C4)."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from services.assignment.queries import inbox
from tests.assignment.given import complaint, petition, withdrawal
from tests.pages.looking import STAFF, Look
from tests.pages.offices import Offices, offices
from tests.servers import Addresses

CADRE = ("c2", "cadre")
COUNTY: dict[str, Any] = {"office": "county-office"}


@pytest.fixture
def desk(servers: Addresses, tmp_path: Any) -> Iterator[Offices]:
    """A desk of the test's own: its lists are whole."""
    with offices(servers, tmp_path) as served:
        yield served


def rows(page: Page) -> list[str]:
    """The petitions of a list, in its order."""
    links = page.locator("tbody a").all()
    return [(link.get_attribute("href") or "").rpartition("/")[2] for link in links]


def test_C3_the_list_opens_with_what_is_most_urgent_and_every_tab_is_a_link(desk: Offices, look: Look) -> None:
    late, very_late = (desk.due(desk.case(), days) for days in (-3, -30))
    today, near, later = (desk.due(desk.case(), days) for days in (0, 7, 30))
    cookies = desk.as_(*CADRE)
    page = look.open(f"{desk.url}/desk", cookies=cookies, scripts=False)
    assert rows(page) == [very_late, late]
    expect(page.locator(".tabs a[aria-current]")).to_have_text("已超期 2")
    assert [text.split() for text in page.locator(".tabs a").all_inner_texts()] == [
        ["今天要办", "1"],
        ["快到期", "1"],
        ["已超期", "2"],
        ["等别人", "0"],
        ["全部", "5"],
    ]
    for text, there in {"今天要办": [today], "快到期": [near], "全部": [very_late, late, today, near, later]}.items():
        page.click(f".tabs a:has-text('{text}')")
        assert rows(page) == there, text
    page.click(".tabs a:has-text('等别人')")
    expect(page.locator(".empty")).to_contain_text("这里现在没有要办的。")
    page.click(".empty a")
    assert len(rows(page)) == 5
    expect(page.locator("tbody tr").nth(0)).to_contain_text("甲镇一村")
    expect(page.locator("tbody tr").nth(0)).to_contain_text("24:00前")
    expect(page.locator(".provenance").nth(0)).to_contain_text("测试乙")
    expect(page.locator(".provenance").nth(0)).to_contain_text("负责 甲镇一村")
    look(f"{desk.url}/desk?tab=all", "desk-inbox", cookies=cookies, most=STAFF)
    look(f"{desk.url}/desk?tab=waiting", "desk-inbox-empty", cookies=cookies, most=STAFF)


def test_C4_the_link_says_the_next_step_and_leads_to_the_case(desk: Offices, look: Look) -> None:
    case = desk.case()
    page = look.open(f"{desk.url}/desk", cookies=desk.as_(*CADRE), scripts=False)
    expect(page.locator("tbody a")).to_contain_text("受理")
    page.click("tbody a")
    assert page.url == f"{desk.url}/desk/cases/{case}"
    page.click(".back a")
    assert page.url == f"{desk.url}/desk"


def test_C4_everybody_has_the_own_list_and_the_county_narrows_its_own_down(desk: Offices, look: Look) -> None:
    mine, other, county = desk.case("z1"), desk.case("z2"), desk.case(None)
    for who, there in [
        (desk.as_(*CADRE), [mine]),
        (desk.as_("s1", "office", office="office-b"), [other]),
        (desk.as_("s1", "office", office="office-a"), [mine]),
        (desk.as_("c1", "cadre"), []),
    ]:
        assert rows(look.open(f"{desk.url}/desk", cookies=who, scripts=False)) == there
    for who in (desk.as_("s1", "office", **COUNTY), desk.as_("o1", "organisation")):
        page = look.open(f"{desk.url}/desk", cookies=who, scripts=False)
        assert {*rows(page)} == {mine, other, county}
        page.click("summary")
        page.select_option("#zone", label="甲镇一村")
        page.click("main button")
        assert rows(page) == [mine]
        expect(page.locator("main")).to_contain_text("只看： 地方 甲镇一村")
        page.click("text=看全部")
        assert len(rows(page)) == 3
        page.click("summary")
        page.select_option("#office", "county-office")
        page.click("main button")
        assert rows(page) == [county]
        page.click("summary")
        page.select_option("#category", "01")
        page.click("main button")
        assert rows(page) == [county], "a field has what lies below it"
        page.click("summary")
        page.select_option("#category", "02")
        page.click("main button")
        assert rows(page) == []
    staff = desk.as_("s1", "office", **COUNTY)
    look(f"{desk.url}/desk", "desk-inbox-county", cookies=staff, most=STAFF)
    page = look.open(f"{desk.url}/desk", cookies=staff, scripts=False)
    page.click("text=本单位的件")
    assert rows(page) == [county]


def test_C4_staff_whose_sign_in_names_no_office_is_told_that_nothing_here_is_theirs(desk: Offices, look: Look) -> None:
    desk.case()
    page = look.open(f"{desk.url}/desk", cookies=desk.as_("s9", "office"), scripts=False)
    expect(page.locator("h1")).to_contain_text("不在您的职责范围内")
    assert page.request.get(page.url).status == 403


def test_C3_a_count_that_was_cut_short_says_so(desk: Offices, look: Look, monkeypatch: Any) -> None:
    monkeypatch.setattr("services.assignment.store.inbox.MOST", 1)
    ended = [petition() for _ in range(2)]
    desk.hear(*ended, *(withdrawal(event) for event in ended))
    page = look.open(f"{desk.url}/desk", cookies=desk.as_(*CADRE), scripts=False)
    expect(page.locator(".tabs a[aria-current]")).to_have_text("全部 1+")
    expect(page.locator(".pager")).to_contain_text("共 1+")


@pytest.mark.parametrize("of", ["all", "office"])
def test_C4_what_lies_outside_is_refused_and_no_filter_widens_a_list(desk: Offices, look: Look, of: str) -> None:
    mine = desk.case("z1")
    desk.case("z2")
    page = look.open(f"{desk.url}/desk?of={of}", cookies=desk.as_(*CADRE), scripts=False)
    expect(page.locator("h1")).to_contain_text("不在您的职责范围内")
    staff = desk.as_("s1", "office", office="office-a")
    page = look.open(f"{desk.url}/desk?of=office&office=office-b&zone=z2", cookies=staff, scripts=False)
    assert rows(page) == [mine]


def test_C4_no_list_and_no_count_betrays_a_complaint_to_those_it_is_about(desk: Offices, look: Look) -> None:
    event = petition(complaint=True)
    desk.hear(event)
    county, case = desk.as_("s1", "office", **COUNTY), str(event.petition)
    assert rows(look.open(f"{desk.url}/desk?tab=all", cookies=county, scripts=False)) == [], "the names have not come"
    desk.hear(complaint(event, "c2"))
    assert rows(look.open(f"{desk.url}/desk?tab=all", cookies=county, scripts=False)) == [case]
    both = desk.as_("c2", "cadre", "office", "organisation", **COUNTY)
    for of in ("mine", "office", "all"):
        for tab in ("today", "near", "overdue", "later", "waiting", "ended", "all"):
            page = look.open(f"{desk.url}/desk?of={of}&tab={tab}", cookies=both, scripts=False)
            assert rows(page) == []
            assert {*page.locator(".tabs a span").all_inner_texts()} == {"0"}
            assert case not in page.content()


def test_C4_pages_hold_so_many_and_no_case_is_on_two(desk: Offices, look: Look, monkeypatch: Any) -> None:
    monkeypatch.setattr("services.assignment.pages.inbox.SIZE", 2)
    monkeypatch.setattr(inbox, "SIZE", 2)
    cases = {desk.case() for _ in range(5)}
    page = look.open(f"{desk.url}/desk", cookies=desk.as_(*CADRE), scripts=False)
    found = rows(page)
    expect(page.locator(".pager")).to_contain_text("显示 1–2，共 5")
    while page.locator(".pager a[rel=next]").count():
        page.click(".pager a[rel=next]")
        found += rows(page)
    assert (len(found), {*found}) == (5, cases)
    expect(page.locator(".pager")).to_contain_text("显示 5–5，共 5")
    page.click(".pager a[rel=prev]")
    expect(page.locator(".pager")).to_contain_text("显示 3–4，共 5")
