"""appraisal's HTTP application."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.appraisal import policies
from services.appraisal.api import scores, visits
from services.appraisal.projections import PROJECTION
from services.appraisal.refusals import TEXTS
from services.appraisal.settings import Settings
from services.web.after import Arrivals
from services.web.app import Reason, build
from services.web.writing import database_answers, open_pool

SERVICE = "appraisal"


def application(settings: Settings) -> FastAPI:
    """The application; opens nothing before it is served. Raises WrongPolicy for a policy that must not be used."""
    held = policies.read(settings.policies)

    @asynccontextmanager
    async def open_(app: FastAPI) -> AsyncIterator[Sequence[Reason]]:
        async with open_pool(settings, SERVICE) as pool:
            app.state.pool, app.state.policies = pool, held
            app.state.arrivals = Arrivals(pool, settings.space, SERVICE, PROJECTION.name)
            yield [database_answers(pool)]

    return build(settings, SERVICE, [scores.router, visits.router], TEXTS, open_)
