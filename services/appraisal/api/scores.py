"""Scores over HTTP, each with the way it came about (A6, A10)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from lianxin_schemas.ids import CadreId, ZoneId

from services.appraisal.api.answers import Page, ScoreView, behind_case, behind_visit, score_view
from services.appraisal.domain import periods, policy
from services.appraisal.domain.policy import Kind
from services.appraisal.domain.score import score
from services.appraisal.store import coverage, petitions, reading
from services.appraisal.store.counts import asked, counts
from services.refused import Refused
from services.web.after import After
from services.web.principals import Allow, Principal, Role

router = APIRouter(prefix="/scores", tags=["scores"])

CadreReader = Annotated[Principal, Depends(Allow(Role.CADRE, Role.ORGANISATION))]
ZoneReader = Annotated[Principal, Depends(Allow(Role.ORGANISATION, Role.OFFICE))]
PeriodName = Annotated[str, Query(max_length=20, description="2026-03, 2026-Q1 or 2026")]
Limit = Annotated[int, Query(ge=0, le=1_000, description="events shown for each indicator")]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


@router.get("/cadres/{cadre}")
async def of_cadre(
    cadre: CadreId,
    period: PeriodName,
    principal: CadreReader,
    request: Request,
    after: After = None,
    limit: Limit = 200,
    offset: Offset = 0,
) -> ScoreView:
    """A cadre's score: for the cadre and the organisation department."""
    if principal.id != cadre and not principal.has(Role.ORGANISATION):
        raise Refused("auth.scope")
    return await _score(request, "cadre", cadre, period, after, limit, offset)


@router.get("/zones/{zone}")
async def of_zone(
    zone: ZoneId,
    period: PeriodName,
    principal: ZoneReader,
    request: Request,
    after: After = None,
    limit: Limit = 200,
    offset: Offset = 0,
) -> ScoreView:
    """A zone's score: for offices and the organisation department."""
    return await _score(request, "zone", zone, period, after, limit, offset)


async def _score(
    request: Request, kind: str, subject: str, name: str, after: str | None, limit: int, offset: int
) -> ScoreView:
    period = periods.parse(name)
    held = policy.in_force(request.app.state.policies, period)
    await request.app.state.arrivals.wait(after)
    parameters = asked(kind, subject, period, held)
    async with request.app.state.pool.connection() as connection, reading.snapshot(connection):
        as_of = await reading.as_of(connection)
        found = await counts(connection, parameters)
        pages = await _pages(connection, parameters, limit, offset, as_of)
    return score_view(subject, period, held, score(held, found), pages, as_of)


async def _pages(
    connection: reading.Connection, parameters: dict[str, Any], limit: int, offset: int, as_of: Any
) -> dict[Kind, Page]:
    """The events behind each indicator."""
    paged = parameters | {"limit": limit, "offset": offset}
    visits, items = await coverage.items(connection, paged)
    registered, cases = await petitions.cases(connection, paged)
    seen = [behind_visit(item) for item in items]
    handled = [behind_case(case, as_of) for case in cases]
    return {
        Kind.COVERAGE: Page(total=visits, limit=limit, offset=offset, items=seen),
        Kind.PETITIONS_IN_TIME: Page(total=registered, limit=limit, offset=offset, items=handled),
    }
