"""Who answered for what on which day (Z2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from lianxin_schemas.events.cases import Credit
from lianxin_schemas.events.responsibility import Care

IN_FORCE = """
    SELECT r.kind, r.subject, r.cadre, c.office
    FROM responsibility r
    JOIN responsibility t ON t.kind = 'term' AND t.subject = r.cadre
         AND %(day)s >= t.since AND (t.until IS NULL OR %(day)s <= t.until)
    JOIN cadre c ON c.cadre = r.cadre
    WHERE %(day)s >= r.since AND (r.until IS NULL OR %(day)s <= r.until)
"""
"""Leaders and pairings in force on a day, by cadres who were in office that day."""


@dataclass(frozen=True)
class Responsible:
    """Who answered for a household: `by` is `pairing`, or `leader` of the zone; nobody is an empty `credits`. `care` is
    how much it needed then (R4).
    """

    by: str
    zone: str | None
    credits: tuple[Credit, ...]
    care: Care


async def for_household(connection: psycopg.AsyncConnection[Any], household: str, day: date) -> Responsible | None:
    """Who answered on a day: the cadres paired then, otherwise the leader of the zone; None for no such household."""
    # max(kind): 'pairing' sorts behind 'leader', so that leaders are left out where anybody was paired.
    cursor = await connection.execute(
        f"""
        WITH home AS (
            SELECT of_group, care FROM household WHERE household = %(household)s AND since <= %(day)s
            ORDER BY since DESC LIMIT 1
        ), area AS (
            SELECT z.zone FROM zone z, home h
            WHERE z.groups @> ARRAY[h.of_group] AND z.since <= %(day)s AND NOT EXISTS (
                SELECT FROM zone later WHERE later.zone = z.zone AND later.since > z.since AND later.since <= %(day)s
            ) ORDER BY z.since DESC, z.zone LIMIT 1
        ), found AS (
            {IN_FORCE} AND (r.kind = 'pairing' AND r.subject = %(household)s
                            OR r.kind = 'leader' AND r.subject = (SELECT zone FROM area))
        )
        SELECT (SELECT zone FROM area), home.care, f.kind, f.office, f.cadre
        FROM home LEFT JOIN found f ON f.kind = (SELECT max(kind) FROM found)
        ORDER BY f.cadre
        """,
        {"household": household, "day": day},
    )
    found = await cursor.fetchall()
    if not found:
        return None
    credits = tuple(Credit(office=office, cadre=cadre) for *_, office, cadre in found if cadre)
    zone, care, by, *_ = found[0]
    return Responsible(by=by or "leader", zone=zone, credits=credits, care=Care(care))


async def leaders(
    connection: psycopg.AsyncConnection[Any], wanted: Sequence[tuple[str, date]]
) -> dict[tuple[str, date], Credit]:
    """The leader of each zone on each day, with the office; absent where none was in force and in office."""
    cursor = await connection.execute(
        "SELECT n.zone, n.day, r.cadre, c.office FROM unnest(%s::text[], %s::date[]) AS n (zone, day)"
        " JOIN responsibility r ON r.kind = 'leader' AND r.subject = n.zone"
        " AND n.day >= r.since AND (r.until IS NULL OR n.day <= r.until)"
        " JOIN responsibility t ON t.kind = 'term' AND t.subject = r.cadre"
        " AND n.day >= t.since AND (t.until IS NULL OR n.day <= t.until)"
        " JOIN cadre c ON c.cadre = r.cadre",
        [[zone for zone, _ in wanted], [day for _, day in wanted]],
    )
    return {(zone, day): Credit(office=office, cadre=cadre) for zone, day, cadre, office in await cursor.fetchall()}


async def zone_exists(connection: psycopg.AsyncConnection[Any], zone: str) -> bool:
    """Whether the register has the zone."""
    cursor = await connection.execute("SELECT EXISTS (SELECT FROM zone WHERE zone = %s)", [zone])
    [(exists,)] = await cursor.fetchall()
    return bool(exists)


async def office_exists(connection: psycopg.AsyncConnection[Any], office: str) -> bool:
    """Whether the register has the office."""
    cursor = await connection.execute("SELECT EXISTS (SELECT FROM office WHERE office = %s)", [office])
    [(exists,)] = await cursor.fetchall()
    return bool(exists)


async def office_of(connection: psycopg.AsyncConnection[Any], cadre: str, day: date) -> str | None:
    """The office of a cadre whose term covers the day; None for any other."""
    cursor = await connection.execute(
        "SELECT c.office FROM cadre c JOIN responsibility t ON t.kind = 'term' AND t.subject = c.cadre"
        " WHERE c.cadre = %s AND %s >= t.since AND (t.until IS NULL OR %s <= t.until)",
        [cadre, day, day],
    )
    found = await cursor.fetchone()
    return str(found[0]) if found else None


async def led_by(connection: psycopg.AsyncConnection[Any], cadre: str, day: date) -> list[str]:
    """The zones that a cadre in office leads on a day."""
    cursor = await connection.execute(
        f"SELECT f.subject FROM ({IN_FORCE}) f WHERE f.kind = 'leader' AND f.cadre = %(cadre)s ORDER BY f.subject",
        {"cadre": cadre, "day": day},
    )
    return [zone for (zone,) in await cursor.fetchall()]


async def members(connection: psycopg.AsyncConnection[Any], office: str, day: date) -> list[str]:
    """The cadres of an office whose terms cover the day."""
    cursor = await connection.execute(
        "SELECT DISTINCT c.cadre FROM cadre c JOIN responsibility t ON t.kind = 'term' AND t.subject = c.cadre"
        " WHERE c.office = %(office)s AND %(day)s >= t.since AND (t.until IS NULL OR %(day)s <= t.until)"
        " ORDER BY c.cadre",
        {"office": office, "day": day},
    )
    return [cadre for (cadre,) in await cursor.fetchall()]


async def offices(connection: psycopg.AsyncConnection[Any]) -> list[str]:
    """All offices, in the order of their regions."""
    cursor = await connection.execute("SELECT office FROM office ORDER BY region, office")
    return [office for (office,) in await cursor.fetchall()]


async def zones(
    connection: psycopg.AsyncConnection[Any], wanted: Sequence[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Zones as drawn last, all or those wanted, each with its regions below the county, the largest first."""
    cursor = await connection.execute(
        "SELECT DISTINCT ON (z.zone) z.zone, r.region, p.region FROM zone z"
        " LEFT JOIN region r ON r.region = z.region AND r.level <> 'county'"
        " LEFT JOIN region p ON p.region = r.parent AND p.level <> 'county'"
        " WHERE %(wanted)s::text[] IS NULL OR z.zone = ANY(%(wanted)s) ORDER BY z.zone, z.since DESC",
        {"wanted": None if wanted is None else list(wanted)},
    )
    found = [(zone, tuple(filter(None, (above, region)))) for zone, region, above in await cursor.fetchall()]
    return dict(sorted(found, key=lambda each: (not each[1], each[1][::-1], each[0])))
