"""appraisal's HTTP application."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.appraisal.api import county, policies, scores, visits
from services.appraisal.pages import county as county_page
from services.appraisal.pages import score as score_page
from services.appraisal.projections import PROJECTION
from services.appraisal.queries import county as county_query
from services.appraisal.queries import reach
from services.appraisal.queries.kept import Kept
from services.appraisal.refusals import BY_TAG, TEXTS
from services.appraisal.settings import Settings
from services.appraisal.store.policies import rows
from services.web.after import Arrivals
from services.web.app import Reason, build
from services.web.writing import open_log

SERVICE = "appraisal"
COUNTED_WITHIN = "5min"
"""How long a count of the whole county may take."""


def application(settings: Settings) -> FastAPI:
    """The application; opens nothing before it is served."""

    @asynccontextmanager
    async def open_(app: FastAPI) -> AsyncIterator[Sequence[Reason]]:
        async with open_log(app, settings, SERVICE, rows=rows) as reasons:
            app.state.arrivals = Arrivals(app.state.pool, settings.space, SERVICE, PROJECTION.name)
            alone = asyncio.Lock()
            app.state.county = Kept(county_query.counting(app.state.pool, COUNTED_WITHIN), alone)
            app.state.reach = Kept(reach.counting(app.state.pool, COUNTED_WITHIN), alone)
            try:
                yield reasons
            finally:
                await app.state.county.close()
                await app.state.reach.close()

    routers = [scores.router, county.router, visits.router, policies.router, county_page.router, score_page.router]
    return build(settings, SERVICE, routers, TEXTS, open_, by_tag=BY_TAG)
