"""The needs of a visit become petitions on pages, by telephone and without a script, each once (V4)."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from lianxin_schemas.events.visits import VisitLogged
from playwright.sync_api import Page, expect

from tests.intake.asking import log_visit, visit
from tests.pages.looking import STAFF, Look
from tests.pages.offices import session
from tests.pages.residents import Installation

LAMP, WATER = "01.02.10", "01.02"


@pytest.fixture
def cookies(residents: Installation) -> dict[str, str]:
    return session(residents.settings, "intake", "c-upper", "cadre")


@pytest.fixture
def visited(residents: Installation, cookies: dict[str, str]) -> Any:
    """Enters a visit with needs; answers with the address of its page."""

    def enter(*needs: str) -> str:
        body = log_visit(cadre="c-upper", households=["h-heard"], needs=list(needs))
        headers = {"Origin": residents.address}
        answer = httpx.post(f"{residents.address}/visits", json=body, cookies=cookies, headers=headers)
        assert answer.status_code == 201, answer.text
        return f"{residents.address}/visits/{body['visit']['visit']}/needs"

    return enter


def petitions(residents: Installation, address: str) -> list[dict[str, Any]]:
    """What was registered from a visit."""
    found = residents.sql("SELECT data FROM events WHERE type = 'lianxin.petition.registered.v1' ORDER BY position")
    return [data for (data,) in found if data.get("visit") and data["visit"] in address]


def big(page: Page) -> list[str]:
    """What stands there in big type: number, and code if it is shown."""
    return page.locator(".confirmation dd").all_inner_texts()


def test_V4_a_need_becomes_a_petition_with_what_was_told(
    residents: Installation, look: Look, cookies: dict[str, str], visited: Any
) -> None:
    address = visited(LAMP, WATER)
    look(address, "needs", cookies=cookies, most=STAFF)
    look(f"{address}/1", "need", cookies=cookies, most=STAFF)
    page = look.open(address, cookies=cookies, scripts=False)
    page.click(".heard a.button >> nth=0")
    assert page.input_value("#zone") == "z-upper", "the zone that the cadre leads"
    page.fill("#words", "路灯坏了两个月")
    page.fill("#name", "测试甲")
    page.fill("#telephone", "139 0000 0001")
    page.click("main button.primary")
    assert page.url == f"{address}/1"
    number, secret = big(page)
    [made] = petitions(residents, address)
    assert (made["category"], made["zone"], made["channel"]) == (LAMP, "z-upper", "visit")
    assert {"resident", "said"} <= made.keys()
    followed = httpx.post(f"{residents.address}/follow", json={"number": number, "secret": secret})
    assert followed.json()["petition"] == made["petition"]

    page.click("main a.primary")
    expect(page.locator(".heard li").nth(0)).to_contain_text(number)
    expect(page.locator(".heard li").nth(1).locator("a.button")).to_have_text("转为诉求")
    look(address, "needs-raised", cookies=cookies, most=STAFF)
    held = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    look(f"{address}/1", "need-petition", cookies=held, most=STAFF)
    later = look(f"{address}/1", "need-petition-later", cookies=cookies, most=STAFF)
    assert big(later) == [number], "the code is shown to whoever made it, for an hour"


def test_V4_pressed_twice_is_one_petition_and_another_form_says_its_number(
    residents: Installation, look: Look, cookies: dict[str, str], visited: Any
) -> None:
    address = visited(LAMP)
    page, other = (look.open(f"{address}/1", cookies=cookies) for _ in range(2))
    command = page.locator("input[name=command]").get_attribute("value") or ""
    for _ in range(2):
        form: Any = {"command": command, "zone": "z-upper", "words": "一样的话"}
        sent = page.request.post(page.url, form=form, headers={"Origin": residents.address}, max_redirects=0)
        assert (sent.status, sent.headers["location"]) == (303, page.url.removeprefix(residents.address))
    page.goto(page.url)
    number, _secret = big(page)
    other.fill("#words", "另外的话")
    other.click("main button.primary")
    expect(other.locator("[role=alert]")).to_contain_text("先前已转为诉求")
    assert big(other) == [number]
    look.here(other, "need-raised-before")
    assert len(petitions(residents, address)) == 1


def test_V4_a_need_heard_twice_is_two_petitions(
    residents: Installation, look: Look, cookies: dict[str, str], visited: Any
) -> None:
    address = visited(LAMP, LAMP)
    numbers = set()
    for nth in (2, 1, 2):
        page = look.open(f"{address}/{nth}", cookies=cookies, scripts=False)
        if page.locator("#words").count():
            page.click("main button.primary")
        numbers.add(big(page)[0])
    assert len(numbers) == 2
    assert len(petitions(residents, address)) == 2


def test_A7_what_has_to_change_is_said_and_nothing_typed_is_lost(
    residents: Installation, look: Look, cookies: dict[str, str], visited: Any
) -> None:
    address = visited(LAMP)
    page = look.open(f"{address}/1", cookies=cookies)
    page.select_option("#zone", "z-lower")
    for name, typed in (("words", "路灯"), ("name", "测" * 61), ("telephone", "没有"), ("mail", "没有")):
        page.fill(f"#{name}", typed)
    page.click("main button.primary")
    expect(page.locator(".errors li")).to_have_count(3)
    assert [page.input_value(f"#{name}") for name in ("zone", "words", "mail")] == ["z-lower", "路灯", "没有"]
    look.here(page, "need-faulty")
    assert petitions(residents, address) == []


@pytest.mark.parametrize("path", ["", "/1"])
def test_V4_it_is_the_visit_of_whoever_made_it_and_stands_as_entered(
    residents: Installation, cookies: dict[str, str], visited: Any, path: str
) -> None:
    address = visited(LAMP)

    def status(url: str, who: dict[str, str] = cookies) -> int:
        return httpx.get(url, cookies=who, headers={"Accept": "text/html"}).status_code

    assert status(address + path) == 200
    assert status(address + path, session(residents.settings, "intake", "c-lower", "cadre")) == 403
    assert status(f"{address}/2") == 404
    assert status(f"{residents.address}/visits/{uuid4()}/needs{path}") == 404
    body = {"command": str(uuid4()), "reason": "did-not-happen"}
    back = address.replace("/needs", "/withdrawal")
    assert httpx.post(back, json=body, cookies=cookies, headers={"Origin": residents.address}).status_code == 201
    assert status(address + path) == 409


def test_C4_what_is_about_officials_in_an_entry_of_before_is_the_residents_to_raise(
    residents: Installation, look: Look, cookies: dict[str, str]
) -> None:
    entry = VisitLogged.model_validate(visit(cadre="c-upper", households=["h-heard"], needs=["05.02.01", LAMP]))
    residents.keeps(entry)
    address = f"{residents.address}/visits/{entry.visit}/needs"
    look(address, "needs-officials", cookies=cookies, most=STAFF)
    page = look.open(address, cookies=cookies, scripts=False)
    first, second = page.locator(".heard li").all()
    expect(first).to_contain_text("反映干部的事不记在走访里。居民本人从“提诉求”提，或到县里的接待窗口提")
    expect(first.locator("a")).to_have_attribute("href", "/raise")
    expect(second.locator("a.button")).to_have_text("转为诉求")
    assert page.goto(f"{address}/1").status == 422  # type: ignore[union-attr]
    expect(page.locator("main")).to_contain_text("所反映的干部不经手，也看不到")
    assert petitions(residents, address) == []
