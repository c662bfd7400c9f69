"""`log verify`: a whole log against its seals (protocol rule 8), page by page, while everything goes on.

A root says that something under its seal is not as it was; what, says Kafka, where the messages of that span still lie.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any, LiteralString, cast

import psycopg
from lianxin_schemas import codec
from lianxin_schemas.events.seals import LogRecovered, LogSealed, Span

from services.runtime import log, merkle, seals
from services.runtime.inbox import Lane
from services.runtime.log_order import Difference, Order, end_of
from services.runtime.originals import Originals, originals
from services.runtime.recover import SPANS
from services.runtime.settings import Settings
from services.runtime.unsealed import NOWHERE

PAGE = 2_000
MOST_LOOKED_UP = 10_000
"""Positions under a seal that was broken, up to which Kafka is asked which of them differ."""
MOST_TOLD = 1_000
SEALED_WITHIN = timedelta(hours=2)
"""A relay at work makes a seal an hour, whether anything happens or not."""


@dataclass
class Report:
    """What was looked at. `signed_from` is the first position under a signed seal."""

    positions: int = 0
    seals: int = 0
    signed_from: int | None = None
    plain: int = 0
    """Seals without a signature that were passed by because the caller said so: what lies under them rests on trust."""
    unsealed: int = 0
    """Positions behind the last seal."""
    differences: list[Difference] = field(default_factory=list)
    """The first of them, in the order found."""

    def as_json(self) -> dict[str, Any]:
        """The report as a mapping."""
        return {"equal": not self.differences, **asdict(self)}


def verify(settings: Settings, service: str, progress: Callable[[int, int], None], *, plain_to: int = 0) -> Report:
    """Goes over the whole log of a service; tells how many of how many rows are read, each of them twice.

    A seal without a signature is a difference, but for those of releases before seals were signed that cover nothing
    behind `plain_to`. Nothing in the database can say where that is: whoever writes to it takes signatures away, too.

    Raises seals.NoKey without public keys, psycopg.Error or KafkaError while either is away.
    """
    keys = seals.listed(settings.seal_keys)
    with psycopg.connect(settings.database(service, guarded=False), autocommit=True) as connection:
        look = _Look(connection, settings, service, keys, plain_to)
        for found in look.differences(progress):
            if len(look.report.differences) < MOST_TOLD:
                look.report.differences.append(found)
        return look.report


class _Look:
    def __init__(
        self,
        connection: psycopg.Connection[Any],
        settings: Settings,
        service: str,
        keys: dict[str, seals.Listed],
        plain_to: int,
    ) -> None:
        self._connection, self._settings, self._service, self._keys = connection, settings, service, keys
        self._plain_to = plain_to
        self._stream = f"log-{service}"
        self._end = end_of(connection)
        self._lost = self._recovered()
        self.report = Report()

    def differences(self, progress: Callable[[int, int], None]) -> Iterator[Difference]:
        """All of them: first along the rows, then of the seals."""
        many = 2 * self._end.head
        order = Order(self._connection, self._end, self._is_lost)
        yield from order.differences(lambda position: progress(position, many))
        self.report.positions = order.last
        yield from self._under_seals(lambda position: progress(order.last + position, many))

    def _under_seals(self, progress: Callable[[int], None]) -> Iterator[Difference]:
        """What seals say against the rows under them: each position under one, each root, each signature."""
        reached = 0
        for row, seal in self._seals():
            if isinstance(seal, str):
                yield Difference(row.position, row.id, seal)
                continue
            self.report.seals += 1
            covers = seal.covers
            if covers.last >= row.position:
                yield Difference(row.position, row.id, f"this seal covers positions up to {covers.last}, behind itself")
                continue
            if covers.first > reached + 1:
                yield Difference(reached + 1, None, f"lies under no seal, as all do up to {covers.first - 1}")
            yield from self._one(row, seal)
            reached = max(reached, covers.last)
            progress(min(reached, self.report.positions))
        if reached < self._end.sealed:
            yield Difference(reached + 1, None, f"lies under no seal, though all were sealed up to {self._end.sealed}")
        self.report.unsealed = max(0, self.report.positions - reached)
        yield from self._too_long_ago(reached)

    def _too_long_ago(self, reached: int) -> Iterator[Difference]:
        """Where no relay has sealed for long. Without its key nobody makes a new seal over what they wrote; and a relay
        seals nothing that Kafka does not hold.
        """
        oldest = self._connection.execute(
            "SELECT position, id, recordedtime, recordedtime < now() - %s FROM events"
            " WHERE position > %s AND position <= %s ORDER BY position LIMIT 1",
            [SEALED_WITHIN, reached, self._end.head],
        ).fetchall()
        for position, id_, recorded, too_long in oldest:
            if too_long:
                yield Difference(position, id_, f"lies under no seal, though it was recorded at {recorded}")

    def _one(self, row: codec.Row, seal: LogSealed) -> Iterator[Difference]:
        if seal.root is None and seal.signature is None and seal.covers.last <= self._plain_to:
            self.report.plain += 1
            return
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
        for row in self._rows(span):
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
        places = {int(codec.unwrap(message).sequence): message for message in sent.values()}
        left = {position: message for position, message in places.items() if span.first <= position <= span.last}
        for row in self._rows(span):
            now, was = codec.encode(row), left.pop(row.position, None)
            if was is not None and was != now:
                yield Difference(row.position, row.id, f"differs from Kafka in {', '.join(_fields(now, was))}")
        for position, message in sorted(left.items()):
            envelope = codec.unwrap(message)
            yield Difference(position, envelope.id, f"is in Kafka as {envelope.type}, and not in the log")

    def _seals(self) -> Iterator[tuple[codec.Row, LogSealed | str]]:
        """Every seal in its order; a sentence in place of one that cannot be read."""
        for row in self._said(LogSealed.type()):
            try:
                yield row, cast(LogSealed, codec.parse(row.type, json.loads(row.data)))
            except codec.Unreadable as error:
                yield row, f"this seal cannot be read: {error.reason}"

    def _rows(self, span: Span) -> Iterator[codec.Row]:
        at = span.first - 1
        while page := self._page("position > %s AND position <= %s ORDER BY position", [at, span.last]):
            yield from page
            at = page[-1].position

    def _said(self, type_: str) -> Iterator[codec.Row]:
        """What the log says of itself, of one kind, in the order of its stream."""
        version, where = 0, "stream = %s AND type = %s AND position <= %s AND version > %s ORDER BY version"
        while page := self._page(where, [self._stream, type_, self._end.head, version]):
            yield from page
            version = page[-1].version

    def _page(self, where: LiteralString, values: list[Any]) -> list[codec.Row]:
        """The first rows of some, read in a transaction of its own."""
        cursor = self._connection.execute(
            f"SELECT {log.ROW_COLUMNS} FROM events WHERE {where} LIMIT %s", [*values, PAGE]
        )
        return [log.row_of(self._settings.space, self._service, row) for row in cursor.fetchall()]

    def _recovered(self) -> list[Span]:
        """Positions that recoveries found nowhere: no row is expected there. What the log's own events say of it
        counts; the table only where an event was too small for all of them.
        """
        found = self._said(LogRecovered.type())
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
