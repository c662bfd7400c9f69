"""How the projection sees one visit (A6)."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from services.appraisal.queries.behind import Behind, behind_visit
from services.appraisal.store import coverage
from services.refused import Refused
from services.web.after import After
from services.web.principals import Allow, Principal, Role

router = APIRouter(prefix="/visits", tags=["visits"])

Reader = Annotated[Principal, Depends(Allow(Role.CADRE, Role.ORGANISATION))]


class VisitView(BaseModel):
    """A visit and, for each household, whether it counts and why."""

    visit: UUID
    cadre: str
    day: date
    withdrawn: bool
    households: list[Behind]
    as_of: datetime | None


@router.get("/{visit}")
async def show(visit: UUID, principal: Reader, request: Request, after: After = None) -> VisitView:
    """For the cadre who visited and the organisation department."""
    await request.app.state.arrivals.wait(after)
    async with request.app.state.pool.connection() as connection:
        as_of, items = await coverage.visit(connection, visit)
    if not items:
        raise Refused("visit.not-found")
    first = items[0]
    if principal.id != first.cadre and not principal.has(Role.ORGANISATION):
        raise Refused("auth.scope")
    return VisitView(
        visit=visit,
        cadre=first.cadre,
        day=first.day,
        withdrawn=not first.stands,
        households=[behind_visit(item) for item in items],
        as_of=as_of,
    )
