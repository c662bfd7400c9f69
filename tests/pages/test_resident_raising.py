"""Raise a petition in a browser without scripts, as everybody can (C1, U2, A-2, A-7 to A-10)."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from lianxin_schemas.events.petitions import Channel
from playwright.sync_api import Page, expect

from services import categories
from services.intake.pages.answers import ASKED, STEPS, Answers
from services.intake.pages.raising import FIELDS
from tests.intake.given import begun
from tests.pages.looking import Look, printed
from tests.pages.residents import Installation

MATTER = "村口路灯坏了两个月\n晚上看不见 <路> & “坑”"


def press(page: Page, text: str) -> None:
    page.click(f"main button:has-text('{text}')")


def begin(look: Look, residents: Installation, **more: Any) -> Page:
    page = look.open(f"{residents.address}/", scripts=False, **more)
    page.click("a.way >> nth=0")
    return page


def to_words(page: Page) -> None:
    for choice in ("城乡建设", "城市建设和市政管理", "都不合适"):
        press(page, choice)


def to_check(page: Page, words: str = MATTER) -> None:
    to_words(page)
    page.fill("#words", words)
    for choice in ("下一步", "东镇", "上村"):
        press(page, choice)
    page.fill("#telephone", "139 0000 0001")
    press(page, "下一步")


def registered(residents: Installation) -> dict[str, Any]:
    """The petition that was registered last."""
    sql = "SELECT data FROM events WHERE type = 'lianxin.petition.registered.v1' ORDER BY position DESC LIMIT 1"
    [(data,)] = residents.sql(sql)
    found: dict[str, Any] = data
    return found


@pytest.fixture
def count(residents: Installation) -> Callable[[], int]:
    """How many petitions have come in since."""
    sql = "SELECT count(*) FROM events WHERE type = 'lianxin.petition.registered.v1'"
    [(before,)] = residents.sql(sql)
    return lambda: int(residents.sql(sql)[0][0]) - before


def test_C1_four_questions_then_number_and_code_and_nothing_of_it_in_any_address(
    look: Look, residents: Installation, count: Callable[[], int]
) -> None:
    page = begin(look, residents)
    seen: list[tuple[str, str]] = []
    page.on("framenavigated", lambda frame: seen.append((frame.url, frame.page.title())))
    to_check(page)
    expect(page.locator("main")).to_contain_text("晚上看不见 <路> & “坑”")
    expect(page.locator("main")).to_contain_text("城乡建设 › 城市建设和市政管理")
    expect(page.locator("main")).to_contain_text("139 0000 0001")
    press(page, "提交诉求")
    assert page.url == f"{residents.address}/raise/done"
    number, secret = page.locator(".confirmation dd").all_inner_texts()
    assert re.fullmatch(r"(\d{4} ){2}\d{4}", number)
    assert re.fullmatch(r"[2-9A-Z]{8}", secret)
    told = (number, number.replace(" ", ""), secret, "路灯", "139", "01.02")
    assert not [each for each in seen if any(part in "".join(each) for part in told)]
    size = page.locator(".confirmation dd >> nth=0").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size >= 24
    kept = registered(residents)
    assert (kept["channel"], kept["category"], kept["zone"]) == (Channel.WEB, "01.02", "z-upper")
    assert "complaint" not in kept
    page.reload()
    assert page.locator(".confirmation dd").all_inner_texts() == [number, secret]
    assert count() == 1
    page.click("main a.button")
    expect(page.locator("h1")).to_contain_text("已收到您的诉求")


def test_V2_two_presses_are_one_petition(look: Look, residents: Installation, count: Callable[[], int]) -> None:
    page = begin(look, residents)
    to_check(page)
    fields = page.locator("#answers input").evaluate_all("all => all.map(e => [e.name, e.value])")
    answers = [
        httpx.post(f"{residents.address}/raise", data=dict(fields), headers={"Origin": residents.address})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["set-cookie"] == answers[1].headers["set-cookie"]
    press(page, "提交诉求")
    assert f"lx-follow={_held(page)}" in answers[0].headers["set-cookie"]
    assert count() == 1


def _held(page: Page) -> str:
    [value] = [each["value"] for each in page.context.cookies() if each["name"] == "lx-follow"]
    return value


def test_V2_what_was_changed_after_it_was_sent_is_not_kept_and_that_is_said(
    look: Look, residents: Installation, count: Callable[[], int]
) -> None:
    page = begin(look, residents)
    to_check(page)
    fields = dict(page.locator("#answers input").evaluate_all("all => all.map(e => [e.name, e.value])"))
    headers = {"Origin": residents.address, "Accept": "text/html"}
    assert httpx.post(f"{residents.address}/raise", data=fields, headers=headers).status_code == 303
    changed = httpx.post(f"{residents.address}/raise", data=fields | {"words": "别的"}, headers=headers)
    assert (changed.status_code, "这件诉求已经提交过" in changed.text) == (409, True)
    assert count() == 1


def test_A9_what_is_changed_leads_straight_back(look: Look, residents: Installation) -> None:
    page = begin(look, residents)
    to_check(page)
    page.click(".change button:has-text('是什么事')")
    assert page.input_value("#words") == MATTER
    page.fill("#words", "水管坏了")
    press(page, "下一步")
    expect(page.locator("h1")).to_have_text("看一遍再提交")
    expect(page.locator("main")).to_contain_text("水管坏了")
    page.click(".change button:has-text('地点')")
    for choice in ("东镇", "下村"):
        press(page, choice)
    page.click(".way >> nth=0")
    expect(page.locator("main")).to_contain_text("东镇 下村")
    page.click(".change button:has-text('哪方面')")
    for choice in ("都不合适", "都不合适"):
        press(page, choice)
    expect(page.locator("main")).to_contain_text("党务政务 › 其他 › 其他")
    page.click(".change button:has-text('怎么答复')")
    page.click(".back button")
    expect(page.locator("h1")).to_have_text("看一遍再提交")
    press(page, "提交诉求")
    kept = registered(residents)
    assert (kept["category"], kept["zone"]) == ("02.05.01", "z-lower")


def test_A2_both_ways_back_lead_back_with_what_was_typed(look: Look, residents: Installation) -> None:
    page = begin(look, residents)
    to_words(page)
    page.fill("#words", MATTER)
    press(page, "下一步")
    press(page, "东镇")
    press(page, "上村")
    page.fill("#mail", "not finished")
    page.click(".back button")
    expect(page.locator("h1")).to_have_text("在哪里")
    page.click(".back button")
    assert page.input_value("#words") == MATTER
    page.click(".back button")
    expect(page.locator("h1")).to_have_text("是哪方面的事")
    to_words(page)
    press(page, "下一步")
    press(page, "不清楚")
    assert page.input_value("#mail") == "not finished"
    page.go_back()
    expect(page.locator("h1")).to_have_text("在哪里")
    page.go_back()
    assert page.input_value("#words") == MATTER
    press(page, "下一步")
    expect(page.locator("h1")).to_have_text("在哪里")


def test_A6_larger_type_and_another_language_lose_nothing(look: Look, residents: Installation) -> None:
    page = begin(look, residents)
    to_words(page)
    page.fill("#words", MATTER)
    page.check("#official")
    page.click("header button:has-text('特大')")
    assert page.locator("html").get_attribute("class") == "largest"
    page.click("header button:has-text('English')")
    expect(page.locator("h1")).to_have_text("What happened")
    assert page.url == f"{residents.address}/raise"
    assert page.input_value("#words") == MATTER
    assert page.is_checked("#official")


def test_A6_enter_sends_the_answer_and_nothing_else(look: Look, residents: Installation) -> None:
    page = begin(look, residents)
    to_check(page)
    page.click(".change button:has-text('怎么答复')")
    page.press("#telephone", "Enter")
    expect(page.locator("h1")).to_have_text("看一遍再提交")
    assert page.locator("html").get_attribute("class") == "normal"


def test_A7_faults_stand_on_top_and_at_their_field_and_nothing_typed_is_lost(
    look: Look, residents: Installation
) -> None:
    page = begin(look, residents)
    to_words(page)
    press(page, "下一步")
    expect(page.locator(".errors")).to_contain_text("写一写是什么事，一句话也可以")
    page.fill("#words", "水" * 5001)
    press(page, "下一步")
    expect(page.locator(".errors")).to_contain_text("最多写5000字")
    assert page.input_value("#words") == "水" * 5001
    page.fill("#words", "水管坏了")
    for choice in ("下一步", "不清楚"):
        press(page, choice)
    page.fill("#telephone", "不知道")
    page.fill("#mail", "jia@")
    press(page, "下一步")
    expect(page.locator(".errors h2")).to_have_text("有2处需要改")
    assert (page.input_value("#telephone"), page.input_value("#mail")) == ("不知道", "jia@")
    page.fill("#telephone", "１３９ ００００ ０００１")
    page.fill("#mail", "")
    press(page, "下一步")
    expect(page.locator("h1")).to_have_text("看一遍再提交")


@pytest.mark.parametrize("found", [True, False])
def test_C1_a_complaint_about_an_official_names_them_or_goes_to_the_county(
    look: Look, residents: Installation, found: bool
) -> None:
    page = begin(look, residents)
    to_words(page)
    page.fill("#words", "说话难听")
    page.check("#official")
    for choice in ("下一步", "东镇", "上村"):
        press(page, choice)
    expect(page.locator("main")).to_contain_text("测试丙")
    press(page, "下一步")
    expect(page.locator(".errors")).to_contain_text("选出是哪位干部")
    page.check("main label:has-text('测试甲') input" if found else "main label:has-text('别人') input")
    for choice in ("下一步", "下一步"):
        press(page, choice)
    expect(page.locator("main")).to_contain_text("测试甲" if found else "不在名单里")
    press(page, "提交诉求")
    kept = registered(residents)
    if found:
        assert (kept["complaint"], kept["zone"]) == (True, "z-upper")
        [(lead,)] = residents.sql("SELECT data FROM events WHERE stream = %s", f"complaint-{kept['petition']}")
        assert lead["about"] == ["c-upper"]
    else:
        assert "zone" not in kept, "whoever leads the zone may be the one it is about"
        assert "complaint" not in kept


@pytest.mark.parametrize("found", [True, False])
def test_C4_the_field_about_officials_asks_whom_it_is_about_without_a_tick(
    look: Look, residents: Installation, found: bool
) -> None:
    page = begin(look, residents)
    press(page, "都不合适")
    page.click(".way[value='category:05']")
    for choice in ("干部作风", "都不合适"):
        press(page, choice)
    expect(page.locator("#official")).to_have_count(0)
    page.fill("#words", "说话难听")
    for choice in ("下一步", "东镇", "上村"):
        press(page, choice)
    expect(page.locator("h1")).to_contain_text("哪位干部")
    press(page, "下一步")
    expect(page.locator(".errors")).to_contain_text("选出是哪位干部")
    page.check("main label:has-text('测试甲') input" if found else "main label:has-text('别人') input")
    for choice in ("下一步", "下一步"):
        press(page, choice)
    expect(page.locator("main")).to_contain_text("测试甲" if found else "不在名单里")
    press(page, "提交诉求")
    kept = registered(residents)
    assert (kept["category"][:2], kept.get("complaint"), kept.get("zone")) == (
        ("05", True, "z-upper") if found else ("05", None, None)
    )


def test_C3_when_its_case_has_come_the_receipt_tells_the_last_day_and_who_answers(
    look: Look, residents: Installation
) -> None:
    page = begin(look, residents)
    to_check(page)
    press(page, "提交诉求")
    expect(page.locator(".confirmation + *")).to_contain_text("谁也查不到")
    expect(page.locator("main")).to_contain_text("是哪个单位，过几分钟在“查进度”里看")
    residents.hears(begun(registered(residents)["petition"]))
    page.reload()
    expect(page.locator("main")).to_contain_text("由县水务局受理并答复您")
    expect(page.locator("main")).to_contain_text("5月1日（星期五）")


def test_A2_every_page_can_be_read_hit_and_seen(look: Look, residents: Installation) -> None:
    look(f"{residents.address}/raise", "raise-category")
    look(f"{residents.address}/raise/emergency", "raise-emergency")
    look(f"{residents.address}/raise/elsewhere", "raise-elsewhere")
    for language in ("zh", "en"):
        page = look.open(f"{residents.address}/raise", language=language)
        shown = iter(("more", "group", "leaf"))

        def here(name: str, page: Page = page, language: str = language) -> None:
            look.here(page, f"raise-{name}-{language}", language=language)

        page.click(".way[value='category:more']")
        here(next(shown))
        page.click(".back button")
        page.click(".way[value='category:01']")
        here(next(shown))
        if language == "zh":
            page.click(".way[value='category:01.02']")
            here(next(shown))
        page.click(".way >> nth=-1")
        page.check("#official")
        page.click("main button.primary")
        here("words-fault")
        page.fill("#words", MATTER)
        page.click("main button.primary")
        here("place")
        page.click(".way >> nth=0")
        here("place-village")
        page.click(".way[value='z-upper']")
        here("about")
        page.check("#about")
        page.click("main button.primary")
        page.fill("#telephone", "x")
        page.click("main button.primary")
        here("reach-fault")
        page.fill("#telephone", "139 0000 0001")
        page.click("main button.primary")
        here("check")
        page.click("main button.primary")
        here("done")


def test_A14_the_receipt_is_one_sheet_of_paper(look: Look, residents: Installation) -> None:
    page = begin(look, residents)
    to_check(page)
    press(page, "提交诉求")
    assert page.url == f"{residents.address}/raise/done"
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed(page))) == 1


def test_A1_no_answer_makes_a_page_heavy(residents: Installation) -> None:
    form = {"command": "6f6c2a4e-0b0a-4f53-8b0a-3a4fd4d5b3a1", "to": "check", "words": "水管坏了，" * 300}
    headers = {"Origin": residents.address, "Accept": "text/html", "Accept-Encoding": "gzip"}
    with httpx.stream("POST", f"{residents.address}/raise", data=form, headers=headers) as answer:
        assert len(b"".join(answer.iter_raw())) < 8 * 1024, "with the stylesheet that is 14 KB"
    assert answer.headers["cache-control"] == "private, no-cache"


def test_C1_all_fields_of_the_tree_are_offered_and_every_answer_has_one_page() -> None:
    assert sorted(FIELDS) == sorted(categories.children())
    asked = [field for step in STEPS for field in ASKED[step]]
    assert len(asked) == len(set(asked))
    assert set(asked) == set(Answers.model_fields) - {"command", "at", "to", "checked", "place"}
