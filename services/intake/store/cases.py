"""Cases, zones and offices as the projection has them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from lianxin_schemas import codec
from lianxin_schemas.events.base import Event

from services.runtime.database import Connection


async def histories(connection: Connection, petitions: Sequence[UUID]) -> dict[UUID, list[tuple[Event, datetime]]]:
    """The events of each petition's case that have come, each with its time, in the order of their versions."""
    cursor = await connection.execute(
        "SELECT petition, type, data, time FROM case_event WHERE petition = ANY(%s) ORDER BY petition, version",
        [list(petitions)],
    )
    found: dict[UUID, list[tuple[Event, datetime]]] = {petition: [] for petition in petitions}
    for petition, type_, data, time in await cursor.fetchall():
        found[petition].append((codec.parse(type_, data), time))
    return found


async def zone_known(connection: Connection, zone: str) -> bool:
    """Whether the register has this zone."""
    cursor = await connection.execute("SELECT FROM zone WHERE zone = %s", [zone])
    return await cursor.fetchone() is not None


@dataclass(frozen=True)
class Zone:
    """A zone, where it lies and who leads it on a day."""

    zone: str
    level: str
    region: str | None
    leader: str | None
    offices: tuple[str, ...]
    """Offices of its region."""


async def zones(
    connection: Connection, day: date, zone: str | None = None, regions: Collection[str] | None = None
) -> list[Zone]:
    """All zones, the one named, or those of these regions, in the order of regions."""
    cursor = await connection.execute(
        "SELECT z.zone, z.level, z.region,"
        " (SELECT l.cadre FROM zone_leader l WHERE l.zone = z.zone AND l.since <= %(day)s"
        "   AND (l.until IS NULL OR l.until >= %(day)s) ORDER BY l.since DESC, l.cadre LIMIT 1),"
        " ARRAY(SELECT o.office FROM office o WHERE o.region = z.region ORDER BY o.office)"
        " FROM zone z WHERE (%(zone)s::text IS NULL OR z.zone = %(zone)s)"
        " AND (%(regions)s::text[] IS NULL OR z.region = ANY(%(regions)s)) ORDER BY z.region NULLS LAST, z.zone",
        {"day": day, "zone": zone, "regions": None if regions is None else list(regions)},
    )
    return [
        Zone(zone_, level, region, leader, tuple(offices))
        for zone_, level, region, leader, offices in await cursor.fetchall()
    ]


async def located(connection: Connection) -> list[tuple[str, str]]:
    """Region and zone of every zone that lies in a region, in the order of regions."""
    cursor = await connection.execute("SELECT region, zone FROM zone WHERE region IS NOT NULL ORDER BY region, zone")
    return await cursor.fetchall()


async def regions(connection: Connection) -> list[tuple[Any, ...]]:
    """Code, level and parent of every region, in the order of codes."""
    cursor = await connection.execute("SELECT region, level, parent FROM region ORDER BY region")
    return await cursor.fetchall()
