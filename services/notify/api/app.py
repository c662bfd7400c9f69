"""notify's HTTP application."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.notify import reactions
from services.notify.api import notices
from services.notify.pages import notices as pages
from services.notify.refusals import BY_TAG, TEXTS
from services.notify.settings import Settings
from services.web.after import Arrivals
from services.web.app import Reason, build
from services.web.writing import database_answers, open_pool

SERVICE = "notify"


def application(settings: Settings) -> FastAPI:
    """The application; opens nothing before it is served."""

    @asynccontextmanager
    async def open_(app: FastAPI) -> AsyncIterator[Sequence[Reason]]:
        async with open_pool(settings, SERVICE) as pool:
            app.state.pool = pool
            app.state.arrivals = Arrivals(pool, settings.space, SERVICE, reactions.NAME)
            yield [database_answers(pool)]

    return build(settings, SERVICE, [notices.router, pages.router], TEXTS, open_, by_tag=BY_TAG)
