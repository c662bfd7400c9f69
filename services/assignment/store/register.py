"""The register's tables: written with the events they show."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, LiteralString

import psycopg
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.responsibility import (
    CadreRegistered,
    HouseholdRegistered,
    OfficeRegistered,
    PairingEnded,
    PairingStarted,
    RegionRegistered,
    TermEnded,
    TermStarted,
    ZoneDrawn,
    ZoneLeaderEnded,
    ZoneLeaderSet,
)

from services.assignment.domain.days import day_of
from services.assignment.domain.register import period_of
from services.runtime.database import Statement
from services.runtime.log import Entry

BEGINNING = date(1, 1, 1)
"""The `since` of what was known first: it holds for all days before as well."""

TABLES: Mapping[LiteralString, LiteralString] = {
    "region": "SELECT region, level, parent FROM region",
    "office": "SELECT office, sector, region FROM office",
    "cadre": "SELECT cadre, office, rank, strengths FROM cadre",
    "zone": "SELECT zone, since, level, groups, region FROM zone",
    "household": "SELECT household, since, of_group, care FROM household",
    "responsibility": "SELECT kind, subject, since, cadre, until FROM responsibility",
}


def rows(entries: Sequence[Entry]) -> list[Statement]:
    """Statements that bring the tables from before these entries to after them."""
    regions: dict[str, tuple[Any, ...]] = {}
    offices: dict[str, tuple[Any, ...]] = {}
    cadres: dict[str, tuple[Any, ...]] = {}
    households: dict[tuple[str, date], tuple[Any, ...]] = {}
    zones: dict[tuple[str, date], tuple[Any, ...]] = {}
    started: list[tuple[Any, ...]] = []
    ended: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for entry in entries:
        since = BEGINNING if entry.version == 1 else day_of(entry.time)
        match entry.event:
            case RegionRegistered() as event:
                regions[event.region] = (event.region, event.level, event.parent)
            case OfficeRegistered() as event:
                offices[event.office] = (event.office, event.sector, event.region)
            case CadreRegistered() as event:
                cadres[event.cadre] = (event.cadre, event.office, event.rank, " ".join(event.strengths))
            case HouseholdRegistered() as event:
                households[event.household, since] = (event.household, since, event.group, event.care)
            case ZoneDrawn() as event:
                zones[event.zone, since] = (event.zone, since, event.level, list(event.groups), event.region)
            case TermStarted() | ZoneLeaderSet() | PairingStarted() as event:
                started.append(_key(event))
            case TermEnded() | ZoneLeaderEnded() | PairingEnded() as event:
                ended[_key(event)] = (*_key(event), event.until)
    return [
        *_all(
            "INSERT INTO region SELECT * FROM unnest(%s::text[], %s::text[], %s::text[])"
            " ON CONFLICT (region) DO UPDATE SET level = excluded.level, parent = excluded.parent",
            regions.values(),
        ),
        *_all(
            "INSERT INTO office SELECT * FROM unnest(%s::text[], %s::text[], %s::text[])"
            " ON CONFLICT (office) DO UPDATE SET sector = excluded.sector, region = excluded.region",
            offices.values(),
        ),
        *_all(
            "INSERT INTO cadre (cadre, office, rank, strengths)"
            " SELECT cadre, office, rank, string_to_array(strengths, ' ')"
            " FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS n (cadre, office, rank, strengths)"
            " ON CONFLICT (cadre) DO UPDATE SET office = excluded.office, rank = excluded.rank,"
            " strengths = excluded.strengths",
            cadres.values(),
        ),
        *_all(
            "INSERT INTO household (household, since, of_group, care)"
            " SELECT * FROM unnest(%s::text[], %s::date[], %s::text[], %s::text[])"
            " ON CONFLICT (household, since) DO UPDATE SET of_group = excluded.of_group, care = excluded.care",
            households.values(),
        ),
        *(
            (
                "INSERT INTO zone (zone, since, level, groups, region) VALUES (%s, %s, %s, %s, %s)"
                " ON CONFLICT (zone, since) DO UPDATE SET level = excluded.level, groups = excluded.groups,"
                " region = excluded.region",
                list(zone),
            )
            for zone in zones.values()
        ),
        *_all(
            "INSERT INTO responsibility SELECT * FROM unnest(%s::text[], %s::text[], %s::date[], %s::text[])"
            " ON CONFLICT DO NOTHING",
            started,
        ),
        *_all(
            "UPDATE responsibility r SET until = n.until"
            " FROM unnest(%s::text[], %s::text[], %s::date[], %s::text[], %s::date[])"
            " AS n (kind, subject, since, cadre, until)"
            " WHERE (r.kind, r.subject, r.since, r.cadre) = (n.kind, n.subject, n.since, n.cadre)",
            ended.values(),
        ),
    ]


def _key(event: Event) -> tuple[str, str, date, str]:
    period = period_of(event)
    return (period.kind.value, period.subject, period.since, period.cadre)


def _all(sql: LiteralString, values: Any) -> list[Statement]:
    """The statement over columns of values; none without values."""
    columns = [list(column) for column in zip(*values, strict=True)]
    return [(sql, columns)] if columns else []


async def alone(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Whether this connection is the only one that loads the register, until it is closed."""
    cursor = await connection.execute("SELECT pg_try_advisory_lock(hashtext('lianxin.register'))")
    [(taken,)] = await cursor.fetchall()
    return bool(taken)
