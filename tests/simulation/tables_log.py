"""What statements of the log, the relay and `log recover` do."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg.errors import ObjectNotInPrerequisiteState

from tests.simulation import refold
from tests.simulation.tables import CASTS, LEASE, LONG_AGO, Result, Row, Statement, Taken


class OfLog(Statement):
    """log.sql, log.py; relay.py and readback.py; recover.py and takeback.py."""

    def append(self, given: Sequence[str]) -> Result:
        tables = self.tables
        rows = list(
            zip(*(map(cast, column.split("\n")) for column, cast in zip(given, CASTS, strict=True)), strict=True)
        )
        recorded = max(self.world.clock(), tables.recorded)
        together = Counter(row[9] for row in rows)
        placed = []
        for stream, version, id_, type_, topic, partition, time, authtype, authid, causation, hash_, data in rows:
            self._free(stream, version, id_)
            tables.position += 1
            lane = (tables.incarnation, topic, partition)
            number = tables.lanes[lane] = tables.lanes.get(lane, 0) + 1
            place = (stream, version, id_, type_, topic, partition, number, tables.incarnation)
            rest = (time, recorded, authtype, authid, causation, together[causation], hash_, data)
            self.keep(Row(tables.position, *place, *rest))
            placed.append((id_, tables.incarnation, topic, partition, number))
        tables.recorded = recorded
        return placed

    def _free(self, stream: str, version: int, id_: UUID) -> None:
        if id_ in self.tables.ids:
            raise Taken("events_id")
        known = {self.tables.events[at].version for at in self.tables.streams.get(stream, ())}
        if version in known:
            self.world.tell("a stream has moved on", stream)
            raise Taken("events_stream_version")
        if version > 1 and version - 1 not in known:
            self.world.tell("a stream has moved back", stream)
            raise Taken("events_stream_dense")

    def keep(self, row: Row) -> None:
        """A row in all the ways in which it is found."""
        tables = self.tables
        if row.position in tables.events:
            raise Taken("events_pkey")
        tables.events[row.position] = row
        tables.ids[row.id] = row.position
        tables.streams[row.stream] = (*tables.streams.get(row.stream, ()), row.position)
        tables.numbers[row.incarnation, row.topic, row.partition, row.number] = row.position

    def receipts(self, given: Any) -> Result:
        tables, found = self.tables, []
        for position in sorted(tables.ids[id_] for id_ in given[0] if id_ in tables.ids):
            for at in range(position, position + tables.events[position].siblings):
                if row := tables.events.get(at):
                    place = (row.id, row.incarnation, row.topic, row.partition, row.number)
                    found.append((at, row.causation, row.authtype, row.authid, row.hash, *place))
        torn = [(0, cause, "", "", None, None, 0, "", 0, 0) for cause in given[1] if cause in tables.torn]
        return [*torn, *sorted(found, key=lambda row: row[0])]

    def load(self, given: Any) -> Result:
        tables = self.tables
        return [
            (r.id, r.type, r.stream, r.version, r.time, r.authtype, r.authid, r.hash, json.loads(r.data))
            for stream in sorted(set(given[0]))
            for r in sorted((tables.events[at] for at in tables.streams.get(stream, ())), key=lambda r: r.version)
        ]

    def behind(self, given: Any) -> Result:
        after, most = given
        if self.world.running:
            self.world.forwarded[self.world.running.name] = self.world.steps
        found = []
        for at in range(after + 1, self.tables.position + 1):
            if r := self.tables.events.get(at):
                wire = (r.id, r.incarnation, r.type, r.stream, r.version, r.position, r.number)
                rest = (r.time, r.recordedtime, r.causation, r.authtype, r.authid, r.data)
                found.append((r.topic, r.partition, *wire, *rest))
        return found[:most]

    def lease(self, given: Any) -> Result:
        relay, now = self.tables.relay, self.world.clock()
        if not (relay.expires < now or relay.holder == given[1]):
            return []
        self.tables.relay = relay._replace(epoch=relay.epoch + 1, holder=given[0], expires=now + LEASE)
        return [(self.tables.relay.epoch, relay.position)]

    def relay_at(self, given: Any) -> None:
        epoch, position = given
        if self.tables.relay.epoch != epoch:
            raise ObjectNotInPrerequisiteState("another relay holds the lease")
        self.tables.relay = self.tables.relay._replace(position=position, expires=self.world.clock() + LEASE)

    def sealed(self, given: Any) -> None:
        self.tables.relay = self.tables.relay._replace(sealed=given[0], sealed_at=self.world.clock())

    def sealed_last(self, _: Any) -> Result:
        return [(self.tables.relay.sealed,)]

    def missing(self, given: Any) -> Result:
        *columns, most = given
        read = {key[:3]: key[3] for key in zip(*columns, strict=True)}
        places = [self.tables.numbers.get((*lane, read.get(lane, 0) + 1)) for lane in self.tables.lanes]
        return [(min((at for at in places if at is not None and at <= most), default=None),)]

    def seal(self, given: Any) -> Result:
        most, stream = given
        tables, relay, now = self.tables, self.tables.relay, self.world.clock()
        unsealed = (tables.events.get(at) for at in range(relay.sealed + 1, most + 1))
        due = relay.sealed_at < now - timedelta(hours=1) or any(row and row.topic != "seals" for row in unsealed)
        version = max((tables.events[at].version for at in tables.streams.get(stream, ())), default=0)
        return [(relay.sealed, due, version, now, tables.incarnation)]

    def counters(self, _: Any) -> Result:
        return [(*lane, number) for lane, number in self.tables.lanes.items()]

    def head(self, _: Any) -> Result:
        return [(self.tables.position, self.tables.incarnation)]

    def take_back(self, given: Any) -> None:
        tables = self.tables
        for position, stream, version, id_, type_, topic, partition, number, incarnation, *rest in zip(
            *given, strict=True
        ):
            time, recorded, authtype, authid, causation, data = rest
            self._free(stream, version, id_)
            if (incarnation, topic, partition, number) in tables.numbers:
                raise Taken("events_lane")
            place = (stream, version, id_, type_, topic, partition, number, incarnation)
            self.keep(Row(position, *place, time, recorded, authtype, authid, causation, 0, None, data))

    def contradicts(self, given: Any) -> Result:
        tables = self.tables
        for *place, other in zip(*given, strict=True):
            at = tables.numbers.get(tuple(place))
            if at is not None and tables.events[at].id != other:
                return [(place[1], place[2], place[3])]
        return []

    def move_on(self, given: Any) -> None:
        incarnation, after = given
        tables = self.tables
        back = [row for at, row in tables.events.items() if at > after]
        if back:  # as in SQL: greatest() passes by what is null
            tables.position = max(tables.position, *(row.position for row in back))
            tables.recorded = max(tables.recorded, *(row.recordedtime for row in back))
        tables.incarnation = incarnation

    def end_lease(self, given: Any) -> None:
        relay = self.tables.relay
        self.tables.relay = relay._replace(epoch=relay.epoch + 1, expires=LONG_AGO, sealed=max(relay.sealed, given[0]))

    def set_lanes(self, given: Any) -> None:
        for incarnation, topic, partition, number in zip(*given, strict=True):
            self.tables.lanes[incarnation, topic, partition] = number

    def note_lost(self, given: Any) -> Result:
        before, gaps = given[0], []
        for position in sorted(at for at in self.tables.events if at > given[1]):
            if position > before + 1:
                gaps.append((before + 1, position - 1))
                self.tables.lost |= set(range(before + 1, position))
            before = position
        return gaps

    def count_siblings(self, given: Any) -> None:
        back = [row for at, row in self.tables.events.items() if at > given[0]]
        together = Counter(row.causation for row in back)
        for row in back:
            self.tables.events[row.position] = row._replace(siblings=together[row.causation])

    def cut(self, given: Any) -> Result:
        found: Result = []
        for at in sorted(at for at in self.tables.events if at > given[0])[: given[1]]:
            row = self.tables.events[at]
            starts = at + 1 in self.tables.lost and at not in self.tables.lost
            found.append((at, row.causation, row.siblings, row.id, at == self.tables.position or starts))
        return found

    def tear(self, given: Any) -> None:
        self.tables.torn |= set(given[0])

    def mend(self, given: Any) -> None:
        self.tables.torn -= set(given[0])
        self.tables.finished |= set(given[0])
        self.world.tell("finished")

    def newest(self, given: Any) -> Result:
        versions = [self.tables.events[at].version for at in self.tables.streams.get(given[0], ())]
        return [(max([0, *versions]), self.world.clock())]

    def refill(self, _: Any) -> None:
        rows = [self.tables.events[at] for at in sorted(self.tables.events)]
        self.tables.cases, self.tables.zones = refold.cases(rows), refold.zones(rows)
