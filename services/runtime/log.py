"""The log of a service: what was decided, kept once, in one order (protocol rules 1, 2 and 4).

A decision is the events of one command or of one cause. Its event ids follow from the cause, so that a repeat breaks
against the log instead of doubling it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, LiteralString
from uuid import UUID, uuid5

import psycopg
from lianxin_schemas import codec
from lianxin_schemas.envelope import Source
from lianxin_schemas.events.base import Event
from lianxin_schemas.partition import partition_of
from lianxin_schemas.topics import TOPIC_OF
from pydantic import BaseModel

from services.runtime import failpoints
from services.runtime.database import Statement, send

_CASTS = ("", "::bigint[]", "::uuid[]", "", "", "::int[]", "::timestamptz[]", "", "", "::uuid[]", "::bytea[]", "")
_LINES = ", ".join(f"string_to_array(%s, E'\\n', ''){cast}" for cast in _CASTS)
APPEND = f"SELECT * FROM append({_LINES})"
"""Each array travels as the lines of one text, an empty line for NULL: psycopg's lists cost four times as much."""
ENTRY: LiteralString = "id, type, stream, version, time, authtype, authid, commandhash, data"
SPARE = 4096
"""Bytes an envelope may add to its data; `codec.LARGEST` holds for the whole message."""


@dataclass(frozen=True)
class Author:
    """Who caused an event: a user's or a service's opaque id."""

    type: str
    id: str


NOBODY = Author("", "")


@dataclass(frozen=True)
class Fact:
    """An event and when it happened."""

    event: Event
    time: datetime


@dataclass(frozen=True)
class Decision:
    """The events of one command or cause: kept all together or not at all.

    `expected` holds the version of each stream that the decision was made on; a stream left out is new.
    `hash` is the command's content (`content_hash`), or None for a reaction to an event. `kept` events of
    the cause stand in the log already, and these follow on them (`torn.py`).
    """

    cause: UUID
    author: Author
    facts: Sequence[Fact]
    expected: dict[str, int] = field(default_factory=dict)
    hash: bytes | None = None
    kept: int = 0

    @cached_property
    def entries(self) -> list["Entry"]:
        """The events with the ids and stream versions they will have."""
        versions = dict(self.expected)
        result = []
        for nth, fact in enumerate(self.facts, self.kept):
            stream = fact.event.stream
            versions[stream] = versions.get(stream, 0) + 1
            id_ = event_id(self.cause, nth)
            result.append(Entry(id_, fact.event, stream, versions[stream], fact.time, self.author, self.hash))
        return result


@dataclass(frozen=True)
class Entry:
    """An event as the log has it, with its place in the log and in its lane."""

    id: UUID
    event: Event
    stream: str
    version: int
    time: datetime
    author: Author
    hash: bytes | None

    @cached_property
    def json(self) -> str:
        """The payload as the log keeps it."""
        return codec.to_json(self.event)


@dataclass(frozen=True)
class Receipt:
    """What an accepted command gets: its events, and for each lane the last number, to wait for with `after=`.

    A lane of the service's own log is written `topic.partition.incarnation`, as in `visits.7.1`.
    """

    events: tuple[UUID, ...]
    after: dict[str, int]


class Repeated(Exception):
    """The decision's cause already stands in the log."""


class Overtaken(Exception):
    """A stream has moved on since the decision was made, or back, by a restore: load and decide again."""


class TooLarge(Exception):
    """An event would be larger than a message may be."""


def event_id(cause: UUID, nth: int) -> UUID:
    """The id of the nth event of a cause (protocol rule 4)."""
    return uuid5(cause, str(nth))


def content_hash(command: BaseModel, of: str = "") -> bytes:
    """What makes two commands of one id the same: every field, and `of`, what the address said beside them.

    Defaults are left out, so that a command sent again after an optional field was added is still the same.
    """
    return hashlib.sha256(f"{of} {command.model_dump_json(exclude_defaults=True)}".encode()).digest()


def check_size(decision: Decision) -> None:
    """Raises TooLarge before a decision is queued: a relay cannot skip what Kafka refuses."""
    for entry in decision.entries:
        if len(entry.json.encode()) > codec.LARGEST - SPARE:
            raise TooLarge(entry.stream)


def arguments(decisions: Iterable[Decision]) -> list[str]:
    """The arrays of `append`, in the order of its parameters, as `APPEND` takes them. No value has a line break: ids
    and names cannot, and JSON writes it as `\\n`; one that had would make its array too long for the others.
    """
    rows = [_lines(decision.cause, entry) for decision in decisions for entry in decision.entries]
    return ["\n".join(column) for column in zip(*rows, strict=True)]


def _lines(cause: UUID, entry: Entry) -> tuple[str, ...]:
    topic = TOPIC_OF[type(entry.event)]
    return (
        entry.stream,
        str(entry.version),
        str(entry.id),
        entry.event.type(),
        topic.name,
        str(partition_of(entry.stream, topic.partitions)),
        entry.time.isoformat(),
        entry.author.type,
        entry.author.id,
        str(cause),
        f"\\x{entry.hash.hex()}" if entry.hash else "",
        entry.json,
    )


async def write(
    connection: psycopg.AsyncConnection[Any],
    decisions: Sequence[Decision],
    *,
    first: Sequence[Statement] = (),
    then: Sequence[Statement] = (),
) -> dict[UUID, Receipt]:
    """Keeps decisions in one transaction, sent as one pipeline: `first` (marks), the events, `then` (rows), commit.

    Answers with a receipt for each cause. Raises Repeated or Overtaken when a decision does not fit the log any more,
    and psycopg.Error as it comes; nothing is kept then.
    """
    cursor = connection.cursor()
    try:
        if decisions and not first and not then and not failpoints.any_armed():
            await cursor.execute(APPEND, arguments(decisions))  # one statement is a transaction by itself
            return _receipts(decisions, await cursor.fetchall())
        async with connection.pipeline() as pipeline, connection.transaction():
            await send(connection, first)
            if decisions:
                await cursor.execute(APPEND, arguments(decisions))
            await _reach(pipeline, "write.middle")
            await send(connection, then)
            await _reach(pipeline, "write.before-commit")
    except psycopg.IntegrityError as error:
        if error.diag.constraint_name == "events_id":
            raise Repeated from error
        if error.diag.constraint_name in ("events_stream_version", "events_stream_dense"):
            raise Overtaken from error
        raise
    failpoints.reach("write.after-commit")
    return _receipts(decisions, await cursor.fetchall() if decisions else [])


def _receipts(decisions: Sequence[Decision], rows: Sequence[Any]) -> dict[UUID, Receipt]:
    places = {row[0]: row[1:] for row in rows}
    return {
        decision.cause: _receipt({entry.id: places[entry.id] for entry in decision.entries}) for decision in decisions
    }


async def _reach(pipeline: psycopg.AsyncPipeline, failpoint: str) -> None:
    """A failpoint inside a transaction: what was sent so far has reached the database before it fires."""
    if failpoints.armed(failpoint):
        await pipeline.sync()
        failpoints.reach(failpoint)


def _receipt(places: dict[UUID, tuple[int, str, int, int]]) -> Receipt:
    after: dict[str, int] = {}
    for incarnation, topic, partition, number in places.values():
        key = f"{topic}.{partition}.{incarnation}"
        after[key] = max(number, after.get(key, 0))
    return Receipt(tuple(places), after)


@dataclass(frozen=True)
class First:
    """What a cause got when it was kept: the answer to every repeat of it by the same author and content."""

    receipt: Receipt
    author: Author
    hash: bytes | None
    """None for a reaction, and for a command that came back from Kafka after a restore: the wire has no hash."""
    torn: bool = False
    """Whether a part of its events may be lost (protocol rule 13)."""


async def receipts(connection: psycopg.AsyncConnection[Any], causes: Sequence[UUID]) -> dict[UUID, First]:
    """First receipts of those causes that already stand in the log."""
    cursor = await connection.execute(
        "SELECT e.position, e.causation, e.authtype, e.authid, e.commandhash, e.id, e.incarnation, e.topic,"
        " e.partition, e.number"
        " FROM events f JOIN events e ON e.position BETWEEN f.position AND f.position + f.siblings - 1"
        " WHERE f.id = ANY(%s)"
        " UNION ALL SELECT 0, cause, '', '', NULL, NULL, 0, '', 0, 0 FROM torn WHERE cause = ANY(%s) ORDER BY 1",
        [[event_id(cause, 0) for cause in causes], list(causes)],
    )
    authors: dict[UUID, tuple[Author, bytes | None]] = {}
    places: dict[UUID, dict[UUID, tuple[int, str, int, int]]] = {}
    torn = set()
    for _, cause, authtype, authid, hash_, id_, *place in await cursor.fetchall():
        if id_ is None:
            torn.add(cause)
            continue
        authors[cause] = (Author(authtype, authid), hash_)
        places.setdefault(cause, {})[id_] = (place[0], place[1], place[2], place[3])
    found = {cause: First(_receipt(places[cause]), *authors[cause]) for cause in places}
    return found | {cause: First(Receipt((), {}), NOBODY, None, torn=True) for cause in torn}


async def load(connection: psycopg.AsyncConnection[Any], streams: Sequence[str]) -> dict[str, list[Entry]]:
    """The entries of streams in order of version; a stream that does not exist has an empty list."""
    cursor = await connection.execute(
        f"SELECT {ENTRY} FROM events WHERE stream = ANY(%s) ORDER BY stream, version", [list(streams)]
    )
    found: dict[str, list[Entry]] = {stream: [] for stream in streams}
    for row in await cursor.fetchall():
        found[row[2]].append(_entry(row))
    return found


async def history(
    connection: psycopg.AsyncConnection[Any], topics: Sequence[str], behind: int = 0, most: int | None = None
) -> tuple[list[Entry], int]:
    """What the log holds on topics behind a position, in its order, `most` events of it; and the position reached."""
    cursor = await connection.execute(
        f"SELECT {ENTRY}, position FROM events WHERE topic = ANY(%s) AND position > %s ORDER BY position LIMIT %s",
        [list(topics), behind, most],
    )
    rows = await cursor.fetchall()
    return [_entry(row[:-1]) for row in rows], rows[-1][-1] if rows else behind


def _entry(row: Sequence[Any]) -> Entry:
    id_, type_, stream, version, time, authtype, authid, hash_, data = row
    return Entry(id_, codec.parse(type_, data), stream, version, time, Author(authtype, authid), hash_)


def row_of(space: str, service: str, values: tuple[Any, ...]) -> codec.Row:
    """The wire's view of a row selected with `ROW_COLUMNS`."""
    id_, incarnation, type_, stream, version, position, number, *rest = values
    return codec.Row(id_, Source(space, service, incarnation), type_, stream, version, position, number, *rest)


ROW_COLUMNS = (
    "id, incarnation, type, stream, version, position, number,"
    " time, recordedtime, causation, authtype, authid, data::text"
)
