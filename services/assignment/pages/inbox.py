"""What somebody has to do, the one that is due first first (C3, C4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from services import categories
from services.assignment.desk import Desk
from services.assignment.domain.cases import ENDED
from services.assignment.domain.days import day_of
from services.assignment.domain.tabs import Tab
from services.assignment.pages.words import ACTS, NEXT, OF, TABS, TITLES, tag
from services.assignment.queries import inbox, naming
from services.assignment.queries.inbox import SIZE, Item, Of
from services.assignment.queries.naming import Called
from services.assignment.store import inbox as store
from services.assignment.store import responsible
from services.refused import Refused
from services.web import pages
from services.web.after import After
from services.web.dates import number as number_text
from services.web.forms import Form, blank
from services.web.language import _
from services.web.pages import page
from services.web.principals import Allow, Principal, Role

router = pages.router()

Reader = Annotated[Principal, Depends(Allow(Role.CADRE, Role.OFFICE, Role.ORGANISATION))]
Asked = Annotated[str, Query(max_length=48)]
URGENT = (Tab.OVERDUE, Tab.TODAY, Tab.NEAR)


class Narrow(BaseModel):
    """What the list of all cases may be narrowed down to."""

    of: str = ""
    tab: str = ""
    office: str = ""
    zone: str = ""
    category: str = ""


@dataclass(frozen=True)
class Row:
    """A case as the list shows it."""

    item: Item
    matter: str
    place: str
    who: str
    tag: tuple[str, str | None]
    act: str

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come."""
        return self.item.phase in ENDED


@router.get("/desk")
async def show(
    principal: Reader,
    request: Request,
    of: Of | None = None,
    tab: Tab | None = None,
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    office: Asked = "",
    zone: Asked = "",
    category: Asked = "",
    after: After = None,
) -> Response:
    """The own cases, the office's, or all; without `tab` the first that has something urgent."""
    desk: Desk = request.app.state.desk
    await desk.arrivals.wait(after)
    now, views = datetime.now(UTC), inbox.views(desk, principal)
    of = of or _first(views)
    scope, narrow = inbox.scope(desk, principal, of), Narrow(of=of)
    if of == "all":
        narrow = Narrow(of=of, office=office, zone=zone, category=category)
        scope = replace(scope, office=office or None, zone=zone or None, category=category or None)
    counts = await inbox.counts(desk, scope, now)
    tab = tab or next((urgent for urgent in URGENT if counts[urgent]), Tab.ALL)
    narrow.tab = tab
    items = await inbox.items(desk, scope, tab, number, now)
    names = await _names(desk, of, items)
    return page(
        request,
        "inbox.html",
        me=await naming.me(desk, principal, day_of(now)),
        of=of,
        views=[(_(OF[each]), _at(Narrow(of=each)), None, each == of) for each in views],
        tab=tab,
        title=_(TITLES[tab]),
        tabs=[(_(TABS[each]), _at(narrow, tab=each), _counted(counts, each), each is tab) for each in TABS],
        rows=[_row(item, names, tag(item.phase, item.due, now, desk.settings.near_days), of) for item in items],
        total=_counted(counts, tab),
        first=SIZE * (number - 1) + 1,
        earlier=_at(narrow, page=number - 1) if number > 1 else "",
        later=_at(narrow, page=number + 1) if number < inbox.pages(counts[tab]) else "",
        everything=_at(narrow, tab=Tab.ALL),
        filters=await _filters(desk, narrow) if of == "all" else None,
    )


def _first(views: Sequence[Of]) -> Of:
    if not views:  # an office's staff whose sign-in names no office
        raise Refused("auth.scope")
    return "all" if "all" in views and "mine" not in views else views[0]


def _counted(counts: Mapping[Tab, int], tab: Tab) -> str:
    cut = tab in (Tab.ENDED, Tab.ALL) and counts[Tab.ENDED] >= store.MOST
    return number_text(counts[tab]) + ("+" if cut else "")


def _at(narrow: Narrow, **change: Any) -> str:
    asked = {name: value for name, value in {**narrow.model_dump(), **change}.items() if value}
    return f"/desk?{urlencode(asked)}"


async def _names(desk: Desk, of: Of, items: Sequence[Item]) -> Called:
    others = [] if of == "mine" else items
    return await naming.called(
        desk,
        {item.cadre for item in others if item.cadre},
        {item.office for item in others if item.office},
        {item.zone for item in items if item.zone},
    )


def _row(item: Item, names: Called, tagged: tuple[str, str | None], of: Of) -> Row:
    owed = NEXT.get(item.phase) if of != "all" else None  # whoever oversees all does not take the step
    return Row(
        item=item,
        matter=naming.matter(item.category),
        place=names.place(item.zone),
        who=names.cadre(item.cadre) if item.cadre else names.office(item.office or ""),
        tag=tagged,
        act=_(ACTS[owed]) if owed else _("Look at it"),
    )


@dataclass(frozen=True)
class Filters:
    """What may be chosen from, and what was."""

    form: Form[Narrow]
    offices: Sequence[tuple[str, str]]
    zones: Sequence[tuple[str, str]]
    categories: Sequence[tuple[str, str]]
    chosen: Mapping[str, str]
    none: str


async def _filters(desk: Desk, narrow: Narrow) -> Filters:
    async with desk.pool.connection() as connection:
        offices = [*dict.fromkeys([desk.settings.county_office, *await responsible.offices(connection)])]
        zones = await responsible.zones(connection)
    names = await naming.called(desk, (), offices, None)
    chosen = {
        _("Office"): narrow.office and names.office(narrow.office),
        _("Place"): narrow.zone and names.place(narrow.zone),
        _("Matter"): narrow.category and naming.matter(narrow.category),
    }
    return Filters(
        form=blank(Narrow, **narrow.model_dump()),
        offices=[(office, names.office(office)) for office in offices],
        zones=[(zone, names.place(zone)) for zone in zones],
        categories=[(field, naming.matter(field)) for field in categories.children()],
        chosen={name: value for name, value in chosen.items() if value},
        none=_at(Narrow(of=narrow.of, tab=narrow.tab)),
    )
