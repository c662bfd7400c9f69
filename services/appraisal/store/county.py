"""Sums over places and offices (A10): by township, as a zone's region says; '' is no township known.

A household lies where the narrowest zone lies that holds its group and whose township is known.
"""

from datetime import date, datetime
from typing import Any

from services.appraisal.store.coverage import BY_GROUP
from services.appraisal.store.merge import BASE
from services.appraisal.store.petitions import SUMS, Figures
from services.appraisal.store.reading import Connection

_TOWNSHIPS = """WITH RECURSIVE up (region, at, level, parent) AS (
    SELECT region, region, level, parent FROM region
    UNION
    SELECT u.region, r.region, r.level, r.parent FROM up u JOIN region r ON r.region = u.parent
), township AS (SELECT region, min(at) AS township FROM up WHERE level = 'township' GROUP BY region),
lying AS (SELECT zone, level, groups, township FROM zone JOIN township USING (region))"""
_PETITIONS = f"""{_TOWNSHIPS}
SELECT coalesce(y.township, ''), {SUMS} FROM case_tally t LEFT JOIN lying y ON y.zone = t.subject
WHERE t.kind = 'zone' AND t.month BETWEEN %(first)s AND %(last)s GROUP BY 1"""
_BY_OFFICE = (
    f"SELECT subject, {SUMS} FROM case_tally WHERE kind = 'office' AND month BETWEEN %(first)s AND %(last)s"
    " GROUP BY subject"
)
_COVERAGE = f"""{_TOWNSHIPS}, place AS (
    SELECT DISTINCT ON (grp) grp, township FROM lying, unnest(groups) AS g (grp) ORDER BY grp, level, zone COLLATE "C"
), {BY_GROUP}
SELECT coalesce(township, ''), sum(visited)::bigint, sum(households)::bigint
FROM by_group LEFT JOIN place USING (grp) GROUP BY 1"""
_ANSWERS = (
    "SELECT month, sum(answered)::bigint, sum(rated)::bigint FROM case_tally"
    " WHERE kind = 'zone' AND date_trunc('year', month) = date_trunc('year', %(first)s::date) GROUP BY month"
)
_WAITING = f"""
SELECT count(*), count(*) FILTER (WHERE due <= %(as_of)s) FROM case_fact c
WHERE month BETWEEN %(first)s AND %(last)s AND coalesce({BASE.format("c")}, false) AND withdrawn IS NULL
  AND (replied IS NULL OR coalesce(reopened_version > reply_version, false))"""
_ALL = "SELECT region FROM region WHERE level = 'township' ORDER BY region"


async def townships(connection: Connection) -> list[str]:
    """Every township registered, by its code."""
    cursor = await connection.execute(_ALL)
    return [row[0] for row in await cursor.fetchall()]


async def petitions(connection: Connection, parameters: dict[str, Any]) -> dict[str, Figures]:
    """Petitions by township. Parameters: first, last."""
    cursor = await connection.execute(_PETITIONS, parameters)
    return {row[0]: Figures(*row[1:]) for row in await cursor.fetchall()}


async def by_office(connection: Connection, parameters: dict[str, Any]) -> dict[str, Figures]:
    """Petitions by the office credited. Parameters: first, last."""
    cursor = await connection.execute(_BY_OFFICE, parameters)
    return {row[0]: Figures(*row[1:]) for row in await cursor.fetchall()}


async def coverage(connection: Connection, parameters: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Households visited often enough, and all, by township. Parameters: first, last, required."""
    cursor = await connection.execute(_COVERAGE, parameters)
    return {township: (covered, all_) for township, covered, all_ in await cursor.fetchall()}


async def answers(connection: Connection, parameters: dict[str, Any]) -> tuple[dict[date, int], dict[date, int]]:
    """How many verdicts each month of the year has, and how many say how satisfied. Parameters: first."""
    cursor = await connection.execute(_ANSWERS, parameters)
    rows = await cursor.fetchall()
    return {month: answered for month, answered, _ in rows}, {month: rated for month, _, rated in rows}


async def waiting(connection: Connection, parameters: dict[str, Any], as_of: datetime | None) -> tuple[int, int]:
    """Petitions of the base without a reply, or opened again; and how many of them were overdue at a moment.

    Parameters: first, last.
    """
    cursor = await connection.execute(_WAITING, parameters | {"as_of": as_of})
    row = await cursor.fetchone()
    assert row
    return row[0], row[1]
