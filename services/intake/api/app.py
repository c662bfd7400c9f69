"""intake's HTTP application."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from lianxin_schemas.events.ratings import RoundEvent

from services.intake.api import answers, follow, listing, marks, petitions, ratings, rounds, vault, visits
from services.intake.ballots import Ballots
from services.intake.desk import Desk
from services.intake.pages import following, home, needs, raising, rating, visit, words
from services.intake.projections import PROJECTION
from services.intake.refusals import BY_TAG, TEXTS
from services.intake.settings import Settings
from services.intake.store import rounds as rounds_store
from services.runtime.database import Statement
from services.runtime.log import Entry
from services.web.after import Arrivals
from services.web.app import Reason, build
from services.web.writing import database_answers, open_log, open_pool

SERVICE = "intake"


def application(settings: Settings) -> FastAPI:
    """The application; opens nothing before it is served."""

    routers = (
        visit.router,  # /visits/new is no visit's id
        needs.router,
        visits.router,
        petitions.router,
        answers.router,
        follow.router,
        vault.router,
        listing.router,
        rounds.router,
        ratings.router,
        marks.router,
        home.router,
        raising.router,
        following.router,
        rating.router,
        words.router,
    )

    @asynccontextmanager
    async def open_(app: FastAPI) -> AsyncIterator[Sequence[Reason]]:
        def rows(entries: list[Entry]) -> list[Statement]:
            rounds = [entry for entry in entries if isinstance(entry.event, RoundEvent)]  # they alone need the keys
            return rounds_store.rows(app.state.ballots.secret, rounds) if rounds else []

        async with (
            open_log(app, settings, SERVICE, rows) as reasons,
            open_pool(settings, "vault") as vault_,
            open_pool(settings, "keys") as keys,
            Ballots(app.state.pool, settings.database(SERVICE), settings.database("keys")) as app.state.ballots,
        ):
            arrivals = Arrivals(app.state.pool, settings.space, SERVICE, PROJECTION.name)
            app.state.desk = Desk(settings, app.state.pool, vault_, keys, app.state.log, arrivals)
            yield [*reasons, database_answers(vault_), database_answers(keys)]

    return build(settings, SERVICE, routers, TEXTS, open_, by_tag=BY_TAG, quick=visits.QUICK)
