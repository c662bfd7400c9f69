"""Takes what Kafka holds of a log back into it: whatever is dense in its lane behind what the log has (rule 13)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from lianxin_schemas import codec
from lianxin_schemas.envelope import Source
from lianxin_schemas.events.seals import LogRecovered, LogSealed, SealEvent
from lianxin_schemas.topics import produced_by

from services.runtime.database import Connection
from services.runtime.inbox import Inbox, Lane, Message, Opened, Received, State
from services.runtime.readback import Bookmarks, ReadBack

INSERT = (
    "INSERT INTO events (position, stream, version, id, type, topic, partition, number, incarnation, time,"
    " recordedtime, authtype, authid, causation, siblings, data) SELECT position, stream, version, id, type, topic,"
    " partition, number, incarnation, time, recordedtime, authtype, authid, causation, 0, data::json"
    " FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::uuid[], %s::text[], %s::text[], %s::int[], %s::bigint[],"
    " %s::int[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[], %s::uuid[], %s::text[])"
    " AS r (position, stream, version, id, type, topic, partition, number, incarnation, time, recordedtime, authtype,"
    " authid, causation, data)"
)


class Unrecoverable(Exception):
    """Kafka's copy contradicts the log, or cannot be read: a human has to look. Nothing was written."""


@dataclass
class Found:
    """What is known of a log: its own rows, and what came back. Moves on as messages are taken."""

    marks: dict[Lane, int]
    """The last number of each lane."""
    ends: dict[Lane, int]
    """Lanes that a recovery has ended before, and where."""
    incarnation: int
    """The highest that anything was written under."""
    taken: int = 0
    sealed: int = 0
    """The last position that a seal among what came back covers."""

    def learn(self, item: Received) -> None:
        """Takes in one event that came back."""
        self.taken += 1
        self.incarnation = max(self.incarnation, Source.parse(item.lane.source).incarnation)
        match item.event:
            case LogSealed() as seal:
                self.sealed = max(self.sealed, seal.covers.last)
            case LogRecovered() as recovered:
                self.end(recovered)

    def end(self, recovered: LogRecovered) -> None:
        """Ends the lanes of an incarnation where its recovery says."""
        for end in recovered.lanes:
            self.ends.setdefault(Lane(recovered.old_source, end.topic, end.partition), end.number)


class Taking:
    """Takes messages back, in the transaction at hand."""

    def __init__(self, connection: Connection, space: str, service: str, found: Found) -> None:
        self._connection, self._found = connection, found
        self._own = f"/{space}/{service}/"
        kinds = frozenset(
            kind for topic in produced_by(service) for kind in topic.events if not issubclass(kind, SealEvent)
        )
        self._inbox = Inbox("recover", space, kinds)

    async def all(self, back: ReadBack, progress: Callable[[int], None]) -> None:
        """Takes all that is in Kafka once it is known where older lanes end; until nothing more comes."""
        ends = back.ends()
        back.bookmarks = {place: start for place, start in back.bookmarks.items() if start <= ends[place]}
        await self._learn_ends(back, {place: end for place, end in ends.items() if place[0] == "seals"})
        while await self._once(back, ends, progress):
            pass

    async def _learn_ends(self, back: ReadBack, ends: Bookmarks) -> None:
        """Where recoveries of before have ended lanes. Nothing is taken: what stands before them may lie beyond."""
        marks = dict(self._found.marks)
        batches = back.batches(ends)
        while batch := await asyncio.to_thread(next, batches, None):
            result = self._inbox.sort(batch, State(marks=marks, ends=self._found.ends), {})
            marks |= {lane: number for lane, number in result.marks.items() if lane.source.startswith(self._own)}
            for item in result.seals:
                if isinstance(item.event, LogRecovered) and item.lane.source.startswith(self._own):
                    self._found.end(item.event)

    async def _once(self, back: ReadBack, ends: Bookmarks, progress: Callable[[int], None]) -> int:
        before = self._found.taken
        batches = back.batches(ends)
        while batch := await asyncio.to_thread(next, batches, None):
            await self.take(batch)
            progress(self._found.taken)
        return self._found.taken - before

    async def take(self, batch: Sequence[Message]) -> None:
        """Writes those of a batch that are the next of their lanes. Raises Unrecoverable."""
        found = self._found
        result = self._inbox.sort(batch, State(marks=found.marks, ends=found.ends), {})
        for parked in (*result.parked, *result.behind):
            if parked.lane and parked.lane.source.startswith(self._own):
                place = f"{parked.lane.topic}/{parked.lane.partition} offset {parked.message.offset}"
                raise Unrecoverable(f"{place} cannot be read ({parked.reason}): perhaps a newer release can")
        found.marks |= {lane: number for lane, number in result.marks.items() if lane.source.startswith(self._own)}
        taken = [item for item in (*result.applied, *result.seals) if item.lane.source.startswith(self._own)]
        for item in taken:
            found.learn(item)
        await self._insert(taken)
        await self._compare([message.opened for message in batch if message.opened])

    async def _insert(self, taken: Sequence[Received]) -> None:
        rows = []
        for item in taken:
            row, lane = _row(item), item.lane
            place = (row.position, row.stream, row.version, row.id, row.type, lane.topic, lane.partition, row.number)
            times = (row.source.incarnation, row.time, row.recordedtime)
            rows.append((*place, *times, row.authtype, row.authid, row.causation, row.data))
        if rows:
            await self._connection.execute(INSERT, [list(column) for column in zip(*rows, strict=True)])

    async def _compare(self, batch: Sequence[Opened]) -> None:
        """Raises Unrecoverable for a message whose place in its lane is another event's in the log. What lies outside
        any lane contradicts nothing.
        """
        places: list[tuple[int, str, int, int, UUID]] = []
        for _, lane, envelope, _ in batch:
            if lane and envelope and lane.source.startswith(self._own):
                incarnation = Source.parse(lane.source).incarnation
                places.append((incarnation, lane.topic, lane.partition, envelope.lanenumber, envelope.id))
        if not places:
            return
        cursor = await self._connection.execute(
            "SELECT topic, partition, number FROM unnest(%s::int[], %s::text[], %s::int[], %s::bigint[], %s::uuid[])"
            " AS k (incarnation, topic, partition, number, other)"
            " JOIN events e USING (incarnation, topic, partition, number) WHERE e.id <> k.other LIMIT 1",
            [list(column) for column in zip(*places, strict=True)],
        )
        if row := await cursor.fetchone():
            raise Unrecoverable("{}/{} number {} is one event in the log and another in Kafka".format(*row))


def _row(item: Received) -> codec.Row:
    """The row that a message was. Raises Unrecoverable for one that no relay of this release has written."""
    try:
        return codec.row_of(item.message.value or b"")
    except codec.Unreadable as error:
        place = f"{item.lane.topic}/{item.lane.partition} offset {item.message.offset}"
        raise Unrecoverable(f"{place} cannot be read ({error.reason}): it was not written by a relay") from error
