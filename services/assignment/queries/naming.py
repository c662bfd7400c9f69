"""What cadres, offices, zones and categories are called, in the language spoken (R1, R2, C1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest

from lianxin_schemas.directory import Kind
from lianxin_schemas.events.cases import Credit

from services import categories
from services.assignment.desk import Desk
from services.assignment.store import responsible
from services.runtime import directory
from services.runtime.directory import Names
from services.web.language import _, spoken
from services.web.principals import Principal, Role


@dataclass(frozen=True)
class Called:
    """Names by id; what has none is called by its id."""

    cadres: Mapping[str, str]
    offices: Mapping[str, str]
    zones: Mapping[str, str]

    def cadre(self, id_: str) -> str:
        """A cadre."""
        return self.cadres.get(id_, id_)

    def office(self, id_: str) -> str:
        """An office."""
        return self.offices.get(id_, id_)

    def place(self, zone: str | None) -> str:
        """Where a petition is from."""
        return (self.zones.get(zone) or _("Zone %(zone)s", zone=zone)) if zone else _("Place not named")

    def credit(self, credit: Credit) -> str:
        """Who answers for a case."""
        office = self.office(credit.office)
        return spoken().of("{} {}", "{}, {}").format(office, self.cadre(credit.cadre)) if credit.cadre else office


async def called(
    desk: Desk, cadres: Iterable[str] = (), offices: Iterable[str] = (), zones: Iterable[str] | None = ()
) -> Called:
    """The names of these; of all zones, in the order of their regions, for None."""
    async with desk.pool.connection() as connection:
        found = await responsible.zones(connection, None if zones is None else [*zones])
        regions = await directory.names(connection, Kind.REGION, {code for codes in found.values() for code in codes})
        return Called(
            _said(await directory.names(connection, Kind.CADRE, cadres)),
            _said(await directory.names(connection, Kind.OFFICE, offices)),
            {zone: _place(codes, _said(regions)) for zone, codes in found.items() if codes},
        )


def matter(category: str) -> str:
    """A category from the top; one that is not in the tree is called by its code."""
    if category not in categories.names():
        return category
    return spoken().of(categories.name(category), categories.name_en(category))


@dataclass(frozen=True)
class Me:
    """Who is signed in, as the head of a page says it."""

    name: str
    office: str | None
    zones: tuple[str, ...]
    cadre: bool


async def me(desk: Desk, principal: Principal, day: date) -> Me:
    """Somebody's name and office, and the zones that they lead on a day."""
    async with desk.pool.connection() as connection:
        led = await responsible.led_by(connection, principal.id, day)
        office = principal.office or await responsible.office_of(connection, principal.id, day)
    names = await called(desk, [principal.id], [office] if office else [], led)
    return Me(
        name=names.cadre(principal.id),
        office=office and names.office(office),
        zones=tuple(names.place(zone) for zone in led),
        cadre=principal.has(Role.CADRE),
    )


def _said(names: Mapping[str, Names]) -> dict[str, str]:
    return {id_: spoken().of(name.zh, name.en or name.zh) for id_, name in names.items()}


def _place(codes: Iterable[str], names: Mapping[str, str]) -> str:
    named = [names.get(code, code) for code in codes]
    # A village may be called by its township's name and its own: that is said once.
    parts = [name for name, smaller in zip_longest(named, named[1:], fillvalue="") if name not in smaller]
    return spoken().of("".join(parts), ", ".join(reversed(parts)))
