"""The cases that somebody has to do with: the one that is due first first. Routes and pages both call this (C3, C4)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from lianxin_schemas.events.cases import Outcome
from lianxin_schemas.events.petitions import Channel
from lianxin_schemas.ids import CadreId, CategoryCode, OfficeId, PersonId, VaultRef, ZoneId
from pydantic import BaseModel

from services.assignment.desk import Desk
from services.assignment.domain.cases import Phase
from services.assignment.domain.tabs import Tab, tabs
from services.assignment.store import inbox
from services.assignment.store.inbox import Scope
from services.refused import Refused
from services.web.principals import Principal, Role

SIZE = 50
"""Cases a page."""
Of = Literal["mine", "office", "all"]


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


def views(desk: Desk, principal: Principal) -> list[Of]:
    """The lists that somebody may see: their own cases (cadre), the office's (its staff), or all (the county's office,
    the organisation department).
    """
    open_: dict[Of, bool] = {
        "mine": principal.has(Role.CADRE),
        "office": principal.has(Role.OFFICE) and bool(principal.office),
        "all": desk.dispatches(principal),
    }
    return [of for of, may in open_.items() if may]


def scope(desk: Desk, principal: Principal, of: Of) -> Scope:
    """Whose cases a list shows. Raises Refused `auth.scope` for what lies outside."""
    if of not in views(desk, principal):
        raise Refused("auth.scope")
    return Scope(
        principal.id,
        cadre=principal.id if of == "mine" else None,
        office=principal.office if of == "office" else None,
    )


async def counts(desk: Desk, scope: Scope, now: datetime) -> dict[Tab, int]:
    """How many cases there are on each tab; of those that have ended, `store.inbox.MOST` at most."""
    async with desk.pool.connection() as connection:
        return await inbox.counts(connection, scope, tabs(now, desk.settings.near_days))


async def items(desk: Desk, scope: Scope, tab: Tab, page: int, now: datetime) -> list[Item]:
    """The cases of a page, numbered from 1."""
    async with desk.pool.connection() as connection:
        found = await inbox.page(connection, scope, tabs(now, desk.settings.near_days), tab, SIZE, page)
    return [Item.model_validate(each) for each in found]


def pages(count: int) -> int:
    """How many pages so many cases fill; one where there is none."""
    return max(1, -(-count // SIZE))
