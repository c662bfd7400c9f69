"""The cases that somebody has to do with, over HTTP: the one that is due first first (C3, C4)."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from services.assignment.desk import Desk
from services.assignment.domain.tabs import Tab
from services.assignment.queries import inbox
from services.assignment.queries.inbox import Item, Of
from services.web.after import After
from services.web.documented import leads_to
from services.web.principals import Allow, Principal, Role

router = APIRouter(prefix="/cases", tags=["cases"])

Reader = Annotated[Principal, Depends(Allow(Role.CADRE, Role.OFFICE, Role.ORGANISATION))]


ON = leads_to(
    "get /cases/{petition}",
    "post /cases/{petition}/acceptance",
    "post /cases/{petition}/assignment",
    petition="$response.body#/items/0/petition",
)


class Inbox(BaseModel):
    """A page of a tab, and how many cases there are on each tab; of those that have ended, 10,000 at most count."""

    of: Of
    tab: Tab
    page: int
    pages: int
    counts: dict[Tab, int]
    items: tuple[Item, ...]


@router.get("", responses={200: ON})
async def show(
    principal: Reader,
    request: Request,
    of: Of,
    tab: Tab,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    after: After = None,
) -> Inbox:
    """The own cases (cadre), the office's (its staff), or all (the county's office, the organisation department)."""
    desk: Desk = request.app.state.desk
    await desk.arrivals.wait(after)
    scope, now = inbox.scope(desk, principal, of), datetime.now(UTC)
    counts = await inbox.counts(desk, scope, now)
    items = await inbox.items(desk, scope, tab, page, now)
    return Inbox(of=of, tab=tab, page=page, pages=inbox.pages(counts[tab]), counts=counts, items=tuple(items))
