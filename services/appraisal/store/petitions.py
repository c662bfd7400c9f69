"""Petitions in time, solved and to the residents' satisfaction, and the cases behind them (A4, A6, C9)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.appraisal.store.merge import BASE, IN_TIME
from services.appraisal.store.reading import Connection

FIGURES = ("registered", "in_time", "answered", "solved", "rated", "satisfied")
SUMS = ", ".join(f"coalesce(sum({name}), 0)::bigint" for name in FIGURES)
_COUNT = (
    f"SELECT {SUMS} FROM case_tally"
    " WHERE kind = %(kind)s AND subject = %(subject)s AND month BETWEEN %(first)s AND %(last)s"
)
_ALL = (
    f"SELECT subject, {SUMS} FROM case_tally WHERE kind = %(kind)s AND month BETWEEN %(first)s AND %(last)s"
    " AND (%(cadres)s::text[] IS NULL OR subject = ANY (%(cadres)s)) GROUP BY subject"
)
_ANSWERS = (
    "SELECT month, answered, rated FROM case_tally WHERE kind = %(kind)s AND subject = %(subject)s"
    " AND date_trunc('year', month) = date_trunc('year', %(first)s::date)"
)
_WHERE = {
    # Whoever may not see single complaints sees none whose registration, which says so, is not here yet.
    kind: f"FROM case_fact c WHERE {kind} = %(subject)s AND month BETWEEN %(first)s AND %(last)s"
    " AND (%(complaints)s OR complaint IS FALSE) AND (%(only)s::uuid IS NULL OR petition = %(only)s)"
    for kind in ("cadre", "zone")
}
_TOTAL = {kind: f"SELECT count(*) {where}" for kind, where in _WHERE.items()}
_PAGE = {
    kind: f"""
SELECT petition, opened_event, opened_time, limit_event, due, credit_event, reply_event, replied,
       reopened_event, reopened, coalesce(reopened_version > coalesce(reply_version, 0), false), withdrawn_event,
       withdrawn, coalesce({BASE.format("c")}, false), {IN_TIME.format("c")},
       verdict_event, verdict_time, solved, satisfied {where}
ORDER BY registered, petition LIMIT %(limit)s OFFSET %(offset)s"""
    for kind, where in _WHERE.items()
}


@dataclass(frozen=True)
class Figures:
    """What became of petitions: `registered` is the base of C9, `answered` have a verdict, `rated` one that says how
    satisfied.
    """

    registered: int = 0
    in_time: int = 0
    answered: int = 0
    solved: int = 0
    rated: int = 0
    satisfied: int = 0


@dataclass(frozen=True)
class Case:
    """A case as the tables see it: the events that decide, and the times that matter."""

    petition: UUID
    opened_event: UUID
    opened: datetime
    limit_event: UUID | None
    due: datetime | None
    credit_event: UUID | None
    reply_event: UUID | None
    replied: datetime | None
    reopened_event: UUID | None
    reopened: datetime | None
    open_again: bool
    withdrawn_event: UUID | None
    withdrawn: datetime | None
    based: bool
    """It stands in the base: it was not withdrawn before its limit."""
    in_time: bool
    verdict_event: UUID | None
    verdict_time: datetime | None
    solved: str | None
    satisfied: str | None


async def count(connection: Connection, parameters: dict[str, Any]) -> Figures:
    """The figures of a subject. Parameters: kind, subject, first, last."""
    cursor = await connection.execute(_COUNT, parameters)
    row = await cursor.fetchone()
    assert row
    return Figures(*row)


async def of_all(connection: Connection, parameters: dict[str, Any]) -> dict[str, Figures]:
    """The figures of every subject of a kind with a petition. Parameters: kind, first, last, cadres (or None)."""
    cursor = await connection.execute(_ALL, parameters)
    return {row[0]: Figures(*row[1:]) for row in await cursor.fetchall()}


async def answers(connection: Connection, parameters: dict[str, Any]) -> tuple[dict[date, int], dict[date, int]]:
    """How many verdicts each month of the year has, and how many say how satisfied. Parameters: as `count`."""
    cursor = await connection.execute(_ANSWERS, parameters)
    rows = await cursor.fetchall()
    return {month: answered for month, answered, _ in rows}, {month: rated for month, _, rated in rows}


async def cases(connection: Connection, parameters: dict[str, Any]) -> tuple[int, list[Case]]:
    """How many cases lie behind, and a page of them. Parameters: as `count`, complaints, only, limit, offset."""
    cursor = await connection.execute(_TOTAL[parameters["kind"]], parameters)
    total = await cursor.fetchone()
    cursor = await connection.execute(_PAGE[parameters["kind"]], parameters)
    return total[0] if total else 0, [Case(*row) for row in await cursor.fetchall()]
