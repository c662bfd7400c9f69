"""What a resident said is shown to who handles it, once a reason was given; each reading is an event (P1, P2)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from playwright.sync_api import expect

from deploy.local.keys import sign
from tests.intake.asking import receive, register, told
from tests.intake.given import begun, replied
from tests.pages.looking import STAFF, Look
from tests.pages.offices import session
from tests.pages.residents import Installation

CADRE = ("c-1", "cadre")


@dataclass
class Intake:
    """intake, whose cases here lie with office o-1 and cadre c-1."""

    running: Installation
    url: str

    def petition(self, **fields: Any) -> str:
        """What a resident brought in."""
        answer = httpx.post(f"{self.url}/petitions/web", json=receive(**{"told": told(), **fields}))
        assert answer.status_code == 201, answer.text
        petition: str = answer.json()["petition"]
        self.running.hears(begun(UUID(petition)))
        return petition

    def reads(self, petition: str) -> list[tuple[str, str, str]]:
        """Of each text of a petition's resident that was read: by whom, why, what."""
        ask = self.running.sql
        [(person,)] = ask("SELECT data->>'resident' FROM events WHERE stream = %s", f"petition-{petition}")
        revealed = "SELECT data FROM events WHERE stream = %s AND type LIKE '%%revealed%%' ORDER BY version"
        found = ask(revealed, f"person-{person}")
        return [(data["by"], data["reason"], data["datum"]) for (data,) in found]

    def as_(self, id_: str, *roles: str, office: str | None = None) -> dict[str, str]:
        """The cookies of somebody who is signed in."""
        return session(self.running.settings, "intake", id_, *roles, office=office)


@pytest.fixture
def intake(residents: Installation) -> Intake:
    return Intake(residents, residents.address)


def test_P2_words_are_shown_after_a_reason_and_the_rest_only_when_asked_for(intake: Intake, look: Look) -> None:
    petition, cookies = intake.petition(), intake.as_(*CADRE)
    url = f"{intake.url}/words/{petition}"
    look(url, "words-asked", cookies=cookies, most=STAFF)
    page = look.open(url, cookies=cookies, scripts=False)
    for text in told().values():
        assert text not in page.content()
    assert intake.reads(petition) == [], "nothing was opened to ask"
    page.click("button.primary")
    expect(page.locator(".block.resident")).to_contain_text(told()["words"])
    expect(page.locator(".summary")).to_contain_text("居民的电话")
    for name in ("name", "telephone", "mail"):
        assert told()[name] not in page.content()
    assert intake.reads(petition) == [("c-1", "handling", "said")]
    page.check("input[value=telephone]")
    page.click("main button")
    expect(page.locator(".summary")).to_contain_text(told()["telephone"])
    assert intake.reads(petition) == [("c-1", "handling", "said"), ("c-1", "handling", "telephone")]
    shown = look.open(url, cookies=cookies)
    shown.check("input[value=name]")
    shown.click("button.primary")
    look.here(shown, "words-shown")


def test_P2_sending_the_same_again_is_one_reading(intake: Intake, look: Look) -> None:
    petition, cookies = intake.petition(), intake.as_(*CADRE)
    page = look.open(f"{intake.url}/words/{petition}", cookies=cookies, scripts=False)
    command = page.locator("input[name=command]").get_attribute("value") or ""
    for _ in range(2):
        answer = page.request.post(
            page.url,
            form={"command": command, "reason": "handling", "sorts": "words"},
            headers={"Origin": intake.url},
        )
        assert told()["words"] in answer.text()
    assert len(intake.reads(petition)) == 1


def test_A7_without_a_choice_or_a_reason_nothing_is_opened(intake: Intake, look: Look) -> None:
    petition = intake.petition()
    page = look.open(
        f"{intake.url}/words/{petition}",
        cookies=intake.as_("c-1", "cadre", "organisation"),
    )
    page.uncheck("input[value=words]")
    page.click("button.primary")
    expect(page.locator(".errors")).to_contain_text("选一个理由")
    expect(page.locator(".errors")).to_contain_text("选要看的内容")
    look.here(page, "words-faulty")
    assert intake.reads(petition) == []
    page.check("input[value=words]")
    page.check("input[value=inspection]")
    page.click("button.primary")
    assert intake.reads(petition) == [("c-1", "inspection", "said")]


def test_P2_who_does_not_handle_it_sees_nothing(intake: Intake, look: Look) -> None:
    mine = intake.petition()
    about_me = intake.petition(about=["c-1"])
    for petition, who in [
        (mine, intake.as_("c-2", "cadre")),
        (mine, intake.as_("s-1", "office", office="o-2")),
        (mine, intake.as_("s-1", "office")),
        (about_me, intake.as_(*CADRE)),
        (about_me, intake.as_("c-1", "office", office="o-1")),
        (about_me, intake.as_("c-1", "organisation")),
        (str(uuid4()), intake.as_(*CADRE)),
    ]:
        page = look.open(f"{intake.url}/words/{petition}", cookies=who, scripts=False)
        expect(page.locator("h1")).to_have_text("这份资料只给承办这件事的人看。")
        assert page.locator("main form").count() == 0
        sent: list[tuple[str, Any]] = [
            ("", {"command": str(uuid4()), "reason": "handling", "sorts": "words"}),
            ("", {"command": str(uuid4()), "reason": "inspection", "sorts": "words"}),
            ("/reply", {"command": str(uuid4()), "text": "答复"}),
        ]
        for path, form in sent:
            url = f"{intake.url}/words/{petition}{path}"
            answer = page.request.post(url, form=form, headers={"Origin": intake.url}, max_redirects=0)
            assert answer.status == 403, path
            assert told()["words"] not in answer.text()
    assert (intake.reads(mine), intake.reads(about_me)) == ([], [])


def test_P1_the_reply_is_kept_and_leads_back_to_the_case_that_sends_it(intake: Intake, look: Look) -> None:
    petition, cookies = intake.petition(), intake.as_("s-1", "office", office="o-1")
    url = f"{intake.url}/words/{petition}/reply"
    look(url, "words-reply", cookies=cookies, most=STAFF)
    page = look.open(url, cookies=cookies, scripts=False)
    page.click("button.primary")
    expect(page.locator(".errors a")).to_contain_text("写一写怎么答复")
    page.fill("#text", "水管已修好。\n12月1日起供水。")
    page.click("button.primary")
    look(page.url, "words-kept", cookies=cookies, most=STAFF)
    back = page.locator("main a.button").get_attribute("href") or ""
    assert back.startswith(f"/desk/cases/{petition}?said=")
    ref = back.split("said=")[1].split("#")[0]
    intake.running.hears(replied(UUID(petition), said=ref))
    page.goto(f"{intake.url}/words/{petition}")
    page.uncheck("input[value=words]")
    page.click("button.primary")
    expect(page.locator(".block.office p")).to_have_text(["水管已修好。", "12月1日起供水。"])


def test_P2_where_the_resident_left_nothing_the_page_says_so(intake: Intake, look: Look) -> None:
    command, cookies = register(), intake.as_(*CADRE)
    petition = command["petition"]["petition"]
    token = sign(intake.running.settings.jwks.parent, "importer", ["import"])
    sent = httpx.post(f"{intake.url}/petitions", json=command, headers={"Authorization": f"Bearer {token}"})
    assert sent.status_code == 201, sent.text
    intake.running.hears(begun(UUID(petition)))
    url = f"{intake.url}/words/{petition}"
    look(url, "words-none", cookies=cookies, most=STAFF)
    page = look.open(url, cookies=cookies, scripts=False)
    expect(page.locator(".empty")).to_contain_text("没有留下")
