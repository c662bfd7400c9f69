"""Names that may be shown: from the table of whoever gives them to the topic `directory`, and from there to everybody.

One process a service, `python -m services.<service> directory`, does both. It is state, so everything may be sent and
read twice: the topic is read from its start each time, and what a service names is sent anew at start and every few
hours, which also lets Kafka roll its segment and so remove what a tombstone has erased.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString, Protocol

import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from lianxin_schemas.directory import DIRECTORY, Entry, Kind

from services.runtime import broker, topics
from services.runtime.database import AWAY, Connection, Reconnecting, Statement, pause, send
from services.runtime.settings import Settings

logger = logging.getLogger(__name__)

BATCH = 1_000
RESEND = DIRECTORY.erased_within_ms / 4_000
"""Seconds after which everything is sent anew."""
SOURCE = "source"
"""The header that names the service which sent a message, tombstones included."""


@dataclass(frozen=True)
class Names:
    """What something is called, Chinese and where there is one English."""

    zh: str
    en: str | None


async def names(connection: psycopg.AsyncConnection[Any], kind: Kind, ids: Iterable[str]) -> dict[str, Names]:
    """The names of ids of one kind; absent where there is none (yet, or any more)."""
    keys = {f"{kind}-{id_}": id_ for id_ in ids}
    cursor = await connection.execute("SELECT key, zh, en FROM directory WHERE key = ANY(%s)", [list(keys)])
    return {keys[key]: Names(zh, en) for key, zh, en in await cursor.fetchall()}


PUT: LiteralString = (
    "INSERT INTO directory_own AS d (kind, id, zh, en) SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::text[])"
    " ON CONFLICT (kind, id) DO UPDATE SET version = d.version + 1, zh = excluded.zh, en = excluded.en, erased = false"
    " WHERE (d.zh, d.en) IS DISTINCT FROM (excluded.zh, excluded.en)"
)
ERASE: LiteralString = (
    "UPDATE directory_own SET version = version + 1, zh = NULL, en = NULL, erased = true"
    " WHERE kind = %s AND id = ANY(%s) AND NOT erased"
)


def put(kind: Kind, given: Mapping[str, Names]) -> list[Statement]:
    """Statements that give names, each id once; one that is called so already stays as it is."""
    ids = sorted(given)
    return [(PUT, [kind, ids, [given[id_].zh for id_ in ids], [given[id_].en for id_ in ids]])] if ids else []


def erase(kind: Kind, ids: Sequence[str]) -> list[Statement]:
    """The statement after which these have no name, here at once and elsewhere when the topic is read."""
    return [(ERASE, [kind, sorted(ids)])]


class Record(Protocol):
    """A message as aiokafka hands it over."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Bad(Exception):
    """A message that says nothing: it is counted, logged and passed by."""


@dataclass
class Read:
    """What messages come to, in their order: the last word on each key. None: it has no name any more."""

    last: dict[str, Entry | None] = field(default_factory=dict)
    bad: Counter[str] = field(default_factory=Counter)
    kept: set[str] = field(default_factory=set)
    """Keys of bad messages: what was known of them stays."""

    def take(self, record: Record) -> None:
        """Takes one more message in."""
        try:
            key, entry = _read(record)
        except Bad as bad:
            self.bad[str(bad)] += 1
            self.kept.add((record.key or b"").decode(errors="replace"))
            logger.warning("offset %d of the directory is passed by: %s", record.offset, bad)
            return
        known = self.last.get(key)
        if entry is None or known is None or entry.version > known.version:
            self.last[key] = entry

    def statements(self) -> list[Statement]:
        """What brings the table from before these messages to after them."""
        gone = sorted(key for key, entry in self.last.items() if entry is None)
        there = sorted((key, e.version, e.zh, e.en) for key, e in self.last.items() if e)
        return [
            ("DELETE FROM directory WHERE key = ANY(%s)", [gone]),
            (
                "INSERT INTO directory AS d SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[])"
                " ON CONFLICT (key) DO UPDATE SET version = excluded.version, zh = excluded.zh, en = excluded.en"
                " WHERE excluded.version > d.version",
                [[row[n] for row in there] for n in range(4)],
            ),
        ]


def _read(record: Record) -> tuple[str, Entry | None]:
    source = dict(record.headers).get(SOURCE, b"").decode(errors="replace")
    try:
        key = (record.key or b"").decode()
        kind, _, id_ = key.partition("-")
        owner = DIRECTORY.producers[Kind(kind)]
        entry = None if record.value is None else Entry.model_validate_json(record.value)
    except ValueError as error:  # pydantic's and the codec's are kinds of it
        raise Bad("unreadable") from error
    if not id_ or (entry is not None and entry.key != key):
        raise Bad("wrong-key")
    if source != owner:
        raise Bad("wrong-source")
    return key, entry


class Process:
    """Both directions for one service. Not to be shared between tasks."""

    def __init__(self, settings: Settings, service: str) -> None:
        self._settings, self._service = settings, service
        self._topic = settings.topic(DIRECTORY.name)
        self._kinds = [kind for kind, owner in DIRECTORY.producers.items() if owner == service]
        self._connection = Reconnecting(settings.database(service))
        self._holder: Connection | None = None
        self._resent = 0.0
        self._first: Read | None = Read()
        self.bad: Counter[str] = Counter()

    async def run(self) -> None:
        """Works until cancelled. A name that Kafka does not take ends the process: the restart sends it anew."""
        tp = TopicPartition(self._topic, 0)
        consumer = AIOKafkaConsumer(**broker.options(self._settings), group_id=None, enable_auto_commit=False)
        producer = AIOKafkaProducer(**broker.options(self._settings), acks="all", enable_idempotence=True)
        try:
            await consumer.start()
            await producer.start()
            consumer.assign([tp])
            consumer.seek(tp, 0)
            end = (await consumer.end_offsets([tp]))[tp]
            while True:
                polled = await consumer.getmany(tp, timeout_ms=200, max_records=BATCH)
                await self.take(polled.get(tp, []), caught_up=await consumer.position(tp) >= end)
                await self._patiently(lambda connection: self._publish(connection, producer))
        finally:
            await producer.stop()
            await consumer.stop()
            await self._connection.close()

    async def take(self, records: Sequence[Record], *, caught_up: bool) -> None:
        """Messages to rows. Until the end that the topic had at start is reached, nothing is written: then whatever
        the topic does not hold any more is deleted, for its tombstone may have been removed while nobody read.
        """
        read = self._first or Read()
        for record in records:
            read.take(record)
        if caught_up and (self._first or read.last):
            await self._patiently(lambda connection: self._write(connection, read))
            self._first = None
        if caught_up:
            self.bad += read.bad

    async def _write(self, connection: Connection, read: Read) -> None:
        async with connection.transaction():
            if self._first:
                held = sorted({*read.last, *read.kept})
                await connection.execute("DELETE FROM directory WHERE key <> ALL(%s)", [held])
            await send(connection, read.statements())

    async def _patiently(self, attempt: Callable[[Connection], Awaitable[None]]) -> None:
        """Runs an attempt until the database answers, with growing pauses."""
        tries = 0
        while True:
            try:
                return await attempt(await self._connection.get())
            except AWAY as error:
                logger.warning("the database is away, trying again: %s", error)
                await self._connection.close()
                await pause(tries)
                tries += 1

    async def _publish(self, connection: Connection, producer: AIOKafkaProducer) -> None:
        if not self._kinds or not await self._alone(connection):
            return
        if not self._resent or time.monotonic() - self._resent >= RESEND:
            await connection.execute("UPDATE directory_own SET published_version = 0")
            self._resent = time.monotonic()
        while rows := await self._changed(connection):
            sent = [await producer.send(self._topic, partition=0, **self._message(*row)) for row in rows]
            await asyncio.gather(*sent)
            columns = [[row[n] for row in rows] for n in range(3)]
            await connection.execute(
                "UPDATE directory_own d SET published_version = n.version"
                " FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS n (kind, id, version)"
                " WHERE d.kind = n.kind AND d.id = n.id",
                columns,
            )

    async def _alone(self, connection: Connection) -> bool:
        """Whether this process is the one that sends: two could send an older name after a newer one."""
        if self._holder is not connection:
            cursor = await connection.execute("SELECT pg_try_advisory_lock(hashtext('lianxin.directory'))")
            [(taken,)] = await cursor.fetchall()
            self._holder = connection if taken else None
            self._resent = 0.0
        return self._holder is connection

    async def _changed(self, connection: Connection) -> list[tuple[Any, ...]]:
        cursor = await connection.execute(
            "SELECT kind, id, version, zh, en FROM directory_own"
            " WHERE published_version < version AND kind = ANY(%s) ORDER BY kind, id LIMIT %s",
            [self._kinds, BATCH],
        )
        return await cursor.fetchall()

    def _message(self, kind: str, id_: str, version: int, zh: str | None, en: str | None) -> dict[str, Any]:
        value = None
        if zh is not None:
            value = Entry(kind=Kind(kind), id=id_, version=version, zh=zh, en=en).model_dump_json().encode()
        return {"key": f"{kind}-{id_}".encode(), "value": value, "headers": [(SOURCE, self._service.encode())]}


async def run(settings: Settings, service: str) -> int:
    """Runs the process of a service until cancelled, waiting for broker and topic first; 1 when Kafka fails it."""
    await asyncio.to_thread(topics.wait, settings, [DIRECTORY])
    try:
        await Process(settings, service).run()
    except KafkaError as error:
        logger.error("Kafka did not do it, ending: %r", error)
    return 1
