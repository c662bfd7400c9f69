"""A service made of nothing but the shell: all components on one page, a form, and a page for those signed in."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel, Field

from services.refused import Refused
from services.runtime.settings import Settings
from services.web import pages
from services.web.app import Reason, build
from services.web.errors import Text
from services.web.forms import Form, blank, read
from services.web.pages import page, see_other
from services.web.principals import Allow, Principal, Role, anyone
from services.web.writing import open_pool

HERE = Path(__file__).parent
TEXTS = {
    "entry.closed": Text(409, "这件事已经办结，看一下经过。", "This is closed already; look at its history."),
    "entry.place": Text(422, "没有找到这个地方，选一个村。", "There is no such place; choose a village."),
    "entry.away": Text(503, "暂时没有收到。", "Not received."),
}
WORDS = {"what": ("写一写是什么事，一句话也可以", "Say what it is about; one sentence is enough")}


class Entry(BaseModel):
    """What the form asks."""

    command: str
    what: Annotated[str, Field(max_length=200)]
    channel: Literal["web", "telephone"]
    village: str
    households: tuple[str, ...] = ()
    telephone: str | None = None


def _router() -> APIRouter:
    router = pages.router()

    @router.get("/", dependencies=[Depends(anyone)])
    async def components(request: Request) -> Response:
        now = datetime.now(UTC)
        due, soon, past = (now + timedelta(days=days) for days in (23, 2, -3))
        return page(request, "all.html", form=blank(Entry, channel="web"), now=now, due=due, soon=soon, past=past)

    @router.get("/entry", dependencies=[Depends(anyone)])
    async def entry(request: Request) -> Response:
        return _show(request, blank(Entry))

    @router.post("/entry", dependencies=[Depends(anyone)])
    async def enter(request: Request) -> Response:
        return await _enter(request, "/entry?sent=1")

    @router.get("/own")
    async def own(principal: Annotated[Principal, Depends(Allow(Role.CADRE))], request: Request) -> Response:
        return _show(request, blank(Entry))

    @router.post("/own")
    async def enter_own(principal: Annotated[Principal, Depends(Allow(Role.CADRE))], request: Request) -> Response:
        return await _enter(request, "/own?sent=1")

    @router.get("/broken", dependencies=[Depends(anyone)])
    async def broken() -> Response:
        raise ZeroDivisionError

    return router


def _show(request: Request, form: Form[Entry]) -> Response:
    return page(request, "entry.html", form=form)


async def _enter(request: Request, then: str) -> Response:
    form = await read(request, Entry, WORDS)
    with form:
        match form.value.what:
            case "closed":
                raise Refused("entry.closed")
            case "away":
                raise Refused("entry.away")
            case "not yours":
                raise Refused("auth.scope")
        if form.value.village == "nowhere":
            raise Refused("entry.place", "entry.village")
        return see_other(then)
    return _show(request, form)


def application(settings: Settings) -> FastAPI:
    """The application; its service is called desk, and so is its database."""

    @asynccontextmanager
    async def open_(app: FastAPI) -> AsyncIterator[Sequence[Reason]]:
        async with open_pool(settings, "desk") as pool:
            app.state.pool = pool
            yield ()

    return build(settings, "desk", [_router()], TEXTS, open_, HERE)
