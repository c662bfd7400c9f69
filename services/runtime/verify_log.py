"""`log verify`: a whole log against its seals (protocol rule 8), in one snapshot, while everything goes on.

A root says that something under its seal is not as it was; what, says Kafka, where the messages of that span still lie.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, LiteralString, cast
from uuid import UUID

import psycopg
from lianxin_schemas import codec
from lianxin_schemas.events.seals import LogRecovered, LogSealed, Span
from psycopg import IsolationLevel

from services.runtime import log, merkle, seals
from services.runtime.inbox import Lane
from services.runtime.originals import Originals, originals
from services.runtime.recover import SPANS
from services.runtime.settings import Settings
from services.runtime.unsealed import NOWHERE

BATCH = 2_000
MOST_LOOKED_UP = 10_000
"""Positions under a seal that was broken, up to which Kafka is asked which of them differ."""
MOST_TOLD = 1_000

ORDER: dict[LiteralString, LiteralString] = {
    "the version {now} of {what} follows on {before}": (
        "SELECT position, id, stream, before, version FROM (SELECT position, id, stream, version,"
        " lag(version, 1, 0::bigint) OVER (PARTITION BY stream ORDER BY position) AS before FROM events) e"
        " WHERE version <> before + 1"
    ),
    "the number {now} of the lane {what} follows on {before}": (
        "SELECT position, id, topic || '/' || partition || ' of incarnation ' || incarnation, before, number"
        " FROM (SELECT *, lag(number, 1, 0::bigint)"
        " OVER (PARTITION BY incarnation, topic, partition ORDER BY position) AS before FROM events) e"
        " WHERE number <> before + 1"
    ),
    "recorded at {now}, before {before} of the position before it": (
        "SELECT position, id, '', before, recordedtime FROM (SELECT position, id, recordedtime,"
        " lag(recordedtime) OVER (ORDER BY position) AS before FROM events) e WHERE recordedtime < before"
    ),
}
"""What must hold along the log, as queries for the rows that break it."""


@dataclass(frozen=True)
class Difference:
    """What is not as it was, or not as it should be."""

    position: int
    id: UUID | None
    what: str

    def __str__(self) -> str:
        return f"position {self.position}{f' ({self.id})' if self.id else ''}: {self.what}"


@dataclass
class Report:
    """What was looked at. `signed_from` is the first position under a signed seal: what lies before rests on trust."""

    positions: int = 0
    seals: int = 0
    signed_from: int | None = None
    unsealed: int = 0
    """Positions behind the last seal."""
    differences: list[Difference] = field(default_factory=list)
    """The first of them, in the order found."""

    def as_json(self) -> dict[str, Any]:
        """The report as a mapping."""
        return {"equal": not self.differences, **asdict(self)}


def verify(settings: Settings, service: str, progress: Callable[[int, int], None]) -> Report:
    """Goes over the whole log of a service; tells how many of how many positions are done.

    Raises seals.NoKey without public keys, psycopg.Error or KafkaError while either is away.
    """
    keys = seals.listed(settings.seal_keys)
    with psycopg.connect(settings.database(service, guarded=False)) as connection:
        connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
        look = _Look(connection, settings, service, keys)
        for found in (*look.order(), *look.ends(), *look.under_seals(progress)):
            if len(look.report.differences) < MOST_TOLD:
                look.report.differences.append(found)
        return look.report


class _Look:
    def __init__(
        self, connection: psycopg.Connection[Any], settings: Settings, service: str, keys: dict[str, seals.Listed]
    ) -> None:
        self._connection, self._settings, self._service, self._keys = connection, settings, service, keys
        self._stream = f"log-{service}"
        self._lost = self._recovered()
        self.report = Report()

    def order(self) -> Iterator[Difference]:
        """Where positions, versions or numbers are not dense, or recordedtime falls."""
        gaps = self._connection.execute(
            "SELECT before + 1, position - 1 FROM (SELECT position, lag(position, 1, 0::bigint)"
            " OVER (ORDER BY position) AS before FROM events) e WHERE position <> before + 1 ORDER BY 1"
        )
        for first, last in gaps.fetchall():
            for position in range(first, min(last, first + MOST_TOLD) + 1):
                if not self._is_lost(position):
                    yield Difference(position, None, "is not in the log")
        for text, query in ORDER.items():
            for position, id_, what, before, now in self._connection.execute(query + " ORDER BY position LIMIT 1000"):
                yield Difference(position, id_, text.format(what=what, before=before, now=now))

    def ends(self) -> Iterator[Difference]:
        """Where the log ends before what its head, its lanes or its relay say."""
        [(head, sealed, last)] = self._connection.execute(
            "SELECT h.position, r.sealed, (SELECT coalesce(max(position), 0) FROM events) FROM head h, relay r"
        ).fetchall()
        self.report.positions, self._sealed = last, sealed
        if head > last and not self._is_lost(head):
            yield Difference(last + 1, None, f"is not in the log, whose head is at {head}")
        lanes = self._connection.execute(
            "SELECT l.topic, l.partition, l.incarnation, l.number, kept FROM lane l, LATERAL ("
            " SELECT coalesce(max(e.number), 0) AS kept FROM events e"
            " WHERE (e.incarnation, e.topic, e.partition) = (l.incarnation, l.topic, l.partition)) e"
            " WHERE l.number <> kept"
        )
        for topic, partition, incarnation, number, kept in lanes.fetchall():
            what = f"the lane {topic}/{partition} of incarnation {incarnation} ends at {kept}, not at {number}"
            yield Difference(last, None, what)

    def under_seals(self, progress: Callable[[int, int], None]) -> Iterator[Difference]:
        """What seals say against the rows under them: each position under one, each root, each signature."""
        reached = 0
        for row, seal in self._seals():
            if isinstance(seal, str):
                yield Difference(row.position, row.id, seal)
                continue
            self.report.seals += 1
            covers = seal.covers
            if covers.first > reached + 1:
                yield Difference(reached + 1, None, f"lies under no seal, as all do up to {covers.first - 1}")
            yield from self._one(row, seal)
            reached = max(reached, covers.last)
            progress(min(reached, self.report.positions), self.report.positions)
        if reached < self._sealed:
            yield Difference(reached + 1, None, f"lies under no seal, though all were sealed up to {self._sealed}")
        self.report.unsealed = max(0, self.report.positions - reached)

    def _one(self, row: codec.Row, seal: LogSealed) -> Iterator[Difference]:
        if seal.root is None and seal.signature is None and self.report.signed_from is None:
            return  # from before seals were signed; a plain one behind a signed one is none
        if fault := seals.fault(str(row.source), row.time, seal, self._keys):
            yield Difference(row.position, row.id, f"this seal {fault}")
        elif self.report.signed_from is None:
            self.report.signed_from = seal.covers.first
        if seal.root is None:
            yield Difference(row.position, row.id, "this seal has no root")
        elif merkle.root(self._leaves(seal.covers)).hex() != seal.root:
            yield from self._broken(row, seal)

    def _leaves(self, span: Span) -> Iterator[bytes]:
        """A leaf for each position; what is missing leaves its place to nothing."""
        at = span.first
        for row in self._rows("WHERE position BETWEEN %s AND %s", [span.first, span.last], "rows"):
            yield from (NOWHERE for _ in range(at, row.position))
            yield merkle.leaf(codec.encode(row))
            at = row.position + 1
        yield from (NOWHERE for _ in range(at, span.last + 1))

    def _broken(self, seal_row: codec.Row, seal: LogSealed) -> Iterator[Difference]:
        """Which positions of a span differ from what Kafka has of them."""
        covers = seal.covers
        yield Difference(
            seal_row.position, seal_row.id, f"this seal's root is not that of positions {covers.first} to {covers.last}"
        )
        if covers.last - covers.first >= MOST_LOOKED_UP:
            return
        places = self._connection.execute(
            "SELECT position, incarnation, topic, partition, number FROM events WHERE position BETWEEN %s AND %s",
            [covers.first, covers.last],
        )
        wanted: dict[Lane, list[int]] = {}
        for _, incarnation, topic, partition, number in places.fetchall():
            source = f"/{self._settings.space}/{self._service}/{incarnation}"
            wanted.setdefault(Lane(source, topic, partition), []).append(number)
        sent = originals(self._settings, {lane: (min(each), max(each)) for lane, each in wanted.items()})
        yield from self._against(sent, covers)

    def _against(self, sent: Originals, span: Span) -> Iterator[Difference]:
        left = {position: message for position, message in sent.items() if span.first <= position <= span.last}
        for row in self._rows("WHERE position BETWEEN %s AND %s", [span.first, span.last], "rows"):
            now, was = codec.encode(row), left.pop(row.position, None)
            if was is not None and was != now:
                yield Difference(row.position, row.id, f"differs from Kafka in {', '.join(_fields(now, was))}")
        for position, message in sorted(left.items()):
            envelope = codec.unwrap(message)
            yield Difference(position, envelope.id, f"is in Kafka as {envelope.type}, and not in the log")

    def _seals(self) -> Iterator[tuple[codec.Row, LogSealed | str]]:
        """Every seal in its order; a sentence in place of one that cannot be read."""
        for row in self._rows("WHERE stream = %s AND type = %s", [self._stream, LogSealed.type()], "seals"):
            try:
                yield row, cast(LogSealed, codec.parse(row.type, json.loads(row.data)))
            except codec.Unreadable as error:
                yield row, f"this seal cannot be read: {error.reason}"

    def _rows(self, where: LiteralString, values: list[Any], name: str) -> Iterator[codec.Row]:
        with self._connection.cursor(name) as cursor:
            cursor.itersize = BATCH
            cursor.execute(f"SELECT {log.ROW_COLUMNS} FROM events {where} ORDER BY position", values)
            for row in cursor:
                yield log.row_of(self._settings.space, self._service, row)

    def _recovered(self) -> list[Span]:
        """Positions that recoveries found nowhere: no row is expected there. What the log's own events say of it
        counts; the table only where an event was too small for all of them.
        """
        found = self._rows("WHERE stream = %s AND type = %s", [self._stream, LogRecovered.type()], "recovered")
        events = [cast(LogRecovered, codec.parse(row.type, json.loads(row.data))) for row in found]
        if any(len(event.lost) >= SPANS for event in events):
            rows = self._connection.execute("SELECT first, last FROM lost").fetchall()
            return [Span(first=first, last=last) for first, last in rows]
        return [span for event in events for span in event.lost]

    def _is_lost(self, position: int) -> bool:
        return any(span.first <= position <= span.last for span in self._lost)


def _fields(now: bytes, was: bytes) -> list[str]:
    """The fields of two messages that are not alike."""
    one, other = json.loads(now), json.loads(was)
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)) or ["spelling"]
