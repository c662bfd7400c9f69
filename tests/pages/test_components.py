"""Every component on one page, seen in a browser (A-1 to A-18)."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI

from deploy.local import keys
from services.runtime.settings import Settings
from tests.pages.desk import application
from tests.pages.looking import Look
from tests.pages.serving import on_port


@asynccontextmanager
async def nothing(_: FastAPI) -> AsyncIterator[None]:
    """Opens nothing: nobody can sign in."""
    yield


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The desk, without a database."""
    folder: Path = tmp_path_factory.mktemp("keys")
    app = application(Settings(jwks=keys.make_key(folder), county="示范县", county_en="Model County", plain_http=True))
    app.router.lifespan_context = nothing
    with on_port(app) as address:
        yield address


def test_all_components_can_be_read_hit_and_seen_by_everybody(look: Look, desk: str) -> None:
    look(f"{desk}/", "components")


def test_what_was_refused_is_said_on_top_and_nothing_typed_is_lost_a7(look: Look, desk: str) -> None:
    page = look.open(f"{desk}/entry", scripts=False)
    page.fill("#telephone", "138 0000 0000")
    page.check("#households-2")
    page.click("button.primary")
    assert page.title().startswith("错误：")
    assert page.locator(".errors h2").inner_text() == "有3处需要改"
    assert page.locator(".errors:focus").count() == 1, "the summary has the focus"
    assert page.locator("#what-fault").inner_text() == "错误： 写一写是什么事，一句话也可以"
    assert page.locator("#channel-fault").inner_text() == "错误： 选其中一项"
    page.click(".errors a >> nth=0")
    assert page.locator("#what:focus").count() == 1, "a fault leads to its field"
    assert page.input_value("#telephone") == "138 0000 0000"
    assert page.is_checked("#households-2")
    assert not page.is_checked("#households")


def test_a_form_with_faults_and_a_refusal_is_as_readable_as_any_page(look: Look, desk: str) -> None:
    page = look.open(f"{desk}/entry")
    page.click("button.primary")
    look.here(page, "faults")
    look(f"{desk}/nowhere", "not-found", status=404)
