"""A visit entered on a page, by telephone and without a script, as the route of visits takes it (V1, V2, V4)."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from services.web.dates import LOCAL, today
from tests.pages.looking import STAFF, Look
from tests.pages.offices import session
from tests.pages.residents import Installation


@pytest.fixture
def cookies(residents: Installation) -> dict[str, str]:
    return session(residents.settings, "intake", "c-upper", "cadre")


def visits(residents: Installation, household: str) -> list[dict[str, Any]]:
    """The entries that name a household."""
    found = residents.sql("SELECT data FROM events WHERE type LIKE '%%visit.logged%%' ORDER BY position")
    return [data for (data,) in found if household in data["households"]]


YESTERDAY = today() - timedelta(days=1)


def fill(page: Page, households: str) -> None:
    """A visit of yesterday morning, with a need and a promise."""
    page.fill("#households", households)
    page.fill("#day", YESTERDAY.isoformat())
    page.fill("#started", "09:00")
    page.fill("#ended", "09:40")
    page.check("input[value=care]")
    page.select_option("#need_1", "01.02")
    page.select_option("#promise_1", "03.05")
    page.fill("#promise_1_due", "2030-01-31")


def test_V1_a_visit_is_entered_and_says_so(residents: Installation, look: Look, cookies: dict[str, str]) -> None:
    url = f"{residents.address}/visits/new"
    look(url, "visit", cookies=cookies, most=STAFF)
    page = look.open(url, cookies=cookies, scripts=False)
    offered = page.locator("#need_1 option, #promise_1 option").evaluate_all("all => all.map(e => e.value)")
    assert "04.01" in offered
    assert not [code for code in offered if code.startswith("05")], "officials (C4)"
    fill(page, "h-000123\nh-000124，h-000123")
    page.click("button.primary")
    [visit] = visits(residents, "h-000123")
    assert page.url == f"{residents.address}/visits/{visit['visit']}/needs"
    look(page.url, "visit-entered", cookies=cookies, most=STAFF)
    assert visit["households"] == ["h-000123", "h-000124"]
    assert (visit["cadre"], visit["purpose"], visit["needs"]) == ("c-upper", "care", ["01.02"])
    assert visit["promises"] == [{"matter": "03.05", "due": "2030-01-31"}]
    started = datetime.combine(YESTERDAY, time(9), LOCAL)
    assert datetime.fromisoformat(visit["started"]) == started
    assert datetime.fromisoformat(visit["ended"]) == started + timedelta(minutes=40)


def test_V2_a_form_that_is_sent_twice_counts_once(residents: Installation, look: Look, cookies: dict[str, str]) -> None:
    page = look.open(f"{residents.address}/visits/new", cookies=cookies, scripts=False)
    fill(page, "h-twice")
    page.click("button.primary")
    page.go_back()
    command = page.locator("input[name=command]").get_attribute("value") or ""
    form: Any = {"command": command, "households": "h-again", "day": YESTERDAY.isoformat(), "purpose": "care"}
    form |= {"started": "09:00", "ended": "09:00"}
    for _ in range(2):
        sent = page.request.post(page.url, form=form, headers={"Origin": residents.address}, max_redirects=0)
        assert sent.status == 303, sent.text()
    assert [len(visits(residents, household)) for household in ("h-twice", "h-again")] == [1, 1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"households": "  "}, "写户编号"),
        ({"households": "张家"}, "写户编号"),
        ({"ended": "08:00"}, "离开的时间早于到的时间"),
        ({"day": "2030-01-01"}, "时间在将来"),
        ({"day": "2020-01-01"}, "时间早于90天前"),
        ({"promise_1_due": ""}, "承诺写明什么事、哪天以前做到"),
        ({"started": ""}, "写几点到的"),
    ],
)
def test_A7_what_has_to_change_is_said_and_nothing_typed_is_lost(
    residents: Installation, look: Look, cookies: dict[str, str], change: dict[str, str], told: str
) -> None:
    page = look.open(f"{residents.address}/visits/new", cookies=cookies, scripts=False)
    fill(page, "h-faulty")
    for name, value in change.items():
        page.fill(f"#{name}", value)
    page.click("button.primary")
    expect(page.locator(".errors")).to_contain_text(told)
    for name in {"households", "day", "started", "ended", "promise_1_due"} - {*change}:
        assert page.input_value(f"#{name}"), name
    assert page.is_checked("input[value=care]")
    assert page.input_value("#need_1") == "01.02"
    assert visits(residents, "h-faulty") == []


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("started", "09:30Z", "写几点到的"),
        ("ended", "09:30+08:00", "写几点离开的"),
        ("day", "1949-01-01", "日期写1949年1月2日以后"),
        ("day", "2200-01-01", "日期写1949年1月2日以后"),
    ],
)
def test_A7_what_no_browser_would_send_is_a_fault_of_its_field(
    residents: Installation, look: Look, cookies: dict[str, str], field: str, value: str, told: str
) -> None:
    page = look.open(f"{residents.address}/visits/new", cookies=cookies, scripts=False)
    fill(page, "h-odd")
    page.evaluate("id => document.getElementById(id).type = 'text'", field)
    page.fill(f"#{field}", value)
    page.click("button.primary")
    expect(page.locator(f"#{field}-fault")).to_contain_text(told)
    assert visits(residents, "h-odd") == []


def test_V1_the_faulty_form_looks_as_it_should(residents: Installation, look: Look, cookies: dict[str, str]) -> None:
    page = look.open(f"{residents.address}/visits/new", cookies=cookies)
    page.click("button.primary")
    look.here(page, "visit-faulty")
