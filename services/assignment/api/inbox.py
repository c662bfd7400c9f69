"""The cases that somebody has to do with, over HTTP: the one that is due first first (C3, C4)."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from lianxin_schemas.events.cases import Outcome
from lianxin_schemas.events.petitions import Channel
from lianxin_schemas.ids import CadreId, CategoryCode, OfficeId, PersonId, VaultRef, ZoneId
from pydantic import BaseModel

from services.assignment.domain.cases import Phase
from services.assignment.domain.tabs import Tab, tabs
from services.assignment.store import inbox
from services.assignment.store.inbox import Scope
from services.refused import Refused
from services.web.after import After
from services.web.principals import Allow, Principal, Role

router = APIRouter(prefix="/cases", tags=["cases"])

Reader = Annotated[Principal, Depends(Allow(Role.CADRE, Role.OFFICE, Role.ORGANISATION))]
SIZE = 50
"""Cases a page."""


class Item(BaseModel):
    """A case in a list."""

    petition: UUID
    phase: Phase
    reopened: bool
    channel: Channel
    category: CategoryCode
    zone: ZoneId | None
    registered: datetime
    resident: PersonId | None
    said: VaultRef | None
    office: OfficeId | None
    cadre: CadreId | None
    due: datetime
    outcome: Outcome | None
    replied: datetime | None
    ended: datetime | None


class Inbox(BaseModel):
    """A page of a tab, and how many cases there are on each tab."""

    of: Literal["mine", "office", "all"]
    tab: Tab
    page: int
    pages: int
    counts: dict[Tab, int]
    items: tuple[Item, ...]


@router.get("")
async def show(
    principal: Reader,
    request: Request,
    of: Literal["mine", "office", "all"],
    tab: Tab,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    after: After = None,
) -> Inbox:
    """The own cases (cadre), the office's (its staff), or all (the county's office, the organisation department)."""
    await request.app.state.arrivals.wait(after)
    scope = _scope(principal, of, request.app.state.settings.county_office)
    now = tabs(datetime.now(UTC), request.app.state.settings.near_days)
    async with request.app.state.pool.connection() as connection:
        counts = await inbox.counts(connection, scope, now)
        found = await inbox.page(connection, scope, now, tab, SIZE, page)
    pages = max(1, -(-counts[tab] // SIZE))
    return Inbox.model_validate({"of": of, "tab": tab, "page": page, "pages": pages, "counts": counts, "items": found})


def _scope(principal: Principal, of: str, county: str) -> Scope:
    """Whose cases are shown. Refuses what lies outside."""
    if of == "mine" and principal.has(Role.CADRE):
        return Scope(principal.id, cadre=principal.id)
    if of == "office" and principal.has(Role.OFFICE) and principal.office:
        return Scope(principal.id, office=principal.office)
    if of == "all" and (
        principal.has(Role.ORGANISATION) or (principal.has(Role.OFFICE) and principal.office == county)
    ):
        return Scope(principal.id)
    raise Refused("auth.scope")
