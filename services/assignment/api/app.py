"""assignment's HTTP application."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.assignment import reactions
from services.assignment.api import cases, inbox, responsible
from services.assignment.refusals import TEXTS
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
            app.state.arrivals = Arrivals(app.state.pool, settings.space, SERVICE, reactions.NAME)
            yield reasons

    return build(settings, SERVICE, [inbox.router, cases.router, responsible.router], TEXTS, open_)
