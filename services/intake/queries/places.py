"""The county as residents go through it: from townships to villages to whoever answers there (C1, Z1)."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from lianxin_schemas.directory import Kind
from pydantic import BaseModel

from services.intake.desk import Desk
from services.intake.queries.listing import Named, ZoneView, zones
from services.intake.store import cases as store
from services.runtime import directory

Tree = dict[str | None, list[str]]


class Below(BaseModel):
    """A region within another."""

    region: Named
    zone: str | None
    """The one zone there, where that is all there is to choose from."""


class Place(BaseModel):
    """A region, what lies within it as far as somebody answers for it, and its own zones."""

    region: Named | None
    """None is the whole county."""
    above: str | None
    """The region to go back to."""
    below: tuple[Below, ...]
    zones: tuple[ZoneView, ...]


def tree(regions: Iterable[Sequence[Any]], held: Iterable[str]) -> Tree:
    """From each region to those within it that hold a zone, themselves or further down; None holds the first to choose
    between: a county that stands alone above its townships is no choice. `regions` are code, level and parent.
    """
    parents: dict[str, str | None] = {code: parent for code, _, parent in regions}
    own = set(held)
    holding: set[str] = set()
    for region in own:
        place: str | None = region
        while place and place not in holding:
            holding.add(place)
            place = parents.get(place)
    found: Tree = {None: []}
    for region in sorted(holding):
        parent = parents.get(region)
        found.setdefault(parent if parent in holding else None, []).append(region)
    while len(found[None]) == 1 and found[None][0] not in own and found[None][0] in found:
        found[None] = found.pop(found[None][0])
    return found


async def place(desk: Desk, today: date, region: str | None = None) -> Place | None:
    """A region to choose in, or the county; None where nobody answers for anything there."""
    async with desk.pool.connection() as connection:
        lie: dict[str, list[str]] = {}
        for code, zone in await store.located(connection):
            lie.setdefault(code, []).append(zone)
        below = tree(await store.regions(connection), lie)
        above = {code: parent for parent, codes in below.items() for code in codes}
        if region is not None and region not in above:
            return None
        within = below.get(region, [])
        names = await directory.names(connection, Kind.REGION, [*within, *([region] if region else [])])
    return Place(
        region=Named.of(region, names) if region else None,
        above=above.get(region or ""),
        below=tuple(Below(region=Named.of(code, names), zone=_only(code, lie, below)) for code in within),
        zones=tuple(await zones(desk, today, regions=[region])) if region in lie and region else (),
    )


def _only(region: str, lie: dict[str, list[str]], below: Tree) -> str | None:
    own = lie.get(region, [])
    return own[0] if len(own) == 1 and region not in below else None
