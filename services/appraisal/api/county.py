"""The county at a glance over HTTP (A10, C9)."""

from fastapi import APIRouter, Depends, Request

from services.appraisal.api.scores import PeriodName, PolicyName
from services.appraisal.domain import periods
from services.appraisal.queries import county, reach
from services.appraisal.queries.county import CountyView
from services.appraisal.queries.reach import ReachView
from services.web.after import After
from services.web.principals import Allow, Role

router = APIRouter(prefix="/county", tags=["county"], dependencies=[Depends(Allow(Role.ORGANISATION))])


@router.get("")
async def glance(period: PeriodName, request: Request, policy: PolicyName = None, after: After = None) -> CountyView:
    """Shares with intervals, by township and office: for the organisation department, with small numbers in it.

    Where counting takes seconds, it is of an earlier moment (`as_of`); with `after` it is counted anew.
    """
    span, state = periods.parse(period), request.app.state
    await state.arrivals.wait(after)
    counted = county.counting(state.pool) if after else state.county.get
    return await county.glance(state.pool, span, policy or state.settings.policy, counted)


@router.get("/reach")
async def how_many(period: PeriodName, request: Request, after: After = None) -> ReachView:
    """Of all cadres and zones, how many have a score under each policy; numbers, and nobody by name. Kept as above."""
    span, state = periods.parse(period), request.app.state
    await state.arrivals.wait(after)
    return await (reach.counting(state.pool) if after else state.reach.get)(span)
