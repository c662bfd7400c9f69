"""intake's HTTP application."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.intake.api import marks, petitions, ratings, rounds, visits
from services.intake.ballots import Ballots
from services.intake.refusals import TEXTS
from services.intake.settings import Settings
from services.intake.store import rounds as rounds_store
from services.web.app import Reason, build
from services.web.writing import database_answers, open_log, open_pool

SERVICE = "intake"


def application(settings: Settings) -> FastAPI:
    """The application; opens nothing before it is served."""

    @asynccontextmanager
    async def open_(app: FastAPI) -> AsyncIterator[Sequence[Reason]]:
        async with (
            open_log(
                app, settings, SERVICE, rows=lambda entries: rounds_store.rows(app.state.ballots.secret, entries)
            ) as reasons,
            open_pool(settings, "vault") as app.state.vault,
            open_pool(settings, "keys") as app.state.keys,
            Ballots(app.state.pool, settings.database(SERVICE), settings.database("keys")) as app.state.ballots,
        ):
            yield [*reasons, database_answers(app.state.vault), database_answers(app.state.keys)]

    return build(
        settings, SERVICE, [visits.router, petitions.router, rounds.router, ratings.router, marks.router], TEXTS, open_
    )
