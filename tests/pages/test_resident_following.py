"""Follow a petition and answer to it, in a browser without scripts (U2, C3, C4, C8, P1, A-11)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from lianxin_schemas.events import cases
from playwright.sync_api import expect

from deploy.local import keys
from services.intake.domain.cases import Phase
from services.intake.pages import telling
from services.web.dates import LOCAL, day_text
from services.web.language import Words, speaking
from tests.intake.given import begun, credit, opened, replied
from tests.pages.looking import Look
from tests.pages.residents import Installation

REPLY = "路灯已经修好。\n再坏请打 12345。"


def answered(residents: Installation, received: dict[str, Any], words: str = REPLY) -> None:
    """Its case was handled and replied to, in words that lie in the vault."""
    petition = UUID(received["petition"])
    residents.hears(begun(petition))
    body = {"command": str(uuid4()), "petition": str(petition), "text": words}
    token = keys.sign(residents.settings.jwks.parent, "c-1", ["cadre"])
    kept = httpx.post(f"{residents.address}/vault/texts", json=body, headers={"Authorization": f"Bearer {token}"})
    assert kept.status_code == 201, kept.text
    residents.hears(replied(petition, kept.json()["ref"]))


def limit(petition: UUID, due: datetime) -> cases.CaseLimitSet:
    """A limit with every rule in its sum."""
    rules = cases.SumRule
    last = due.date()
    steps = [
        (rules.STARTING_DAY_NOT_COUNTED, 0, last - timedelta(days=62)),
        (rules.DAYS_ADDED, 60, last - timedelta(days=2)),
        (rules.MOVED_OFF_A_DAY_OFF, 2, last),
        (rules.END_OF_LAST_DAY, 0, last),
    ]
    because = tuple(cases.SumStep(rule=rule, days=days, reached=reached) for rule, days, reached in steps)
    return cases.CaseLimitSet(petition=petition, step=cases.Step.REPLY, due=due, because=because)


def events(residents: Installation, petition: str) -> list[str]:
    """What is on record of it."""
    rows = residents.sql("SELECT type FROM events WHERE stream = %s ORDER BY version", f"petition-{petition}")
    return [kind.removeprefix("lianxin.petition.").removesuffix(".v1") for (kind,) in rows]


def test_U2_number_and_code_open_it_and_stand_in_no_address(look: Look, residents: Installation) -> None:
    received = residents.raised()
    page = look.open(f"{residents.address}/follow", scripts=False)
    seen: list[tuple[str, str]] = []
    page.on("framenavigated", lambda frame: seen.append((frame.url, frame.page.title())))
    page.fill("#number", received["number"])
    page.fill("#secret", received["secret"])
    page.click("main button.primary")
    expect(page.locator("h1")).to_have_text("已收到您的诉求，正在交办")
    page.click("header a:has-text('特大')")
    expect(page.locator("h1")).to_have_text("已收到您的诉求，正在交办")
    page.click("main a.button:has-text('删除')")
    expect(page.locator("h1")).to_have_text("删除我的资料")
    page.click(".back a")
    page.click("button:has-text('看完了')")
    assert page.url == f"{residents.address}/follow"
    page.goto(f"{residents.address}/follow/petition")
    assert page.url == f"{residents.address}/follow"
    assert not [each for each in page.context.cookies() if each["name"] == "lx-follow"]
    secrets = (received["number"], received["number"].replace(" ", ""), received["secret"], received["petition"])
    assert not [each for each in seen if any(secret in "".join(each) for secret in secrets)]
    assert len(seen) >= 3


def test_U2_the_cookie_is_no_scripts_and_ends_by_itself(look: Look, residents: Installation) -> None:
    page = residents.opened(look, residents.raised(), scripts=False)
    [cookie] = [each for each in page.context.cookies() if each["name"] == "lx-follow"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert 0 < cookie["expires"] - datetime.now(UTC).timestamp() <= 3600


def test_A7_a_wrong_code_and_too_many_tries_say_what_to_do(look: Look, residents: Installation) -> None:
    received = residents.raised()
    page = look.open(f"{residents.address}/follow", scripts=False)
    page.click("main button.primary")
    expect(page.locator(".errors")).to_contain_text("写上12位编号，收据上有")
    page.fill("#number", "1234 5678 9012")
    page.fill("#secret", "AAAAAAAA")
    page.click("main button.primary")
    expect(page.locator("#number-fault")).to_contain_text("编号是12位，里面有一位不对")
    page.fill("#number", received["number"])
    for _ in range(5):
        page.click("main button.primary")
        expect(page.locator("#secret-fault")).to_contain_text("编号和查询码对不上")
    assert (page.input_value("#number"), page.input_value("#secret")) == (received["number"], "AAAAAAAA")
    page.fill("#secret", received["secret"])
    page.click("main button.primary")
    expect(page.locator(".errors")).to_contain_text("15分钟后再试")
    look_again = look.open(f"{residents.address}/follow")
    look_again.fill("#number", received["number"])
    look_again.fill("#secret", received["secret"])
    look_again.click("main button.primary")
    look.here(look_again, "follow-locked")


def test_C3_the_limit_counts_down_and_every_rule_of_its_sum_has_words(look: Look, residents: Installation) -> None:
    received = residents.raised()
    petition = UUID(received["petition"])
    midnight = (now := datetime.now(UTC)).replace(hour=16, minute=0, second=0, microsecond=0)  # here
    due = midnight + timedelta(days=5 if midnight > now else 6)
    residents.hears(opened(petition), cases.CaseAssigned(petition=petition, credit=credit()), limit(petition, due))
    page = residents.opened(look, received, scripts=False)
    expect(page.locator("h1")).to_have_text("您的诉求已经交给承办单位")
    expect(page.locator(".clock")).to_contain_text("由县水务局办理")
    assert page.locator(".clock .big").inner_text().startswith("还有5天")
    page.click(".clock summary")
    lines = page.locator(".sum div").all_inner_texts()
    words = ["开始那天不算", "从第二天起数60天", "这天放假，往后移2天到工作日", "到这天24:00为止"]
    assert [line.split("\n")[0] for line in lines] == words
    assert [line.split("\n")[-1] for line in lines] == [
        _day(due.date() - timedelta(days=back)) for back in (62, 2, 0, 0)
    ]
    english = residents.opened(look, received, language="en")
    english.click(".clock summary")
    look.here(english, "petition-assigned-en", language="en")


def _day(value: date) -> str:
    with speaking(Words("zh")):
        return day_text(value)


def test_C3_overdue_is_said_in_plain_words(look: Look, residents: Installation) -> None:
    received = residents.raised()
    petition = UUID(received["petition"])
    residents.hears(begun(petition), limit(petition, datetime.now(UTC) - timedelta(days=3)))
    page = residents.opened(look, received)
    expect(page.locator(".clock .big")).to_have_text("已超过3天")
    look.here(page, "petition-late-zh")


def test_A11_the_offices_outcome_and_the_residents_verdict_are_two_lines(look: Look, residents: Installation) -> None:
    received = residents.raised()
    answered(residents, received)
    page = residents.opened(look, received, scripts=False)
    expect(page.locator("h1")).to_have_text("承办单位已经答复您")
    assert page.locator(".block .words").inner_text() == REPLY
    assert page.locator("a.button:has-text('撤回诉求')").count() == 0, "it would change nothing any more"
    assert page.locator(".summary").first.inner_text().split() == ["承办单位说", "解决了", "您说", "还没有说"]
    page.click("main button.primary")
    expect(page.locator(".errors")).to_contain_text("选其中一项")
    page.check("label:has-text('没有解决') input")
    page.check("label:has-text('非常不满意') input")
    page.fill("#words", "还是不亮 <三盏>")
    page.click("main button.primary")
    assert page.url == f"{residents.address}/follow/petition?done=verdict"
    expect(page.locator("[role=status]")).to_have_text("已收到您的评价。")
    assert page.locator(".summary").first.inner_text().split() == [
        "承办单位说",
        "解决了",
        "您说",
        "没有解决",
        "·",
        "非常不满意",
    ]
    assert events(residents, received["petition"]) == ["registered", "verdict_given"]
    page.reload()
    assert events(residents, received["petition"]) == ["registered", "verdict_given"]
    page.click("summary:has-text('改一改')")
    page.check("label:has-text('没有解决') input")
    page.check("label:has-text('非常不满意') input")
    page.click("main button.primary")
    expect(page.locator(".errors")).to_contain_text("和上次的评价一样，不用再交")
    assert page.is_checked("label:has-text('非常不满意') input")


def test_C8_the_words_of_a_refused_verdict_stay(look: Look, residents: Installation) -> None:
    received = residents.raised()
    answered(residents, received)
    page = residents.opened(look, received, scripts=False)
    page.check("label:has-text('解决了一部分') input")
    page.fill("#words", "水" * 5001)
    page.click("main button.primary")
    expect(page.locator(".errors")).to_contain_text("最多写5000字")
    assert page.input_value("#words") == "水" * 5001
    assert page.is_checked("label:has-text('解决了一部分') input")


def test_C4_withdrawing_is_asked_on_a_page_of_its_own_once(look: Look, residents: Installation) -> None:
    received = residents.raised()
    page = residents.opened(look, received, scripts=False)
    page.click("a.button:has-text('撤回诉求')")
    page.click("button.danger")
    expect(page.locator("[role=status]")).to_contain_text("已收到您的撤回申请")
    assert page.locator("a.button:has-text('撤回诉求')").count() == 0
    assert events(residents, received["petition"]) == ["registered", "withdrawal_asked"]
    page.goto(f"{residents.address}/follow/petition/withdrawal")
    expect(page.locator("main")).to_contain_text("不用再撤回")
    petition = UUID(received["petition"])
    residents.hears(opened(petition), cases.CaseWithdrawn(petition=petition))
    page.goto(f"{residents.address}/follow/petition")
    expect(page.locator("h1")).to_have_text("这件诉求已经撤回")


def test_P1_erasing_says_what_it_means_and_when_it_is_complete(look: Look, residents: Installation) -> None:
    received = residents.raised()
    answered(residents, received)
    page = residents.opened(look, received, scripts=False)
    page.click("a.button:has-text('删除我的资料')")
    last = _day(datetime.now(LOCAL).date() + timedelta(days=30))
    expect(page.locator("main")).to_contain_text(f"最后一份备份保存到{last}")
    page.click("button.danger")
    expect(page.locator("[role=status]")).to_have_text("您的资料已删除。")
    expect(page.locator("main")).to_contain_text(f"最后一份备份保存到{last}")
    expect(page.locator(".block.office")).to_contain_text("答复的文字一起删掉了")
    assert page.locator("#words").count() == 0
    page.check("label:has-text('解决了一部分') input")
    page.click("main button.primary")
    expect(page.locator("[role=status]")).to_have_text("已收到您的评价。")


def test_what_an_address_says_was_done_is_said_only_where_it_was(look: Look, residents: Installation) -> None:
    page = residents.opened(look, residents.raised(), scripts=False)
    for done in ("verdict", "withdrawal", "erasure"):
        page.goto(f"{residents.address}/follow/petition?done={done}")
        assert page.locator("[role=status]").count() == 0


@pytest.mark.parametrize("act", ["verdict", "withdrawal", "erasure"])
def test_an_act_without_a_code_does_nothing_and_says_what_to_do(residents: Installation, act: str) -> None:
    headers = {"Origin": residents.address, "Accept": "text/html"}
    data = {"command": str(uuid4()), "solved": "solved"}
    answer = httpx.post(f"{residents.address}/follow/petition/{act}", data=data, headers=headers)
    assert (answer.status_code, "再写一次编号和查询码" in answer.text) == (401, True)


def test_U2_a_cookie_with_a_wrong_code_leads_to_the_form_and_is_taken_back(residents: Installation) -> None:
    number = residents.raised()["number"].replace(" ", "")
    for held in (f"{number}.AAAAAAAA", "x", f"{number}"):
        answer = httpx.get(f"{residents.address}/follow/petition", cookies={"lx-follow": held})
        assert (answer.status_code, answer.headers["location"]) == (303, "/follow")


State = Callable[[Installation, dict[str, Any]], None]


def _reopened(residents: Installation, received: dict[str, Any]) -> None:
    answered(residents, received)
    residents.hears(cases.CaseReopened(petition=UUID(received["petition"]), credit=credit()))


def _closed(residents: Installation, received: dict[str, Any]) -> None:
    answered(residents, received)
    petition = UUID(received["petition"])
    residents.hears(cases.CaseClosed(petition=petition, because=cases.Closing.VERDICT))


def _withdrawn(residents: Installation, received: dict[str, Any]) -> None:
    petition = UUID(received["petition"])
    residents.hears(begun(petition), cases.CaseWithdrawn(petition=petition))


def _accepted(residents: Installation, received: dict[str, Any]) -> None:
    petition = UUID(received["petition"])
    residents.hears(begun(petition), cases.CaseAccepted(petition=petition, credit=credit()))


STATES: dict[str, tuple[State, str]] = {
    "registered": (lambda residents, received: None, "已收到您的诉求，正在交办"),
    "accepted": (_accepted, "您的诉求正在办理"),
    "replied": (answered, "承办单位已经答复您"),
    "reopened": (_reopened, "您说没有解决，正在重新办理"),
    "closed": (_closed, "这件诉求已经办结"),
    "withdrawn": (_withdrawn, "这件诉求已经撤回"),
}


@pytest.mark.parametrize("name", STATES)
def test_A2_every_state_can_be_read_hit_and_seen(look: Look, residents: Installation, name: str) -> None:
    reach, heading = STATES[name]
    received = residents.raised()
    reach(residents, received)
    page = residents.opened(look, received)
    expect(page.locator("h1")).to_have_text(heading)
    look.here(page, f"petition-{name}-zh")
    held = {"lx-follow": f"{received['number'].replace(' ', '')}.{received['secret']}"}
    look(f"{residents.address}/follow/petition", f"petition-{name}", cookies=held, languages=("en",))


def test_A2_forms_and_questions_can_be_read_hit_and_seen(look: Look, residents: Installation) -> None:
    look(f"{residents.address}/follow", "follow")
    page = look.open(f"{residents.address}/follow")
    page.click("main button.primary")
    look.here(page, "follow-faults")
    received = residents.raised()
    answered(residents, received)
    held = {"lx-follow": f"{received['number'].replace(' ', '')}.{received['secret']}"}
    for act in ("withdrawal", "erasure"):
        look(f"{residents.address}/follow/petition/{act}", f"petition-{act}", cookies=held)
    page = residents.opened(look, received)
    page.click("main button.primary")
    look.here(page, "petition-faults")
    page.goto(f"{residents.address}/follow/petition/erasure")
    page.click("button.danger")
    look.here(page, "petition-erased")


def test_C4_every_phase_has_its_words() -> None:
    assert set(telling.STATES) == set(Phase)
    assert set(telling.REACHED) == set(Phase) - {Phase.REGISTERED}
    assert set(telling.COMING) == set(Phase) - set(telling.ENDED)
    assert set(telling.OUTCOMES) == set(cases.Outcome)
