"""Closed by default: every route of every service asks who it is, and states who may."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import PlainTextResponse

from deploy.local import keys
from services.runtime.settings import Settings
from services.web.app import Reason, build
from services.web.principals import OPEN, Allow, Role, unguarded
from tests.web.applications import SERVICES, allowed, application, guarded, written
from tests.web.serving import serving

EVERYONE = [role.value for role in Role]


@asynccontextmanager
async def nothing(_: FastAPI) -> AsyncIterator[Sequence[Reason]]:
    """Opens nothing: what a route does before it asks who it is fails with a 500."""
    yield ()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keys")
    keys.make_key(made)
    return made


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A token for everything, signed by somebody else."""
    made = tmp_path_factory.mktemp("foreign")
    keys.make_key(made)
    return keys.sign(made, "importer", EVERYONE)


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_refuses_who_has_no_good_token_or_the_wrong_role(service: str, folder: Path, foreign: str) -> None:
    app = application(service, jwks=keys.public_keys(folder))
    app.router.lifespan_context = nothing  # type: ignore[assignment]
    walked = guarded(app, pages=False)
    assert len(walked) >= written(service) > 0, "the walk sees the routes"
    expired = keys.sign(folder, "importer", EVERYONE, hours=-1)
    bad = {"": "auth.missing", "Basic x": "auth.missing", "Bearer": "auth.missing", "Bearer x": "auth.invalid"}
    bad |= {f"Bearer {foreign}": "auth.invalid", f"Bearer {expired}": "auth.expired"}
    with serving(app, folder) as client:
        for method, path, route in walked:
            for header, code in bad.items():
                answer = client.ask(method, path, headers={"Authorization": header} if header else {})
                assert (answer.status_code, answer.json()["code"]) == (401, code), (method, path)
                assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert allowed(route), (method, path)
            for role in set(Role) - allowed(route):
                answer = client.call(method, path, role=role.value)
                assert (answer.status_code, answer.json()["code"]) == (403, "auth.role"), (method, path, role)


@pytest.mark.parametrize("service", SERVICES)
def test_every_page_sends_who_is_not_signed_in_to_sign_in_and_back_and_refuses_the_wrong_role(
    service: str, folder: Path
) -> None:
    app = application(service, jwks=keys.public_keys(folder))
    app.router.lifespan_context = nothing  # type: ignore[assignment]
    prefix = app.state.pages.prefix
    with serving(app, folder) as client:
        for method, path, route in guarded(app, pages=True):
            answer = client.ask(method, path, headers={"Accept": "text/html"})
            if method == "GET":
                assert answer.status_code == 303, path
                assert answer.headers["location"] == f"{prefix}/sign-in?{urlencode({'next': path})}"
            else:
                assert answer.status_code == 401, (method, path)
                assert f"{prefix}/sign-in?" in answer.text
            for role in set(Role) - allowed(route):
                answer = client.call(method, path, role=role.value)
                assert answer.status_code == 403, (method, path, role)
                assert answer.headers["content-type"].startswith("text/html")


def open_router() -> APIRouter:
    router = APIRouter()

    @router.get("/open")
    async def route() -> str:
        return "anybody"

    return router


def nested() -> APIRouter:
    outer = APIRouter(prefix="/outer")
    outer.include_router(open_router())
    return outer


def half_open() -> APIRouter:
    router = APIRouter()

    @router.get("/shut", dependencies=[Depends(Allow(Role.CADRE))])
    async def shut() -> str:
        return "cadres"

    router.include_router(open_router())
    return router


def plain() -> APIRouter:
    router = APIRouter()
    router.add_route("/open", lambda _: PlainTextResponse("anybody"))
    return router


def socket() -> APIRouter:
    router = APIRouter()
    router.add_api_websocket_route("/open", lambda websocket: websocket.accept())
    return router


@pytest.mark.parametrize("router", [open_router, nested, half_open, plain, socket])
def test_an_application_with_a_route_that_states_no_roles_is_not_built(
    router: Callable[[], APIRouter], folder: Path
) -> None:
    with pytest.raises(RuntimeError, match=r"these routes state no roles: (/outer)?/open$"):
        build(Settings(jwks=keys.public_keys(folder)), "test", [router()], {}, nothing)


def test_what_is_open_tells_nothing_and_all_else_is_guarded(folder: Path) -> None:
    assert {"/livez", "/readyz", "/openapi.json", "/docs", "/docs/oauth2-redirect"} == OPEN
    app = FastAPI(openapi_url=None)
    app.get("/a", dependencies=[Depends(Allow(Role.CADRE))])(lambda: "")
    assert unguarded(app.routes) == []
    app.get("/b")(lambda: "")
    assert unguarded(app.routes) == ["/b"]
