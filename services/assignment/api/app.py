"""assignment's HTTP application."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.assignment import reactions
from services.assignment.api import cases, inbox, responsible
from services.assignment.desk import Desk
from services.assignment.pages import case, handover
from services.assignment.pages import inbox as desk_inbox
from services.assignment.refusals import BY_TAG, TEXTS
from services.assignment.settings import Settings
from services.assignment.store import tables
from services.web.after import Arrivals
from services.web.app import Reason, build
from services.web.writing import open_log

SERVICE = "assignment"


def application(settings: Settings) -> FastAPI:
    """The application; opens nothing before it is served."""

    @asynccontextmanager
    async def open_(app: FastAPI) -> AsyncIterator[Sequence[Reason]]:
        async with open_log(app, settings, SERVICE, rows=tables.rows) as reasons:
            arrivals = Arrivals(app.state.pool, settings.space, SERVICE, reactions.NAME)
            app.state.desk = Desk(settings, app.state.pool, app.state.log, arrivals)
            yield reasons

    routers = (
        inbox.router,
        cases.router,
        responsible.router,
        desk_inbox.router,
        case.router,
        handover.router,
    )
    return build(settings, SERVICE, routers, TEXTS, open_, by_tag=BY_TAG)
