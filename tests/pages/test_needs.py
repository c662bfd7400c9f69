"""The needs of a visit become petitions on pages, by telephone and without a script, each once (V4)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from lianxin_schemas.events import responsibility
from lianxin_schemas.events.visits import VisitLogged
from playwright.sync_api import Page, expect

from services.intake.domain.petitions import candidates
from tests.intake.asking import log_visit, visit
from tests.intake.given import drawn
from tests.pages.looking import STAFF, Look
from tests.pages.offices import session
from tests.pages.residents import LOWER, UPPER, Installation

LAMP, WATER = "01.02.10", "01.02"


@pytest.fixture
def cookies(residents: Installation) -> dict[str, str]:
    return session(residents.settings, "intake", "c-upper", "cadre")


@pytest.fixture
def visited(residents: Installation, cookies: dict[str, str]) -> Any:
    """Enters a visit with needs; answers with the address of its page."""

    def enter(*needs: str, households: Sequence[str] = ("h-heard",)) -> str:
        body = log_visit(cadre="c-upper", households=list(households), needs=list(needs))
        headers = {"Origin": residents.address}
        answer = httpx.post(f"{residents.address}/visits", json=body, cookies=cookies, headers=headers)
        assert answer.status_code == 201, answer.text
        return f"{residents.address}/visits/{body['visit']['visit']}/needs"

    return enter


def petitions(residents: Installation, address: str) -> list[dict[str, Any]]:
    """What was registered from a visit."""
    found = residents.sql("SELECT data FROM events WHERE type = 'lianxin.petition.registered.v1' ORDER BY position")
    return [data for (data,) in found if data.get("visit") and data["visit"] in address]


def of(address: str, *needs: str) -> list[str]:
    """The addresses of the needs of a visit, in their order."""
    visit = UUID(address.split("/")[-2])
    return [f"{address}/{petition}" for petition in candidates(visit, needs)]


@pytest.fixture
def corrected(residents: Installation, cookies: dict[str, str]) -> Any:
    """Enters the whole visit of an address anew, with other needs."""

    def correct(address: str, *needs: str) -> None:
        body = log_visit(visit=address.split("/")[-2], cadre="c-upper", households=["h-heard"], needs=list(needs))
        path, headers = address.replace("/needs", "/corrections"), {"Origin": residents.address}
        assert httpx.post(path, json=body, cookies=cookies, headers=headers).status_code == 201

    return correct


def big(page: Page) -> list[str]:
    """What stands there in big type: number, and code if it is shown."""
    return page.locator(".confirmation dd").all_inner_texts()


def test_V4_a_need_becomes_a_petition_with_what_was_told(
    residents: Installation, look: Look, cookies: dict[str, str], visited: Any
) -> None:
    address = visited(LAMP, WATER)
    look(address, "needs", cookies=cookies, most=STAFF)
    first, _second = of(address, LAMP, WATER)
    look(first, "need", cookies=cookies, most=STAFF)
    page = look.open(address, cookies=cookies, scripts=False)
    page.click(".heard a.button >> nth=0")
    page.select_option("#zone", "z-upper")
    page.fill("#words", "路灯坏了两个月")
    page.fill("#name", "测试甲")
    page.fill("#telephone", "139 0000 0001")
    page.click("main button.primary")
    assert page.url == first
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
    look(first, "need-petition", cookies=held, most=STAFF)
    later = look(first, "need-petition-later", cookies=cookies, most=STAFF)
    assert big(later) == [number], "the code is shown to whoever made it, for an hour"


def test_V4_pressed_twice_is_one_petition_and_another_form_says_its_number(
    residents: Installation, look: Look, cookies: dict[str, str], visited: Any
) -> None:
    address = visited(LAMP)
    [need] = of(address, LAMP)
    page, other = (look.open(need, cookies=cookies) for _ in range(2))
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
    first, second = of(address, LAMP, LAMP)
    numbers = []
    for need in (second, first):
        page = look.open(need, cookies=cookies, scripts=False)
        page.click("main button.primary")
        assert page.url == need, "the one that was asked for"
        numbers.append(big(page)[0])
    assert len(set(numbers)) == 2
    expect(look.open(second, cookies=cookies).locator(".confirmation dd")).to_have_text(numbers[:1])
    assert len(petitions(residents, address)) == 2


def test_V4_words_stay_with_their_need_when_the_visit_is_corrected_meanwhile(
    residents: Installation, look: Look, cookies: dict[str, str], visited: Any, corrected: Any
) -> None:
    address = visited(LAMP, WATER)
    lamp, water = of(address, LAMP, WATER)
    page, other = look.open(lamp, cookies=cookies), look.open(water, cookies=cookies)
    corrected(address, WATER)
    page.fill("#words", "路灯坏了")
    page.click("main button.primary")
    expect(page.locator(".errors")).to_contain_text("这次走访的记录里没有这项需求")
    assert page.input_value("#words") == "路灯坏了"
    look.here(page, "need-gone")
    assert petitions(residents, address) == []
    page.click("main a.primary")
    assert page.url == address
    other.click("main button.primary")
    assert [made["category"] for made in petitions(residents, address)] == [WATER]
    assert other.url == water


def test_V4_a_form_sent_again_after_a_correction_shows_the_receipt_it_made(
    residents: Installation, look: Look, cookies: dict[str, str], visited: Any, corrected: Any
) -> None:
    address = visited(LAMP, WATER)
    [lamp, _water] = of(address, LAMP, WATER)
    page = look.open(lamp, cookies=cookies)
    form: Any = {"command": page.locator("input[name=command]").get_attribute("value"), "words": "路灯坏了"}

    def send() -> list[str]:
        sent = page.request.post(lamp, form=form, headers={"Origin": residents.address}, max_redirects=0)
        assert (sent.status, sent.headers["location"]) == (303, lamp.removeprefix(residents.address))
        page.goto(lamp)
        return big(page)

    made = send()
    assert len(made) == 2
    corrected(address, WATER)
    assert send() == made
    assert len(petitions(residents, address)) == 1


def test_U2_the_code_of_the_next_takes_the_place_of_the_last_and_the_page_says_so(
    residents: Installation, look: Look, cookies: dict[str, str], visited: Any
) -> None:
    address = visited(LAMP, WATER)
    first, second = of(address, LAMP, WATER)
    page = look.open(first, cookies=cookies, scripts=False)
    page.click("main button.primary")
    expect(page.locator("main")).to_contain_text("先交给居民再转下一项：转下一项以后，这里不再显示这个查询码。")
    number, _code = big(page)
    page.goto(second)
    page.click("main button.primary")
    assert len(big(page)) == 2
    page.goto(first)
    assert big(page) == [number]


def test_U2_what_is_handed_on_does_not_make_the_cadres_browser_the_resident(
    residents: Installation, look: Look, cookies: dict[str, str], visited: Any
) -> None:
    [need] = of(visited(LAMP), LAMP)
    page = look.open(need, cookies=cookies, scripts=False)
    page.click("main button.primary")
    assert "lx-handed" in {cookie["name"] for cookie in page.context.cookies()}
    for path in ("/follow/petition", "/follow/petition/withdrawal", "/raise/done"):
        answer = page.goto(f"{residents.address}{path}")
        assert answer
        assert answer.status == 401 or page.url == f"{residents.address}/follow", path


@pytest.mark.parametrize(
    ("households", "zone"),
    [
        (("h-low",), "z-lower"),
        (("h-low", "h-low-2"), "z-lower"),
        (("h-low", "h-up"), ""),
        (("h-low", "h-heard"), ""),
    ],
)
def test_V4_the_zone_is_the_households_not_the_cadres(
    residents: Installation, look: Look, cookies: dict[str, str], visited: Any, households: Sequence[str], zone: str
) -> None:
    in_groups = {"h-low": "g-low", "h-low-2": "g-low-2", "h-up": "g-up"}
    residents.hears(
        drawn("z-lower", LOWER, groups=("g-low", "g-low-2")),
        drawn("z-upper", UPPER, groups=("g-up",)),
        *(responsibility.HouseholdRegistered(household=one, group=group) for one, group in in_groups.items()),
    )
    page = look.open(of(visited(LAMP, households=households), LAMP)[0], cookies=cookies)
    assert page.input_value("#zone") == zone


def test_V4_visits_with_needs_that_wait_are_found_where_the_next_one_is_entered(
    residents: Installation, look: Look, visited: Any, corrected: Any, cookies: dict[str, str]
) -> None:
    new = f"{residents.address}/visits/new"
    some, done, gone = visited(LAMP, WATER), visited(LAMP), visited(LAMP)
    corrected(gone)
    look.open(of(done, LAMP)[0], cookies=cookies).click("main button.primary")
    page = look(new, "visit-waiting", cookies=cookies, most=STAFF)
    listed = [f"{residents.address}{link.get_attribute('href')}" for link in page.locator("main li > a").all()]
    assert some in listed
    assert not {done, gone} & {*listed}
    [waiting] = page.locator("main li", has=page.locator(f"a[href='{some.removeprefix(residents.address)}']")).all()
    expect(waiting).to_contain_text("2 needs")
    other = look.open(new, cookies=session(residents.settings, "intake", "c-lower", "cadre"))
    expect(other.locator("main li")).to_have_count(0)


def test_A7_what_has_to_change_is_said_and_nothing_typed_is_lost(
    residents: Installation, look: Look, cookies: dict[str, str], visited: Any
) -> None:
    address = visited(LAMP)
    page = look.open(of(address, LAMP)[0], cookies=cookies)
    page.select_option("#zone", "z-lower")
    for name, typed in (("words", "路灯"), ("name", "测" * 61), ("telephone", "没有"), ("mail", "没有")):
        page.fill(f"#{name}", typed)
    page.click("main button.primary")
    expect(page.locator(".errors li")).to_have_count(3)
    assert [page.input_value(f"#{name}") for name in ("zone", "words", "mail")] == ["z-lower", "路灯", "没有"]
    look.here(page, "need-faulty")
    assert petitions(residents, address) == []


@pytest.mark.parametrize("whole", [True, False])
def test_V4_it_is_the_visit_of_whoever_made_it_and_stands_as_entered(
    residents: Installation, cookies: dict[str, str], visited: Any, whole: bool
) -> None:
    address = visited(LAMP)
    path = "" if whole else of(address, LAMP)[0].removeprefix(address)

    def status(url: str, who: dict[str, str] = cookies) -> int:
        return httpx.get(url, cookies=who, headers={"Accept": "text/html"}).status_code

    assert status(address + path) == 200
    assert status(address + path, session(residents.settings, "intake", "c-lower", "cadre")) == 403
    assert status(f"{address}/{uuid4()}") == 404
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
    assert page.goto(of(address, "05.02.01")[0]).status == 422  # type: ignore[union-attr]
    expect(page.locator("main")).to_contain_text("所反映的干部不经手，也看不到")
    assert petitions(residents, address) == []
