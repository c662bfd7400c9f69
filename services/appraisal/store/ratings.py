"""What people think of those who answer for them, in released sums, and the marks given from above (G1, G2).

A release or a mark counts in a period that holds all of its days.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.appraisal.store.reading import Connection

_POINTS = " + ".join(f"{mark - 1} * counts[{mark}]" for mark in range(2, 6))
_ANSWERS = " + ".join(f"counts[{mark}]" for mark in range(1, 6))
_WITHIN = "first >= %(first)s AND last <= %(last)s"
_OF = "(%(cadres)s::text[] IS NULL OR cadre = ANY (%(cadres)s))"
_SUMS = f"kind, coalesce(sum({_POINTS}), 0)::bigint, coalesce(sum({_ANSWERS}), 0)::bigint"
_RATED = {
    kind: f"SELECT {_SUMS} FROM rating WHERE {kind} = %(subject)s AND {_WITHIN} GROUP BY kind"
    for kind in ("cadre", "zone")
}
_ALL_RATED = {
    kind: f"SELECT {kind}, {_SUMS} FROM rating WHERE {kind} IS NOT NULL AND {_WITHIN} AND {_OF} GROUP BY {kind}, kind"
    for kind in ("cadre", "zone")
}
_MARKED = (
    f"SELECT level, sum(points), count(*) FROM mark_given WHERE cadre = %(subject)s AND {_WITHIN}"
    " AND %(kind)s = 'cadre' GROUP BY level"
)
_ALL_MARKED = (
    f"SELECT cadre, level, sum(points), count(*) FROM mark_given WHERE cadre IS NOT NULL AND {_WITHIN}"
    f" AND {_OF} AND %(kind)s = 'cadre' GROUP BY cadre, level"
)
_RELEASES = {
    kind: f"SELECT release, event, time, kind FROM rating WHERE {kind} = %(subject)s AND {_WITHIN}"
    " ORDER BY first, release"
    for kind in ("cadre", "zone")
}
_MARKS = (
    f"SELECT mark, event, time, level FROM mark_given WHERE cadre = %(subject)s AND {_WITHIN} AND %(kind)s = 'cadre'"
    " ORDER BY first, mark"
)
Sums = dict[str, tuple[int, int]]
"""By kind of rating or level of mark: points over nothing, and how many answers or marks."""


@dataclass(frozen=True)
class Given:
    """One released sum, or one mark."""

    id: UUID
    event: UUID
    time: datetime
    of: str
    """The kind of rating, or the level of the mark."""


async def sums(connection: Connection, parameters: dict[str, Any]) -> Sums:
    """Points and numbers by kind and level. Parameters: kind, subject, first, last."""
    rated = await connection.execute(_RATED[parameters["kind"]], parameters)
    marked = await connection.execute(_MARKED, parameters)
    return {of: (points, number) for of, points, number in [*await rated.fetchall(), *await marked.fetchall()]}


async def of_all(connection: Connection, parameters: dict[str, Any]) -> dict[str, Sums]:
    """The same of every subject of a kind with a rating or a mark. Parameters: kind, first, last, cadres (or None)."""
    found: dict[str, Sums] = {}
    for sql in (_ALL_RATED[parameters["kind"]], _ALL_MARKED):
        cursor = await connection.execute(sql, parameters)
        for subject, of, points, number in await cursor.fetchall():
            found.setdefault(subject, {})[of] = (points, number)
    return found


async def given(connection: Connection, parameters: dict[str, Any]) -> list[Given]:
    """The releases and marks behind. Parameters: as `sums`."""
    releases = await connection.execute(_RELEASES[parameters["kind"]], parameters)
    marks = await connection.execute(_MARKS, parameters)
    return [Given(*row) for row in [*await releases.fetchall(), *await marks.fetchall()]]
