"""Reads a log's own lanes back from Kafka, by the rule that every receiver follows (protocol rules 7 and 13)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import chain

import psycopg
from kafka import KafkaConsumer, TopicPartition
from lianxin_schemas.topics import produced_by

from services.runtime import broker, merkle, topics
from services.runtime.database import Connection
from services.runtime.inbox import Inbox, Lane, Message, State
from services.runtime.marks import read_bookmarks, read_state
from services.runtime.settings import Settings

NAME = "relay"
"""The relay is the first receiver of its own log: its marks and bookmarks stand under this name."""

Bookmarks = dict[tuple[str, int], int]


class Ahead(Exception):
    """Kafka holds numbers that the log does not have: the database was restored, or an older standby serves."""


class ReadBack:
    """What of a service's lanes is in Kafka, whole: for each own lane the last number without a gap before it.

    `known` and `bookmarks` say what was read before; `marks` and `bookmarks` move on with `read`. A bookmark stands
    behind the last message that counted, which the next `read` looks for there.
    """

    def __init__(self, settings: Settings, service: str, known: State, bookmarks: Bookmarks) -> None:
        self._settings = settings
        self._inbox = Inbox(NAME, settings.space, frozenset())
        self._own = f"/{settings.space}/{service}/"
        self._places = [(t.name, p) for t in produced_by(service) for p in range(t.partitions)]
        self._lane_ends = known.ends
        self.marks = dict(known.marks)
        self.bookmarks = dict(bookmarks)
        self.heard: Callable[[bytes, bytes], None] = lambda _message, _hash: None
        """Told of each message that is the next of its lane, and its hash: the one that counts, whatever else has its
        number.
        """
        self.sent: dict[bytes, tuple[Lane, int]] = {}
        """Lane and number of what was sent, by its hash: what comes back as it was sent needs no reading."""
        self._consumer = KafkaConsumer(
            **broker.options(settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            max_poll_records=2_000,
        )

    def read(self, progress: Callable[[], None] = lambda: None) -> None:
        """Reads to the present ends. A partition where what counted last stands no more is read from its beginning: it
        has lost a tail, and has perhaps grown again as far.
        """
        lost = self._read(progress)
        for place in lost:
            self.again(place)
        if lost:
            self._read(progress)

    def _read(self, progress: Callable[[], None]) -> set[tuple[str, int]]:
        lost = {place: at - 1 for place, at in self.bookmarks.items() if at}
        state = State(marks=self.marks, ends=self._lane_ends)
        for message in chain.from_iterable(self.batches(self.ends(), progress)):
            place = (message.topic, message.partition)
            if lost.get(place) == message.offset and self._counted_last(message):
                del lost[place]
            value = message.value or b""
            hash_ = merkle.leaf(value)
            if (lane := self._as_sent(message, hash_)) is not None:
                next_ = {lane: self.marks.get(lane, 0) + 1}
            else:
                marks = self._inbox.sort([message], state, {}).marks
                next_ = {lane: n for lane, n in marks.items() if lane.source.startswith(self._own)}
            if next_:
                self.marks.update(next_)
                self.bookmarks[place] = message.offset + 1
                self.heard(value, hash_)
        return set(lost)

    def _counted_last(self, message: Message) -> bool:
        before = State(marks={lane: number - 1 for lane, number in self.marks.items()}, ends=self._lane_ends)
        return any(self.marks.get(lane) == n for lane, n in self._inbox.sort([message], before, {}).marks.items())

    def _as_sent(self, message: Message, hash_: bytes) -> Lane | None:
        """The lane that a message is the next of, if it is what was sent to this place."""
        if (sent := self.sent.pop(hash_, None)) is None:
            return None
        lane, number = sent
        here = (lane.topic, lane.partition) == (message.topic, message.partition)
        return lane if here and number == self.marks.get(lane, 0) + 1 else None

    def moved(self, since: dict[Lane, int]) -> dict[Lane, int]:
        """The marks that are elsewhere than they were."""
        return {lane: number for lane, number in self.marks.items() if number != since.get(lane, 0)}

    def again(self, place: tuple[str, int]) -> None:
        """Forgets what was read of a partition: the next `read` starts at its beginning."""
        self.bookmarks[place] = 0
        for lane in [lane for lane in self.marks if (lane.topic, lane.partition) == place]:
            del self.marks[lane]

    def ends(self) -> Bookmarks:
        """The offset at which each partition that the log feeds ends now."""
        parts = {TopicPartition(self._settings.topic(topic), p): (topic, p) for topic, p in self._places}
        return {parts[tp]: end for tp, end in self._consumer.end_offsets(list(parts)).items()}

    def batches(self, ends: Bookmarks, progress: Callable[[], None] = lambda: None) -> Iterator[list[Message]]:
        """Messages from the last before the bookmarks up to the ends, those of other services among them."""
        starts = {place: max(self.bookmarks.get(place, 0) - 1, 0) for place in ends}
        left = {place for place, end in ends.items() if end > starts[place]}
        parts = {place: TopicPartition(self._settings.topic(place[0]), place[1]) for place in left}
        self._consumer.assign(list(parts.values()))
        for place, part in parts.items():
            self._consumer.seek(part, starts[place])
        while left:
            progress()
            polled = self._consumer.poll(timeout_ms=1_000)
            for tp, records in polled.items():
                topic = self._settings.bare(tp.topic)
                yield [Message(topic, tp.partition, record.offset, record.value) for record in records]
            if not polled:  # an end that has moved back would never be reached
                now = self.ends()
                ends = {place: min(end, now[place]) for place, end in ends.items()}
            left = {place for place in left if self._consumer.position(parts[place]) < ends[place]}

    def close(self) -> None:
        """Closes the connection to Kafka."""
        self._consumer.close()


async def ahead(connection: Connection, settings: Settings, service: str, *, patient: bool = True) -> None:
    """Raises Ahead when a lane in Kafka is further than the log (protocol rule 13). Waits for the broker if patient."""
    back = await open_readback(connection, settings, service, patient=patient)
    try:
        await asyncio.to_thread(back.read)
        await compare(connection, service, back.marks)
    finally:
        await asyncio.to_thread(back.close)


async def open_readback(connection: Connection, settings: Settings, service: str, *, patient: bool = True) -> ReadBack:
    """Reads own lanes from where the last seal left off. Waits for the broker and the topics, or raises while away."""
    await asyncio.to_thread(topics.wait if patient else topics.check, settings, produced_by(service))
    state = await read_state(connection, NAME)
    bookmarks = await read_bookmarks(connection, NAME)
    return await asyncio.to_thread(ReadBack, settings, service, state, bookmarks)


async def compare(connection: Connection, service: str, marks: dict[Lane, int]) -> None:
    """Raises Ahead when a lane read from Kafka goes beyond the log's."""
    cursor = await connection.execute("SELECT incarnation, topic, partition, number FROM lane")
    kept = {(row[0], row[1], row[2]): row[3] for row in await cursor.fetchall()}
    for lane, number in sorted(marks.items()):
        incarnation = int(lane.source.rsplit("/", 1)[1])
        if number > (has := kept.get((incarnation, lane.topic, lane.partition), 0)):
            raise Ahead(
                f"Kafka is ahead of the log of {service}: {lane.topic}/{lane.partition} holds number {number}, the log"
                f" ends at {has}. The database is older than what was published: promote the standby that has more,"
                " or take back what Kafka holds with `log recover`. Nothing was written."
            )


def guard(settings: Settings, service: str) -> Callable[[Connection], Awaitable[None]]:
    """A look at each new connection: a server that started anew, or a database or table made anew, may have been
    restored, so `ahead` is asked again.
    """
    checked: list[object] = []

    async def opened(connection: Connection) -> None:
        cursor = await connection.execute(
            "SELECT pg_postmaster_start_time(), oid, to_regclass('head')::oid FROM pg_database"
            " WHERE datname = current_database()"
        )
        found = await cursor.fetchone()
        if [found] != checked:
            # Whoever waits for an answer is told soon that it cannot be known, and not kept until the broker is back.
            await ahead(connection, settings, service, patient=False)
            checked[:] = [found]

    return opened


def refuse_if_ahead(settings: Settings, service: str) -> None:
    """At the start of a process that writes a log. Raises Ahead, or psycopg.OperationalError without a database."""

    async def look() -> None:
        async with await psycopg.AsyncConnection.connect(settings.database(service), autocommit=True) as connection:
            await ahead(connection, settings, service)

    asyncio.run(look())
