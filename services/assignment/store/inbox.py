"""Cases as they stand: written with the events they show, and listed for whoever handles them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from lianxin_schemas.events.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseClosed,
    CaseDecided,
    CaseEvent,
    CaseLimitSet,
    CaseOpened,
    CaseReopened,
    CaseReplied,
    CaseWithdrawn,
)
from psycopg.rows import dict_row

from services.assignment.domain.cases import Phase
from services.assignment.domain.tabs import Tab, Tabs
from services.runtime.database import Statement
from services.runtime.log import Entry

COLUMNS: LiteralString = (
    "petition, phase, reopened, channel, category, zone, registered, resident, said, office, cadre, due, outcome,"
    " replied, ended"
)
# What an event does not speak of stays as it is. A case that is older than the table gets its row by `rebuild` alone.
UPSERT: LiteralString = (
    "INSERT INTO case_now SELECT (jsonb_populate_record(c, CASE WHEN c.phase = 'opened' AND n.changed ? 'assigned'"
    """ THEN '{"phase": "assigned"}'::jsonb || n.changed ELSE n.changed END)).*"""
    " FROM unnest(%s::uuid[], %s::jsonb[]) AS n (petition, changed) LEFT JOIN case_now c USING (petition)"
    " WHERE c.petition IS NOT NULL OR n.changed ? 'petition'"
    f" ON CONFLICT (petition) DO UPDATE SET ({COLUMNS}) = ROW (excluded.*)"
)
SHOWN: LiteralString = (
    " NOT EXISTS (SELECT FROM complaint x WHERE x.petition = c.petition AND x.cadre = %(viewer)s)"
    " AND (NOT EXISTS (SELECT FROM complained x WHERE x.petition = c.petition)"
    "      OR EXISTS (SELECT FROM complaint x WHERE x.petition = c.petition))"
)
"""Leaves out what `Complaint.hides_from` the viewer."""
ENDED: LiteralString = "c.ended IS NOT NULL"
"""And not by the phase: every step changes that one, and would have to go into the indexes."""
OPEN: LiteralString = "c.ended IS NULL AND c.phase <> 'replied'"
WHERE: Mapping[Tab, LiteralString] = {
    Tab.OVERDUE: f"{OPEN} AND c.due <= %(now)s",
    Tab.TODAY: f"{OPEN} AND c.due > %(now)s AND c.due <= %(today)s",
    Tab.NEAR: f"{OPEN} AND c.due > %(today)s AND c.due <= %(near)s",
    Tab.LATER: f"{OPEN} AND c.due > %(near)s",
    Tab.WAITING: "c.ended IS NULL AND c.phase = 'replied'",
    Tab.ENDED: ENDED,
    Tab.ALL: "true",
}
MOST = 10_000
"""So many of those that have ended are counted: they grow for ever, and nobody's work depends on how many they are."""


def rows(entries: Sequence[Entry]) -> list[Statement]:
    """The statement that brings the table from before these entries to after them."""
    changed: dict[UUID, dict[str, Any]] = {}
    for entry in entries:
        if isinstance(entry.event, CaseEvent):
            row = changed.setdefault(entry.event.petition, {})
            row.update(_changes(entry.event, entry.time, row))
    if not changed:
        return []
    return [(UPSERT, [list(changed), [json.dumps(row, default=str) for row in changed.values()]])]


def _changes(  # noqa: PLR0911 - one return per event reads best
    event: CaseEvent, time: datetime, row: Mapping[str, Any]
) -> dict[str, Any]:
    """The columns that an event changes, `row` being what those before it in the same transaction have changed."""
    match event:
        case CaseOpened():
            return {**event.model_dump(mode="json"), "phase": Phase.OPENED, "reopened": False}
        case CaseAssigned():
            # Whoever opens a case assigns it; a hand-over leaves the phase as it is. Where the two are not written
            # together, the row knows which it is.
            phase = row.get("phase")
            reached = {"phase": Phase.ASSIGNED} if phase == Phase.OPENED else {} if phase else {"assigned": True}
            return {**event.credit.model_dump(), **reached}
        case CaseLimitSet():
            return {"due": event.due}
        case CaseAccepted():
            return {"phase": Phase.ACCEPTED}
        case CaseDecided():
            return {"phase": Phase.DECIDED, "outcome": event.outcome}
        case CaseReplied():
            return {"phase": Phase.REPLIED, "replied": time}
        case CaseReopened():
            return {"phase": Phase.REOPENED, "reopened": True, "replied": None, "ended": None}
        case CaseClosed():
            return {"phase": Phase.CLOSED, "ended": time}
        case CaseWithdrawn():
            return {"phase": Phase.WITHDRAWN, "ended": time}
        case _:
            raise AssertionError(f"{event.type()} is no event of a case")


@dataclass(frozen=True)
class Scope:
    """Whose cases: of a cadre, of an office, or all; of a zone or a category alone, if one is named. `viewer` is the id
    of who looks.
    """

    viewer: str
    cadre: str | None = None
    office: str | None = None
    zone: str | None = None
    category: str | None = None
    """What it lies below counts too: `03` has `03.11.02`."""


async def counts(connection: psycopg.AsyncConnection[Any], scope: Scope, tabs: Tabs) -> dict[Tab, int]:
    """How many cases there are on each tab; of those that have ended, `MOST` at most."""
    each: LiteralString = ", ".join(f"count(*) FILTER (WHERE {where})" for where in WHERE.values())
    cursor = await connection.execute(
        f"SELECT {each}, (SELECT count(*) FROM"
        f" (SELECT FROM case_now c WHERE {_scope(scope)} AND {ENDED} LIMIT %(most)s) AS past)"
        f" FROM case_now c WHERE {_scope(scope)} AND c.ended IS NULL",
        _values(scope, tabs) | {"most": MOST},
    )
    [(*open_, ended)] = await cursor.fetchall()
    found = dict(zip(WHERE, open_, strict=True))
    return found | {tab: found[tab] + ended for tab in (Tab.ENDED, Tab.ALL)}


async def page(
    connection: psycopg.AsyncConnection[Any], scope: Scope, tabs: Tabs, tab: Tab, size: int, number: int
) -> list[dict[str, Any]]:
    """The cases of a page, numbered from 1, the one that is due first first; those that have ended last."""
    cursor = await connection.cursor(row_factory=dict_row).execute(
        f"SELECT {COLUMNS} FROM case_now c WHERE {_scope(scope)} AND {WHERE[tab]}"
        f" ORDER BY {ENDED}, due, petition LIMIT %(size)s OFFSET %(skip)s",
        _values(scope, tabs) | {"size": size, "skip": size * (number - 1)},
    )
    return await cursor.fetchall()


def _scope(scope: Scope) -> LiteralString:
    where: LiteralString = SHOWN
    if scope.cadre is not None:
        where += " AND c.cadre = %(cadre)s"
    if scope.office is not None:
        where += " AND c.office = %(office)s"
    if scope.zone is not None:
        where += " AND c.zone = %(zone)s"
    if scope.category is not None:
        where += " AND (c.category = %(category)s OR starts_with(c.category, %(category)s || '.'))"
    return where


def _values(scope: Scope, tabs: Tabs) -> dict[str, Any]:
    return {**vars(scope), **vars(tabs)}
