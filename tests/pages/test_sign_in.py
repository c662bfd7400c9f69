"""Signing in at the local issuer, staying in, and leaving: in a browser without scripts, as everywhere."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Page, expect

from deploy.local import issuer, keys
from deploy.local.state import free_ports
from services.runtime import migrate
from services.runtime.database import conninfo
from services.runtime.settings import Settings
from tests.pages.desk import application
from tests.pages.looking import Look
from tests.pages.serving import on_port
from tests.servers import Addresses


@dataclass
class Installation:
    """A desk with a database, and the issuer beside it."""

    desk: str
    issuer: str
    state: Path
    database: str

    def sql(self, text: Any) -> list[tuple[Any, ...]]:
        """Asks the desk's database."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(text)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def running(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Both, served."""
    state = tmp_path_factory.mktemp("state")
    space, ports = f"t{uuid.uuid4().hex[:12]}", free_ports(2, set())
    desk, at = (f"http://127.0.0.1:{port}" for port in ports)
    settings = Settings(
        space=space,
        postgres=servers.postgres,
        jwks=keys.make_key(state / "keys"),
        county="示范县",
        county_en="Model County",
        plain_http=True,
        oidc_discovery=f"{at}{keys.DISCOVERY}",
    )
    with psycopg.connect(conninfo(servers.postgres, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{space}_desk"')
    migrate.migrate(settings.database("desk"), [migrate.SESSION])
    with on_port(issuer.application(state, at), ports[1]), on_port(application(settings), ports[0]):
        yield Installation(desk, at, state, settings.database("desk"))


def sign_in(page: Page, person: str = "c-0001") -> None:
    """Picks somebody on the issuer's page."""
    page.click(f"a.way:has-text('{person}')")


def test_who_is_not_signed_in_signs_in_and_is_back_where_he_was(running: Installation, look: Look) -> None:
    page = look.open(f"{running.desk}/own?from=list", scripts=False)
    assert page.url.startswith(f"{running.issuer}/authorize?")
    sign_in(page)
    assert page.url == f"{running.desk}/own?from=list"
    expect(page.locator(".who")).to_contain_text("c-0001")
    [cookie] = [each for each in page.context.cookies() if each["name"] == "lx-desk"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Lax", -1)
    assert not running.sql(f"SELECT 1 FROM session WHERE encode(hash, 'escape') LIKE '%{cookie['value']}%'")
    assert not [each for each in page.context.cookies() if each["name"] == "lx-desk-sign-in"]


def test_signing_out_ends_the_session_at_once_and_the_issuer_is_left_apart(running: Installation, look: Look) -> None:
    page = look.open(f"{running.desk}/own", scripts=False)
    sign_in(page)
    [held] = [each["value"] for each in page.context.cookies() if each["name"] == "lx-desk"]
    assert httpx.get(f"{running.desk}/own", cookies={"lx-desk": held}).status_code == 200
    page.click(".who button")
    assert page.url == f"{running.desk}/signed-out"
    assert httpx.get(f"{running.desk}/own", cookies={"lx-desk": held}).status_code == 303
    page.goto(f"{running.desk}/own")
    assert page.url == f"{running.desk}/own", "the issuer still knew who it was"
    page.click(".who button")
    page.click("main a.button >> nth=0")
    assert page.url == f"{running.issuer}/end"
    page.goto(f"{running.desk}/own")
    assert page.url.startswith(f"{running.issuer}/authorize?")


def test_the_wrong_role_is_told_so_and_may_come_back_as_somebody_else(running: Installation, look: Look) -> None:
    page = look.open(f"{running.desk}/own")
    sign_in(page, "organiser-0001")
    assert page.url == f"{running.desk}/own"
    expect(page.locator("h1")).to_contain_text("其他角色")
    look.here(page, "wrong-role")
    page.click("main a.button")
    look.here(page, "issuer")
    sign_in(page)
    assert page.url == f"{running.desk}/own"
    expect(page.locator("h1")).to_contain_text("Entry")


def test_what_was_typed_outlives_the_session_a17(running: Installation, look: Look) -> None:
    page = look.open(f"{running.desk}/own")
    sign_in(page)
    page.fill("#what", "村口的“水管”坏了 <三天>")
    page.check("#channel")
    page.select_option("#village", "east")
    page.check("#households-2")
    running.sql("UPDATE session SET revoked = now() WHERE principal = 'c-0001'")
    page.click("button.primary")
    look.here(page, "session-ended")
    assert page.input_value("input[name=what]") == "村口的“水管”坏了 <三天>"
    with page.context.expect_page() as opened:
        page.click("main a.button")
    expect(opened.value.locator("h1")).to_contain_text("您已登录")
    page.click("button.second")
    assert page.url == f"{running.desk}/own?sent=1"


def test_a_sign_in_that_ends_soon_is_said_and_made_anew_beside_the_form_a17(running: Installation, look: Look) -> None:
    page = look.open(f"{running.desk}/own")
    sign_in(page)
    assert page.locator(".block.warn").count() == 0
    running.sql("UPDATE session SET expires = now() + interval '20 minutes' WHERE principal = 'c-0001'")
    page.reload()
    expect(page.locator(".block.warn")).to_contain_text("登录到")
    look.here(page, "sign-in-ends")
    page.fill("#what", "写了一半")
    with page.context.expect_page() as opened:
        page.click(".block.warn a")
    expect(opened.value.locator("h1")).to_contain_text("您已登录")
    page.check("#channel")
    page.select_option("#village", "east")
    page.check("#households-2")
    page.click("button.primary")
    assert page.url == f"{running.desk}/own?sent=1"
    assert page.locator(".block.warn").count() == 0


def test_people_are_those_that_the_file_names(running: Installation, look: Look) -> None:
    file = running.state / "people.json"
    people = [{"id": "c-0042", "name": "甲", "roles": ["cadre", "office"], "office": "o-0001"}]
    file.write_text(json.dumps(people))
    try:
        page = look.open(f"{running.desk}/own", scripts=False)
        assert page.locator("a.way").count() == 1
        sign_in(page, "甲")
        found = running.sql("SELECT roles, office FROM session WHERE principal = 'c-0042'")
        assert found == [(["cadre", "office"], "o-0001")]
    finally:
        file.unlink()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"redirect_uri": "https://elsewhere.example/"}, 400),
        ({"redirect_uri": "http://127.0.0.1@elsewhere.example/"}, 400),
        ({"client_id": "other"}, 400),
        ({"code_challenge_method": "plain"}, 400),
        ({"response_type": "token"}, 400),
        ({}, 303),
    ],
)
def test_the_issuer_gives_codes_to_this_machine_alone(running: Installation, change: Any, status: int) -> None:
    asked = {"client_id": "lianxin", "redirect_uri": f"{running.desk}/sign-in/back", "response_type": "code"}
    asked |= {"state": "s", "nonce": "n", "code_challenge": "c", "code_challenge_method": "S256", "person": "c-0001"}
    answer = httpx.get(f"{running.issuer}/authorize", params=asked | change)
    assert answer.status_code == status
    assert "location" not in answer.headers or status == 303


def test_a_code_is_good_once_and_for_who_asked(running: Installation) -> None:
    asked = {"client_id": "lianxin", "redirect_uri": f"{running.desk}/sign-in/back", "response_type": "code"}
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # of RFC 7636, appendix B
    asked |= {"state": "s", "nonce": "n", "code_challenge": challenge, "code_challenge_method": "S256"}
    good = {"code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "grant_type": "authorization_code"}
    good |= {"client_id": "lianxin", "redirect_uri": asked["redirect_uri"]}

    def code() -> str:
        answer = httpx.get(f"{running.issuer}/authorize", params=asked | {"person": "c-0001"})
        return httpx.URL(answer.headers["location"]).params["code"]

    def redeem(code: str, **change: str) -> int:
        return httpx.post(f"{running.issuer}/token", data=good | {"code": code} | change).status_code

    once = code()
    assert [redeem(once), redeem(once)] == [200, 400]
    assert redeem(code(), code_verifier="another") == 400
    assert redeem(code(), redirect_uri="http://127.0.0.1/") == 400
    assert redeem("no-such-code") == 400


def test_a_callback_that_nobody_here_began_signs_nobody_in(running: Installation, look: Look) -> None:
    page = look.open(f"{running.desk}/sign-in/back?code=x&state=y")
    expect(page.locator("h1")).to_contain_text("登录没有完成")
    assert not [each for each in page.context.cookies() if each["name"] == "lx-desk"]
    page.click("main a.button")
    sign_in(page)
    assert page.url == f"{running.desk}/"
