"""Scores over HTTP, each with the way it came about (A6, A10)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from lianxin_schemas.ids import CadreId, PolicyId, ZoneId

from services.appraisal.domain import periods
from services.appraisal.queries import scores
from services.appraisal.queries.scores import ResultsView
from services.appraisal.queries.views import ScoreView
from services.appraisal.store import reading
from services.refused import Refused
from services.web.after import After
from services.web.principals import Allow, Principal, Role

router = APIRouter(prefix="/scores", tags=["scores"])

CadreReader = Annotated[Principal, Depends(Allow(Role.CADRE, Role.ORGANISATION))]
ZoneReader = Annotated[Principal, Depends(Allow(Role.ORGANISATION, Role.OFFICE))]
PeriodName = Annotated[str, Query(max_length=20, description="2026-03, 2026-Q1 or 2026")]
PolicyName = Annotated[PolicyId | None, Query(description="a policy that was adopted; else the installation's own")]
Limit = Annotated[int, Query(ge=0, le=1_000, description="events shown for each indicator")]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


@router.get("/cadres/{cadre}")
async def of_cadre(
    cadre: CadreId,
    period: PeriodName,
    principal: CadreReader,
    request: Request,
    policy: PolicyName = None,
    after: After = None,
    limit: Limit = 200,
    offset: Offset = 0,
) -> ScoreView:
    """A cadre's score: for the cadre and the organisation department.

    Cadres see their own acts, and of what residents said only sums of five and up.
    """
    _own(principal, cadre)
    return await _score(request, principal, "cadre", cadre, period, policy, after, limit, offset)


@router.get("/cadres/{cadre}/results")
async def results(
    cadre: CadreId, period: PeriodName, principal: CadreReader, request: Request, after: After = None
) -> ResultsView:
    """A cadre's results under every policy, beside the middle of those of the same rank: for the same two."""
    _own(principal, cadre)
    span = periods.parse(period)
    await request.app.state.arrivals.wait(after)
    async with request.app.state.pool.connection() as connection, reading.snapshot(connection):
        return await scores.results(connection, cadre, span, everything=principal.has(Role.ORGANISATION))


@router.get("/zones/{zone}")
async def of_zone(
    zone: ZoneId,
    period: PeriodName,
    principal: ZoneReader,
    request: Request,
    policy: PolicyName = None,
    after: After = None,
    limit: Limit = 200,
    offset: Offset = 0,
) -> ScoreView:
    """A zone's score: for offices, who see what a cadre sees, and the organisation department."""
    return await _score(request, principal, "zone", zone, period, policy, after, limit, offset)


def _own(principal: Principal, cadre: str) -> None:
    if principal.id != cadre and not principal.has(Role.ORGANISATION):
        raise Refused("auth.scope")


async def _score(
    request: Request,
    principal: Principal,
    kind: str,
    subject: str,
    name: str,
    policy: str | None,
    after: str | None,
    limit: int,
    offset: int,
) -> ScoreView:
    period = periods.parse(name)
    await request.app.state.arrivals.wait(after)
    async with request.app.state.pool.connection() as connection, reading.snapshot(connection):
        return await scores.of_subject(
            connection,
            kind,
            subject,
            period,
            policy or request.app.state.settings.policy,
            everything=principal.has(Role.ORGANISATION),
            limit=limit,
            offset=offset,
        )
