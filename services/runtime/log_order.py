"""What must hold along a log, row by row (protocol rule 1): positions, versions and lane numbers dense, recordedtime
never falling, head and lanes where the rows end.

Rows are read a page at a time up to an end that was looked at first, and no snapshot is kept from page to page. None is
needed: a position is given while head is locked and becomes visible with it, so that all up to a head that was seen can
be seen from then on; and no row is ever changed, nor put in later, at or below it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

import psycopg

PAGE = 5_000
MOST_MISSING = 1_000
"""Positions of one gap that are told one by one."""

ROWS: LiteralString = (
    "SELECT position, incarnation, topic, partition, number, recordedtime, version = 1 OR EXISTS"
    " (SELECT FROM events b WHERE (b.stream, b.version) = (e.stream, e.version - 1) AND b.position < e.position)"
    " FROM events e WHERE position > %s AND position <= %s ORDER BY position LIMIT %s"
)
"""With whether the version before stands before. No version stands twice, so that is enough for a whole stream."""

OwnLane = tuple[int, str, int]
"""Incarnation, topic and partition."""


@dataclass(frozen=True)
class Difference:
    """What is not as it was, or not as it should be."""

    position: int
    id: UUID | None
    what: str

    def __str__(self) -> str:
        return f"position {self.position}{f' ({self.id})' if self.id else ''}: {self.what}"


@dataclass(frozen=True)
class End:
    """Where a log ends at one moment: what its rows are held against."""

    head: int
    sealed: int
    lanes: dict[OwnLane, int]


def end_of(connection: psycopg.Connection[Any]) -> End:
    """Where the log ends now. `connection` commits by itself."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        [(head, sealed)] = connection.execute("SELECT h.position, r.sealed FROM head h, relay r").fetchall()
        lanes = connection.execute("SELECT incarnation, topic, partition, number FROM lane").fetchall()
    return End(head, sealed, {(incarnation, topic, at): number for incarnation, topic, at, number in lanes})


class Order:
    """One walk along the rows. `last` is the last position that has one, once it has been walked."""

    def __init__(self, connection: psycopg.Connection[Any], end: End, lost: Callable[[int], bool]) -> None:
        self._connection, self._end, self._lost = connection, end, lost
        self.last = 0

    def differences(self, progress: Callable[[int], None]) -> Iterator[Difference]:
        """Everything along the log that is not as it must be; tells up to which position it has looked."""
        after, recorded = -(2**63), None
        numbers: dict[OwnLane, int] = {}
        while rows := self._connection.execute(ROWS, [after, self._end.head, PAGE]).fetchall():
            after = rows[-1][0]
            for position, incarnation, topic, partition, number, now, follows in rows:
                lane = (incarnation, topic, partition)
                before, numbers[lane] = numbers.get(lane, 0), number
                if position != self.last + 1:
                    yield from self._missing(position - 1)
                if not follows:
                    yield self._version(position)
                if number != before + 1:
                    yield self._at(position, f"the number {number} of the lane {_named(*lane)} follows on {before}")
                if recorded is not None and now < recorded:
                    yield self._at(position, f"recorded at {now}, before {recorded} of the position before it")
                self.last, recorded = position, now
            progress(self.last)
        yield from self._ends(numbers)

    def _ends(self, numbers: dict[OwnLane, int]) -> Iterator[Difference]:
        if self._end.head > self.last and not self._lost(self._end.head):
            yield Difference(self.last + 1, None, f"is not in the log, whose head is at {self._end.head}")
        for lane, number in sorted(self._end.lanes.items()):
            if number != (kept := numbers.get(lane, 0)):
                what = f"the lane {_named(*lane)} ends at {kept}, not at {number}"
                yield Difference(self.last, None, what)

    def _missing(self, last: int) -> Iterator[Difference]:
        for position in range(self.last + 1, min(last, self.last + MOST_MISSING) + 1):
            if not self._lost(position):
                yield Difference(position, None, "is not in the log")

    def _version(self, position: int) -> Difference:
        [(version, stream, before)] = self._connection.execute(
            "SELECT version, stream, coalesce((SELECT version FROM events b WHERE b.stream = e.stream"
            " AND b.position < e.position ORDER BY b.position DESC LIMIT 1), 0) FROM events e WHERE position = %s",
            [position],
        ).fetchall()
        return self._at(position, f"the version {version} of {stream} follows on {before}")

    def _at(self, position: int, what: str) -> Difference:
        [(id_,)] = self._connection.execute("SELECT id FROM events WHERE position = %s", [position]).fetchall()
        return Difference(position, id_, what)


def _named(incarnation: int, topic: str, partition: int) -> str:
    return f"{topic}/{partition} of incarnation {incarnation}"
