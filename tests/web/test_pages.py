"""What stands around pages: headers, foreign requests, language and size, errors as pages; and forms (A-7)."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from deploy.local import keys
from services.runtime.settings import Settings
from services.web.guard import CSP, from_here
from services.web.signin import local
from tests.pages.desk import application
from tests.web.serving import Client, serving

HTML = {"Accept": "text/html"}
SAME = HTML | {"Sec-Fetch-Site": "same-origin"}
GOOD = {"command": "c", "what": "水", "channel": "web", "village": "east"}


@asynccontextmanager
async def nothing(_: FastAPI) -> AsyncIterator[None]:
    """Opens nothing."""
    yield


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder: Path = tmp_path_factory.mktemp("keys")
    app = application(
        Settings(jwks=keys.make_key(folder), county="示范县", county_en="Model County", help_hours="8-18")
    )
    app.router.lifespan_context = nothing
    with serving(app, folder) as client:
        yield client


@pytest.fixture(autouse=True)
def _forgetful(desk: Client) -> None:
    """A browser that was never here."""
    desk.forget()


def test_language_and_size_of_a_form_send_it_once_more_and_let_no_foreign_one_act(desk: Client) -> None:
    answer = desk.ask("POST", "/entry?a=1&size=large", data=GOOD, headers=SAME)
    assert (answer.status_code, answer.headers["location"]) == (307, "/entry?a=1")
    assert answer.headers["set-cookie"].startswith("lx-size=large;")
    foreign = HTML | {"Sec-Fetch-Site": "cross-site"}
    assert desk.ask("POST", "/entry?size=large", data=GOOD, headers=foreign).status_code == 307
    assert desk.ask("POST", "/entry", data=GOOD, headers=foreign).status_code == 403


def test_a_page_is_private_and_takes_nothing_from_elsewhere(desk: Client) -> None:
    for path, status in {"/entry": 200, "/nowhere": 404, "/broken": 500, "/sign-in": 503}.items():
        answer = desk.ask("GET", path, headers=HTML)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8"), path
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert policy == CSP
        assert (CSP["default-src"], CSP["style-src"], CSP["script-src"]) == ("'none'", "'self'", "'self'")
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "示范县" in answer.text


def test_who_asks_for_json_gets_json_as_ever(desk: Client) -> None:
    assert desk.ask("GET", "/nowhere").json()["code"] == "http.not-found"
    assert desk.ask("GET", "/broken").json()["code"] == "service.failed"
    assert desk.ask("DELETE", "/entry").json()["code"] == "http.method"


def test_the_stylesheet_is_asked_for_once(desk: Client) -> None:
    text = desk.ask("GET", "/entry", headers=HTML).text
    path = text.split('<link rel="stylesheet" href="')[1].split('"')[0]
    answer = desk.ask("GET", path)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert desk.ask("GET", path, headers={"Accept-Encoding": "identity"}).text == answer.text
    assert desk.ask("GET", path.replace(".css", "0.css")).status_code == 404
    assert desk.ask("GET", "/static/../session.sql").status_code == 404


@pytest.mark.parametrize(
    ("headers", "good"),
    [
        ({}, True),  # a program that sends JSON without a cookie: whoever may do what is the route's matter
        ({"cookie": "a=b"}, False),
        ({"content-type": "application/x-www-form-urlencoded"}, False),
        ({"content-type": "Multipart/Form-Data; boundary=x"}, False),
        ({"content-type": "text/plain"}, False),
        ({"cookie": "a=b", "sec-fetch-site": "same-origin"}, True),
        ({"cookie": "a=b", "sec-fetch-site": "none"}, True),
        ({"cookie": "a=b", "sec-fetch-site": "same-site"}, False),
        ({"cookie": "a=b", "sec-fetch-site": "cross-site", "origin": "http://here:81"}, False),
        ({"cookie": "a=b", "origin": "http://here:81"}, True),
        ({"cookie": "a=b", "origin": "https://here:81"}, True),  # whoever ends TLS before us
        ({"cookie": "a=b", "origin": "http://here"}, False),
        ({"cookie": "a=b", "origin": "http://here:81.elsewhere"}, False),
        ({"cookie": "a=b", "origin": "null"}, False),
        ({"cookie": "a=b", "origin": ""}, False),
        ({"cookie": "a=b", "referer": "http://here:81/entry"}, False),
        ({"cookie": "a=b", "authorization": "Bearer x"}, True),
        ({"cookie": "a=b", "authorization": "Basic x"}, False),
    ],
)
def test_an_unsafe_request_is_taken_from_our_own_pages_alone(headers: dict[str, str], good: bool) -> None:
    assert from_here(Headers({"host": "here:81", **headers})) is good


def test_a_form_of_another_site_changes_nothing(desk: Client) -> None:
    answer = desk.ask("POST", "/entry", data=GOOD, headers=HTML | {"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, "不是从本站页面发来的" in answer.text) == (403, True)
    assert desk.ask("POST", "/entry", data=GOOD, headers={"Origin": "http://evil"}).json()["code"] == "csrf.foreign"
    assert desk.ask("POST", "/entry", data=GOOD, headers={"Origin": "http://test"}).status_code == 303
    assert desk.ask("POST", "/entry", data=GOOD, headers=SAME).headers["location"] == "/entry?sent=1"


def test_language_and_size_are_chosen_by_a_link_and_kept(desk: Client) -> None:
    answer = desk.ask("GET", "/entry?a=1&lang=en&b=%E6%B0%B4&size=largest", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/entry?a=1&b=%E6%B0%B4")
    kept = [cookie.split(";")[0] for cookie in answer.headers.get_list("set-cookie")]
    assert kept == ["lx-lang=en", "lx-size=largest"]
    page = desk.ask("GET", "/entry", headers=HTML | {"Cookie": "; ".join(kept)}).text
    assert '<html lang="en" class="largest">' in page
    assert "Model County" in page
    desk.forget()
    assert '<html lang="zh-CN" class="normal">' in desk.ask("GET", "/entry", headers=HTML).text
    other = desk.ask("GET", "/entry", headers=HTML | {"Cookie": "lx-lang=xx; lx-size=x"})
    assert '<html lang="zh-CN" class="normal">' in other.text
    assert desk.ask("GET", "/entry?lang=xx", headers=HTML).status_code == 200
    elsewhere = desk.ask("GET", "/%2Fevil.example/?lang=en", headers=HTML).headers["location"]
    assert local(elsewhere) == elsewhere != "/"


@pytest.mark.parametrize(
    ("sent", "status", "told"),
    [
        ({"what": " "}, 422, "写一写是什么事，一句话也可以"),
        ({"what": "水" * 201}, 422, "写一写是什么事，一句话也可以"),
        ({"channel": "drum"}, 422, "选其中一项"),
        ({"village": ""}, 422, "填好这一项"),
        ({"village": "nowhere"}, 422, "没有找到这个地方，选一个村。"),
        ({"what": "closed"}, 409, "这件事已经办结，看一下经过。"),
        ({"what": "away"}, 503, "暂时没有收到。"),
    ],
)
def test_a_form_comes_back_with_what_has_to_change_and_all_that_was_typed_a7(
    desk: Client, sent: dict[str, str], status: int, told: str
) -> None:
    typed = GOOD | {"households": ["h-2"], "telephone": '"<138>'} | sent
    answer = desk.ask("POST", "/entry", data=typed, headers=SAME)
    assert answer.status_code == status
    assert told in answer.text
    assert "<title>错误： " in answer.text
    assert 'value="&#34;&lt;138&gt;"' in answer.text
    assert 'value="h-2" checked' in answer.text
    assert '<input type="hidden" name="command" value="c">' in answer.text
    english = desk.ask("POST", "/entry", data=typed, headers=SAME | {"Cookie": "lx-lang=en"})
    assert told not in english.text
    assert "<title>Error: " in english.text


def test_a_refusal_names_its_field_or_the_page(desk: Client) -> None:
    field = desk.ask("POST", "/entry", data=GOOD | {"village": "nowhere"}, headers=SAME).text
    assert 'href="#village"' in field
    whole = desk.ask("POST", "/entry", data=GOOD | {"what": "closed"}, headers=SAME).text
    assert 'href="#' not in whole.split('class="errors"')[1].split("</ul>")[0]


def test_the_lack_of_a_right_is_no_field_s_fault_a7(desk: Client) -> None:
    answer = desk.ask("POST", "/entry", data=GOOD | {"what": "not yours"}, headers=SAME)
    assert answer.status_code == 403
    assert "<form" not in answer.text.split("<main")[1]


def test_a_body_that_is_too_large_is_refused_in_words(desk: Client) -> None:
    answer = desk.ask("POST", "/entry", content=b"what=" + b"x" * 2**21, headers=SAME | {"Content-Type": FORM})
    assert (answer.status_code, "内容太大" in answer.text) == (413, True)


FORM = "application/x-www-form-urlencoded"


@given(st.dictionaries(st.sampled_from(["what", "channel", "village", "households", "x"]), st.text(max_size=30)))
def test_any_form_is_taken_or_comes_back(desk: Client, sent: dict[str, Any]) -> None:
    safe = {name: value.encode(errors="replace").decode() for name, value in sent.items()}
    assert desk.ask("POST", "/entry", data=safe, headers=SAME).status_code in {303, 403, 409, 422, 503}


@pytest.mark.parametrize("path", ["/", "/own?a=b&c=/d", "/desk/%2F%2Fx"])
def test_one_comes_back_to_a_path_of_this_host(path: str) -> None:
    assert local(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "x",
        "//evil",
        "/\\evil",
        "\\\\evil",
        "https://evil",
        "/\t/evil",
        "/x\r\nSet-Cookie: a",
        "///evil",
        " /x",
        None,
        5,
    ],
)
def test_one_never_comes_back_to_another_host(path: Any) -> None:
    assert local(path) == "/"


@given(st.text())
def test_whatever_one_comes_back_to_is_local(path: str) -> None:
    found = local(path)
    assert found.startswith("/")
    assert found[1:2] not in {"/", "\\"}
