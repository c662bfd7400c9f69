"""An HTTP application as all services build it: closed by default, errors alike, health, limits on what comes in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.types import ASGIApp

from services.runtime.settings import Settings
from services.web import documented, errors, seals, signin
from services.web.errors import Catalogue, Text
from services.web.guard import ALWAYS, Guard
from services.web.pages import Pages, answer
from services.web.principals import Tokens, asking, unguarded
from services.web.quick import Quick, Quicker
from services.web.sessions import Sessions

SERVICES = Path(__file__).parents[1]
BODY = 1024 * 1024
"""Largest body in bytes where a route does not say otherwise."""

Reason = Callable[[], Awaitable[str | None]]
"""Why the process is not ready, as a sentence; None when it is."""


class Readiness(BaseModel):
    """Whether requests should be sent here."""

    ready: bool
    reasons: list[str]


class Application(FastAPI):
    """FastAPI, with words for a body that is too large, the guard around all, and refusals in its OpenAPI document."""

    def build_middleware_stack(self) -> ASGIApp:
        """The application as it is served."""
        guarded = Guard(errors.LimitInWords(super().build_middleware_stack(), answer), self.state.pages)
        return Quicker(guarded, self, self.state.quick, ALWAYS) if self.state.quick else guarded

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        if self.openapi_schema is None:
            catalogue: Catalogue = self.state.catalogue
            documented.complete(super().openapi(), catalogue.texts, catalogue.by_tag, asking(self.routes))
        return super().openapi()


def build(
    settings: Settings,
    service: str,
    routers: Sequence[APIRouter],
    texts: Mapping[str, Text],
    open_: Callable[[FastAPI], AbstractAsyncContextManager[Sequence[Reason]]],
    folder: Path | None = None,
    by_tag: Mapping[str, Collection[str]] | None = None,
    quick: Mapping[str, Quick] | None = None,
) -> FastAPI:
    """The application of a service. `open_` opens what its routes need into `app.state` and says when it is ready.

    `by_tag` says which of the texts its documented routes may answer, as `Catalogue`; `quick` are the paths that are
    answered without FastAPI where nothing stands in the way.
    `folder` has the templates/ and locale/ of its pages; without it that is the service's own.
    Raises RuntimeError when a route states no roles.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_(app) as reasons:
            app.state.reasons = reasons
            yield

    app = Application(title=f"Lianxin {service}", lifespan=lifespan, max_body_size=BODY, redoc_url=None)
    app.state.tokens = Tokens.read(settings.jwks, settings.issuer, settings.audience)
    app.state.catalogue = Catalogue(texts, by_tag)
    app.state.reasons = ()
    app.state.settings = settings
    app.state.quick = quick or {}
    app.state.sessions = Sessions(settings, service)
    app.state.pages = Pages(settings, service, folder or SERVICES / service, app.state.catalogue)
    app.state.files = app.state.pages.files
    errors.install(app, app.state.catalogue, answer)
    shared = (seals.routes(settings, service), signin.routes(settings, service, app.state.pages.prefix))
    for router in (*routers, *shared):
        app.include_router(router)
    _health(app)
    if open_routes := unguarded(app.routes):
        raise RuntimeError(f"these routes state no roles: {', '.join(open_routes)}")
    return app


def _health(app: FastAPI) -> None:
    @app.get("/livez")
    async def livez() -> dict[str, bool]:
        """The process answers."""
        return {"live": True}

    @app.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
    async def readyz() -> JSONResponse:
        """Whether requests should be sent here, with the reasons if not."""
        found = await asyncio.gather(*(reason() for reason in app.state.reasons))
        reasons = [reason for reason in found if reason]
        return JSONResponse({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)


def serve(app: FastAPI, settings: Settings) -> None:
    """Serves until it is told to stop; requests under way are answered first."""
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )
