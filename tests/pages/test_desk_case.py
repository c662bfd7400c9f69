"""A case at the desk: what is owed until when, each step as a form, and nobody sees what is not theirs (C3, C4, C8)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import iter_route_contexts
from lianxin_schemas.events.petitions import Solved
from playwright.sync_api import Page, expect

from services.assignment.api.app import application
from services.web.pages import PageRoute
from tests.assignment.given import complaint, petition, verdict, withdrawal
from tests.pages.looking import STAFF, Look
from tests.pages.offices import CATEGORY, Offices, offices
from tests.servers import Addresses

CADRE = ("c2", "cadre")
COUNTY: dict[str, Any] = {"office": "county-office"}
INTAKE = "http://127.0.0.1:9"
STEPS = ("acceptance", "decision", "reply", "closing")


@pytest.fixture(scope="module")
def desk(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    with offices(servers, tmp_path_factory.mktemp("desk"), pages_intake=INTAKE) as served:
        yield served


def step(page: Page, act: str) -> None:
    """Takes a step that the page offers."""
    if act == "decision":
        page.check("input[value=partly]")
    page.click(f"button[value={act}]")


def offered(page: Page) -> list[str]:
    """The steps that the page offers."""
    return [button.get_attribute("value") or "" for button in page.locator("main button[name=act]").all()]


def test_C4_a_case_goes_its_way_step_by_step(desk: Offices, look: Look) -> None:
    event = petition(category=CATEGORY, resident="r-1", said="w-1")
    desk.hear(event)
    case, cookies = str(event.petition), desk.as_(*CADRE)
    url = f"{desk.url}/desk/cases/{case}"
    page = look.open(url, cookies=cookies, scripts=False)
    look(url, "desk-case-assigned", cookies=cookies, most=STAFF)
    expect(page.locator(".clock")).to_contain_text("一村村委会 测试乙")
    page.click("summary")
    expect(page.locator(".sum")).to_contain_text("从第二天起算60天")
    reading = page.locator("a:has-text('看居民说了什么')").get_attribute("href") or ""
    assert reading.startswith(f"{INTAKE}/words/{case}?after=cases.")
    for act, after in [("acceptance", "已受理"), ("decision", "已决定"), ("reply", "已答复"), ("closing", "已办结")]:
        assert offered(page) == [act]
        step(page, act)
        assert page.url == f"{url}?done={act}"
        expect(page.locator("[role=status]")).to_contain_text(after)
        look(url, f"desk-case-after-{act}", cookies=cookies, most=STAFF)
    assert offered(page) == []
    expect(page.locator(".clock")).to_contain_text("按时答复")
    expect(page.locator(".timeline")).to_contain_text("决定：部分解决")
    expect(page.locator(".timeline")).to_contain_text("没有回音，办结")
    assert desk.steps(case) == ["opened", "assigned", "limit_set", "accepted", "decided", "replied", "closed"]


def test_C4_the_words_of_the_reply_come_back_from_intake_and_go_with_it(desk: Offices, look: Look) -> None:
    case, cookies = desk.case(), desk.as_(*CADRE)
    page = look.open(f"{desk.url}/desk/cases/{case}", cookies=cookies, scripts=False)
    step(page, "acceptance")
    step(page, "decision")
    written = page.locator("a:has-text('写答复')").get_attribute("href") or ""
    assert written.startswith(f"{INTAKE}/words/{case}/reply?after=cases.")
    page.goto(f"{desk.url}/desk/cases/{case}?said=ref-1#next")
    look(page.url, "desk-case-with-words", cookies=cookies, most=STAFF)
    step(page, "reply")
    [(said,)] = desk.sql(
        "SELECT data->>'said' FROM events WHERE stream = %s AND type LIKE '%%replied%%'", f"case-{case}"
    )
    assert said == "ref-1"
    expect(page.locator(".timeline")).to_contain_text("已书面答复")


def test_C4_a_double_click_counts_once(desk: Offices, look: Look) -> None:
    case, cookies = desk.case(), desk.as_(*CADRE)
    page = look.open(f"{desk.url}/desk/cases/{case}", cookies=cookies, scripts=False)
    command = page.locator("main input[name=command]").nth(0).get_attribute("value") or ""
    for _ in range(2):
        sent = page.request.post(
            f"{desk.url}/desk/cases/{case}",
            form={"act": "acceptance", "command": command},
            headers={"Origin": desk.url},
            max_redirects=0,
        )
        assert (sent.status, sent.headers["location"]) == (303, f"/desk/cases/{case}?done=acceptance")
    assert desk.steps(case).count("accepted") == 1


def test_A7_what_is_missing_and_what_came_too_late_is_said_on_the_same_page(desk: Offices, look: Look) -> None:
    case, cookies = desk.case(), desk.as_(*CADRE)
    url = f"{desk.url}/desk/cases/{case}"
    page, other = (look.open(url, cookies=cookies, scripts=False) for _ in range(2))
    step(page, "acceptance")
    step(other, "acceptance")
    expect(other.locator(".errors")).to_contain_text("这件诉求已经受理，接着作决定。")
    assert offered(other) == ["decision"], "the page shows the case as it is now"
    page.click("button[value=decision]")
    assert page.url == url
    expect(page.locator(".errors a")).to_have_text("选一项决定")
    expect(page.locator("#outcome-fault")).to_contain_text("选一项决定")
    faulty = look.open(url, cookies=cookies)
    faulty.click("button[value=decision]")
    look.here(faulty, "desk-case-faulty")
    page.click("text=English")
    expect(page.locator("h1")).to_be_visible()
    assert desk.steps(case)[-1] == "accepted"


def test_C8_the_resident_s_word_is_told_and_the_office_decides_once_more(desk: Offices, look: Look) -> None:
    event, cookies = petition(), desk.as_(*CADRE)
    desk.hear(event)
    url = f"{desk.url}/desk/cases/{event.petition}"
    page = look.open(url, cookies=cookies, scripts=False)
    for act in ("acceptance", "decision", "reply"):
        step(page, act)
    desk.hear(verdict(event, Solved.NOT_SOLVED), time=datetime.now(UTC))
    page.reload()
    look(url, "desk-case-reopened", cookies=cookies, most=STAFF)
    expect(page.locator(".timeline .resident").last).to_contain_text("居民说没有解决")
    assert offered(page) == ["decision"]
    taken_back = petition()
    desk.hear(taken_back, withdrawal(taken_back))
    url = f"{desk.url}/desk/cases/{taken_back.petition}"
    page = look.open(url, cookies=cookies, scripts=False)
    assert offered(page) == []
    expect(page.locator(".clock")).to_contain_text("已撤回")
    look(url, "desk-case-withdrawn", cookies=cookies, most=STAFF)


def test_C4_the_county_hands_over_by_names_first_the_office_then_the_cadre(desk: Offices, look: Look) -> None:
    case, cookies = desk.case(None), desk.as_("s1", "office", **COUNTY)
    page = look.open(f"{desk.url}/desk/cases/{case}", cookies=cookies, scripts=False)
    page.click("text=转给别的单位或干部")
    url = page.url
    look(url, "desk-handover-office", cookies=cookies, most=STAFF)
    expect(page.locator(".summary")).to_contain_text("县信访局")
    page.select_option("#office", label="甲镇政府")
    page.click("main button")
    look(page.url, "desk-handover-cadre", cookies=cookies, most=STAFF)
    page.check("label:has-text('测试丙') input")
    page.click("main button")
    assert page.url == f"{desk.url}/desk/cases/{case}?done=assignment"
    expect(page.locator(".timeline")).to_contain_text("交给甲镇政府 测试丙")
    page.goto(f"{url}?office=office-b")
    page.check("label:has-text('测试丙') input")
    page.click("main button")
    expect(page.locator(".errors")).to_contain_text("已经由这个单位和干部承办")
    page.goto(f"{url}?office=office-a")
    page.click("main button")
    assert desk.steps(case)[-1] == "assigned"
    credit = desk.sql("SELECT office, cadre FROM case_now WHERE petition = %s", case)
    assert credit == [("office-a", None)]
    for act in ("acceptance", "decision"):
        handled = look.open(
            f"{desk.url}/desk/cases/{case}", cookies=desk.as_("s2", "office", office="office-a"), scripts=False
        )
        assert handled.locator("text=转给别的单位或干部").count() == 0
        step(handled, act)
    page.goto(f"{desk.url}/desk/cases/{case}")
    assert page.locator("text=转给别的单位或干部").count() == 0, "it was decided"


def test_C4_who_oversees_sees_without_acting_and_others_see_nothing(desk: Offices, look: Look) -> None:
    case = desk.case()
    url = f"{desk.url}/desk/cases/{case}"
    page = look.open(url, cookies=desk.as_("o1", "organisation"), scripts=False)
    assert offered(page) == []
    look(url, "desk-case-overseen", cookies=desk.as_("o1", "organisation"), most=STAFF)
    for who in (
        desk.as_("c1", "cadre"),
        desk.as_("s1", "office", office="office-b"),
        desk.as_("s1", "office"),
        desk.as_("c3", "cadre", "office", office="office-b"),
    ):
        page = look.open(url, cookies=who, scripts=False)
        expect(page.locator("h1")).to_contain_text("这不在您的职责范围内。")
        assert "01.02" not in page.content()
        sent = page.request.post(url, form={"act": "acceptance", "command": str(uuid4())}, headers={"Origin": desk.url})
        assert sent.status == 403
    assert desk.steps(case) == ["opened", "assigned", "limit_set"]


def asked(desk: Offices, look: Look, cookies: dict[str, str], case: str) -> list[tuple[str, int, str]]:
    """What every page about a case answers, without the id of the case."""
    page, found = look.open(f"{desk.url}/desk", cookies=cookies, scripts=False), []
    walked = [
        (method, str(route.path))
        for route in iter_route_contexts(application(desk.settings).routes)
        if "{petition}" in str(route.path) and isinstance(route.original_route, PageRoute)
        for method in route.methods or ()
    ]
    assert len(walked) >= 4
    for method, path in sorted(walked):
        for act in STEPS if method == "POST" else ("",):
            form: Any = (
                {"act": act, "command": str(uuid4()), "outcome": "solved", "office": "office-b"} if act else None
            )
            url = desk.url + path.replace("{petition}", case)
            answer = page.request.fetch(url, method=method, form=form, headers={"Origin": desk.url})
            found.append((f"{method} {path} {act}", answer.status, answer.text().replace(case, "")))
    return found


@pytest.mark.parametrize(
    ("roles", "office"),
    [
        (["cadre"], None),
        (["office"], "county-office"),
        (["organisation"], None),
        (["cadre", "office", "organisation"], "county-office"),
    ],
    ids=str,
)
def test_C4_to_an_official_complained_about_no_page_has_such_a_case(
    desk: Offices, look: Look, roles: list[str], office: str | None
) -> None:
    event, cookies = petition(complaint=True), desk.as_("c2", *roles, office=office)
    desk.hear(event, complaint(event, "c2"))
    case = str(event.petition)
    there, nowhere = (asked(desk, look, cookies, each) for each in (case, str(uuid4())))
    assert there == nowhere
    assert {status for _, status, _ in there} <= {403, 404}
    assert desk.steps(case) == ["opened", "assigned", "limit_set"]
    county = desk.as_("s1", "office", **COUNTY)
    page = look.open(f"{desk.url}/desk/cases/{case}/handover?office=office-a", cookies=county, scripts=False)
    assert page.locator("text=测试乙").count() == 0, "whom it is about is not offered"
    page = look.open(f"{desk.url}/desk/cases/{case}", cookies=county, scripts=False)
    expect(page.locator(".block.warn")).to_contain_text("反映干部")
