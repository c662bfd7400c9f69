"""What anybody may choose from when raising a petition: zones and categories. For routes and pages (C1)."""

from collections.abc import Collection
from datetime import date

from lianxin_schemas.directory import Kind
from pydantic import BaseModel

from services import categories
from services.intake.desk import Desk
from services.intake.store import cases as store
from services.runtime import directory
from services.runtime.directory import Names


class Named(BaseModel):
    """An id and what it is called, as far as the directory knows."""

    id: str
    zh: str | None = None
    en: str | None = None

    @classmethod
    def of(cls, id_: str, names: dict[str, Names]) -> "Named":
        """The id with its name."""
        found = names.get(id_)
        return cls(id=id_, zh=found and found.zh, en=found and found.en)


class ZoneView(BaseModel):
    """A zone, where it lies, who leads it today and the offices there."""

    zone: str
    level: str
    region: Named | None
    above: tuple[Named, ...]
    """The regions that hold it, the nearest first."""
    leader: Named | None
    offices: tuple[Named, ...]


class Category(BaseModel):
    """A category of the tree; English names go down to groups."""

    code: str
    zh: str
    en: str | None = None


async def zones(
    desk: Desk, today: date, zone: str | None = None, regions: Collection[str] | None = None
) -> list[ZoneView]:
    """All zones, the one named, or those of these regions, in the order of their regions."""
    async with desk.pool.connection() as connection:
        found = await store.zones(connection, today, zone, regions)
        parents = {region: parent for region, _, parent in await store.regions(connection)}
        above = {each.region: _above(each.region, parents) for each in found}
        codes = {code for line in above.values() for code in line} | {each.region for each in found if each.region}
        places = await directory.names(connection, Kind.REGION, codes)
        leaders = await directory.names(connection, Kind.CADRE, [each.leader for each in found if each.leader])
        offices = await directory.names(connection, Kind.OFFICE, {office for each in found for office in each.offices})
    return [
        ZoneView(
            zone=each.zone,
            level=each.level,
            region=Named.of(each.region, places) if each.region else None,
            above=tuple(Named.of(code, places) for code in above[each.region]),
            leader=Named.of(each.leader, leaders) if each.leader else None,
            offices=tuple(Named.of(office, offices) for office in each.offices),
        )
        for each in found
    ]


def below(code: str = "") -> list[Category]:
    """The categories offered below one, or the fields of the tree. Raises KeyError for a code that is not in it."""
    return [
        Category(code=each, zh=categories.names()[each][-1], en=categories.english().get(each))
        for each in categories.children(code)
    ]


def _above(region: str | None, parents: dict[str, str | None]) -> list[str]:
    found: list[str] = []
    while region and (region := parents.get(region)) and region not in found:
        found.append(region)
    return found
