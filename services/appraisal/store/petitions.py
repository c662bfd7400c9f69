"""Petitions replied to in time, and the cases behind them (A4, A6)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.appraisal.store.reading import Connection

_COUNT = (
    "SELECT coalesce(sum(in_time), 0), coalesce(sum(registered), 0) FROM case_tally"
    " WHERE kind = %(kind)s AND subject = %(subject)s AND month BETWEEN %(first)s AND %(last)s"
)
_WHERE = {
    kind: f"FROM case_fact WHERE {kind} = %(subject)s AND month BETWEEN %(first)s AND %(last)s"
    for kind in ("cadre", "zone")
}
_TOTAL = {kind: f"SELECT count(*) {where}" for kind, where in _WHERE.items()}
_PAGE = {
    kind: f"""
SELECT petition, opened_event, opened_time, limit_event, due, credit_event, reply_event, replied {where}
ORDER BY registered, petition LIMIT %(limit)s OFFSET %(offset)s"""
    for kind, where in _WHERE.items()
}


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


async def count(connection: Connection, parameters: dict[str, Any]) -> tuple[int, int]:
    """Petitions in time, and all registered. Parameters: kind, subject, first, last."""
    cursor = await connection.execute(_COUNT, parameters)
    row = await cursor.fetchone()
    assert row
    return row[0], row[1]


async def cases(connection: Connection, parameters: dict[str, Any]) -> tuple[int, list[Case]]:
    """How many cases lie behind, and a page of them. Parameters: as `count`, limit, offset."""
    cursor = await connection.execute(_TOTAL[parameters["kind"]], parameters)
    total = await cursor.fetchone()
    cursor = await connection.execute(_PAGE[parameters["kind"]], parameters)
    return total[0] if total else 0, [Case(*row) for row in await cursor.fetchall()]
