"""Rating by code in a browser without scripts, cookies or a session: what is asked, what is said, what is not (G2)."""

import asyncio
import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from lianxin_schemas.events.responsibility import RegionLevel
from playwright.sync_api import Page, Request, expect

from deploy.local import keys
from services.intake.api import ratings
from services.intake.api.app import application
from services.intake.domain.codes import Guesses
from services.intake.domain.rounds import local_day
from services.intake.settings import Settings
from tests.intake.given import make
from tests.intake.ratings import DAY, a_round
from tests.pages.looking import Look
from tests.pages.residents import topics_of
from tests.pages.serving import on_port
from tests.servers import Addresses

TODAY = local_day(datetime.now(UTC))
TOWN, VILLAGE = "990101001", "990101001001"


@dataclass
class Intake:
    """intake, served, with its database."""

    at: str
    settings: Settings
    app: Any

    def sql(self, text: Any) -> list[tuple[Any, ...]]:
        """Asks intake's database."""
        with psycopg.connect(self.settings.database("intake"), autocommit=True) as connection:
            cursor = connection.execute(text)
            return cursor.fetchall() if cursor.description else []

    def codes(self, **fields: Any) -> list[str]:
        """Opens a round; answers with its codes."""
        event = a_round(**({"invited": 5, "closes": TODAY + DAY, "cadre": "c-0031"} | fields))
        token = keys.sign(self.settings.jwks.parent, "o-1", ["organisation"])
        opened = httpx.post(
            f"{self.at}/ratings/rounds",
            json={"command": str(uuid.uuid4()), "round": event.model_dump(mode="json")},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert opened.status_code == 201, opened.text
        codes: list[str] = opened.json()["codes"]
        return codes

    def kept(self) -> list[tuple[Any, ...]]:
        """How many codes are spent."""
        return self.sql("SELECT count(*) FROM rating_code WHERE spent")


@pytest.fixture(scope="module")
def intake(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    """One for all tests here; a zone, its places and its cadre are known by name."""
    settings = make(
        servers,
        jwks=keys.make_key(tmp_path_factory.mktemp("keys")),
        county="示范县",
        county_en="Model County",
        plain_http=True,
    )
    app = application(settings)
    with topics_of(settings), on_port(app) as at:
        made = Intake(at, settings, app)
        made.sql(
            f"INSERT INTO region VALUES ('{TOWN}', 1, '{RegionLevel.TOWNSHIP}', NULL),"
            f" ('{VILLAGE}', 1, '{RegionLevel.VILLAGE}', '{TOWN}')"
        )
        made.sql(f"INSERT INTO zone VALUES ('z-01', 1, 'village', '{VILLAGE}')")
        made.sql(
            f"INSERT INTO directory VALUES ('region-{TOWN}', 1, '石桥镇', 'Stone Bridge'),"
            f" ('region-{VILLAGE}', 1, '上坝村', 'Upper Dam'), ('cadre-c-0031', 1, '测试甲', 'Test A')"
        )
        yield made


@pytest.fixture(autouse=True)
def nobody_guessed(intake: Intake) -> None:
    intake.app.state.ballots._guesses = Guesses()


def enter(page: Page, code: str) -> None:
    """Types a code and goes on."""
    page.fill("#code", code)
    page.click("button.primary")


def test_G2_a_code_is_answered_once_without_scripts_session_or_cookie_and_stands_in_no_address(
    intake: Intake, look: Look
) -> None:
    code, *_ = intake.codes()
    before = intake.kept()
    page = look.open(f"{intake.at}/rate", scripts=False)
    page.context.clear_cookies()
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108
    enter(page, code.replace("-", "").lower())
    expect(page.locator("h1")).to_have_text("测评：测试甲")
    expect(page.locator(".summary")).to_contain_text("石桥镇上坝村")
    expect(page.locator(".summary")).to_contain_text("2月1日")
    assert page.locator("label.row").all_inner_texts() == ["非常满意", "满意", "一般", "不满意", "非常不满意"]
    assert page.locator("input[type=hidden]").evaluate_all("all => all.map(e => e.name)") == ["code"]
    assert intake.kept() == before, "to look uses nothing up"
    page.check("input[name=mark] >> nth=1")
    page.click("button.primary")
    expect(page.locator("h1")).to_have_text("已收到您的评价")
    page.reload()
    expect(page.locator("h1")).to_have_text("已收到您的评价")
    assert {urlsplit(one.url).path for one in asked if "/static/" not in one.url} == {
        "/rate",
        "/rate/answer",
        "/rate/thanks",
    }
    plain = code.replace("-", "").lower()
    assert not [one.url for one in asked if urlsplit(one.url).query or plain in one.url.replace("-", "").lower()]
    assert page.context.cookies() == []
    assert intake.kept()[0][0] == before[0][0] + 1
    assert intake.sql("SELECT count(*) FROM session") == [(0,)]


def test_G2_the_second_answer_is_told_so_and_a_look_tells_nobody_whether_a_code_was_used(
    intake: Intake, look: Look
) -> None:
    used, fresh, *_ = intake.codes()

    def post(path: str, **form: str) -> httpx.Response:
        return httpx.post(f"{intake.at}{path}", data=form, headers={"Origin": intake.at})

    assert post("/rate/answer", code=used, mark="1").status_code == 303
    looks = [post("/rate", code=code).text.replace(code, "…") for code in (used, fresh)]
    assert looks[0] == looks[1]
    page = look.open(f"{intake.at}/rate", scripts=False)
    enter(page, used)
    page.check("input[value='5']")
    with page.expect_response("**/rate/answer") as answered:
        page.click("button.primary")
    assert answered.value.status == 200
    expect(page.locator("h1")).to_have_text("这个测评码已经评过")


def test_G2_what_has_to_change_is_said_and_what_was_typed_stays(intake: Intake, look: Look) -> None:
    code, *_ = intake.codes()
    page = look.open(f"{intake.at}/rate", scripts=False)
    enter(page, "")
    expect(page.locator(".errors")).to_contain_text("测评码是12位")
    with page.expect_response("**/rate") as answered:
        enter(page, "0000-0000-0000")
    assert answered.value.status == 422
    expect(page.locator(".field .fault")).to_contain_text("没有这个测评码")
    assert page.input_value("#code") == "0000-0000-0000"
    enter(page, code)
    page.click("button.primary")
    expect(page.locator(".errors")).to_contain_text("选其中一项")
    expect(page.locator("h1")).to_have_text("测评：测试甲")
    assert page.input_value("input[name=code]") == code
    page.check("#mark")
    page.click("button.primary")
    assert page.url == f"{intake.at}/rate/thanks"


@pytest.mark.parametrize(
    ("kind", "first", "marks"),
    [
        ("zone", "非常满意", ["5", "4", "3", "2", "1"]),
        ("evaluation", "很好", ["5", "4", "3", "2", "1"]),
        ("reverse", "没有", ["1", "2", "3", "4", "5"]),
    ],
)
def test_G1_each_kind_asks_in_its_own_words_the_best_first(
    intake: Intake, look: Look, kind: str, first: str, marks: list[str]
) -> None:
    code, *_ = intake.codes(kind=kind, zone="z-01" if kind == "zone" else None, cadre="c-0099")
    page = look.open(f"{intake.at}/rate", scripts=False)
    enter(page, code)
    expect(page.locator("h1")).to_have_text("测评：编号c-0099的干部")
    assert page.locator("input[name=mark]").evaluate_all("all => all.map(e => e.value)") == marks
    assert page.locator("label.row").first.inner_text() == first
    assert page.locator("label.row").count() == 5


def test_G2_guessing_ends_for_a_while_by_looking_as_by_answering(intake: Intake, look: Look) -> None:
    code, *_ = intake.codes()
    origin = {"Origin": intake.at}
    for n in range(Guesses.MOST):
        path, form = ("/rate", {}) if n % 2 else ("/rate/answer", {"mark": "1"})
        wrong = httpx.post(f"{intake.at}{path}", data={"code": "0000-0000-0000"} | form, headers=origin)
        assert wrong.status_code == 422
    page = look.open(f"{intake.at}/rate")
    enter(page, code)
    expect(page.locator(".errors")).to_contain_text("15分钟后再试")
    look.here(page, "rate-wait")
    answered = httpx.post(f"{intake.at}/rate/answer", data={"code": code, "mark": "1"}, headers=origin)
    assert answered.status_code == 429


def test_G2_a_look_ends_at_a_whole_step_like_an_answer(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(seconds)

    code, *_ = intake.codes()
    monkeypatch.setattr(ratings, "asyncio", SimpleNamespace(sleep=sleep, get_running_loop=asyncio.get_running_loop))
    for path, form in (("/rate", {}), ("/rate/answer", {"mark": "4"})):
        for given in (code, "0000-0000-0000"):
            before = len(waits)
            httpx.post(f"{intake.at}{path}", data={"code": given} | form, headers={"Origin": intake.at})
            assert len(waits) > before
    assert all(0 < wait <= ratings.STEP for wait in waits)


def test_G2_nothing_of_code_or_mark_is_logged(intake: Intake, look: Look, caplog: pytest.LogCaptureFixture) -> None:
    code, *_ = intake.codes()
    with caplog.at_level(logging.DEBUG):
        page = look.open(f"{intake.at}/rate", scripts=False)
        enter(page, code)
        page.check("#mark")
        page.click("button.primary")
        expect(page.locator("h1")).to_have_text("已收到您的评价")
    assert code not in caplog.text
    assert not [one for one in caplog.records if "rat" in one.getMessage() and one.name.startswith(("services", "uv"))]


def test_rate_pages_look_well(intake: Intake, look: Look) -> None:
    look(f"{intake.at}/rate", "rate")
    look(f"{intake.at}/rate/thanks", "rate-thanks")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_state_of_rating_looks_well(intake: Intake, look: Look, language: str) -> None:
    code, *_ = intake.codes()
    page = look.open(f"{intake.at}/rate", language=language)

    def here(name: str) -> None:
        look.here(page, f"rate-{name}-{language}", language=language)

    enter(page, "0000-0000-0000")
    here("unknown")
    enter(page, code)
    here("mark")
    page.click("button.primary")
    here("mark-missing")
    page.check("#mark")
    page.click("button.primary")
    page.goto(f"{intake.at}/rate")
    enter(page, code)
    page.check("#mark")
    page.click("button.primary")
    here("counted")
