"""What a consumer keeps in its database beside its rows: marks, bookmarks, parked messages, what seals announced.

Read at start; written by statements that go into the transaction of the rows (protocol rules 9-11).
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from lianxin_schemas.envelope import Source
from lianxin_schemas.events.seals import LogRecovered, LogSealed

from services.runtime.database import Statement
from services.runtime.inbox import Lane, Parked, Received, State


async def read_state(connection: psycopg.AsyncConnection[Any], consumer: str) -> State:
    """Marks and parked keys of a consumer as they stand."""
    marks = await connection.execute(
        "SELECT source, topic, partition, number FROM mark WHERE consumer = %s", [consumer]
    )
    aside = await connection.execute(
        "SELECT source, topic, partition, number, key, accepted IS NULL FROM parked"
        " WHERE consumer = %s AND source IS NOT NULL",
        [consumer],
    )
    ends = await connection.execute("SELECT source, topic, partition, number FROM closed")
    state = State(
        marks={Lane(*lane): number for *lane, number in await marks.fetchall()},
        ends={Lane(*lane): number for *lane, number in await ends.fetchall()},
    )
    for source, topic, partition, number, key, blocks in await aside.fetchall():
        lane = Lane(source, topic, partition)
        state.aside[lane, number] = blocks
        if blocks and number <= state.marks.get(lane, 0):
            state.keys.add((topic, key))
    return state


async def read_bookmarks(connection: psycopg.AsyncConnection[Any], consumer: str) -> dict[tuple[str, int], int]:
    """The offset to read on from, per (topic, partition); a partition never read is absent."""
    cursor = await connection.execute(
        "SELECT topic, partition, next_offset FROM bookmark WHERE consumer = %s", [consumer]
    )
    return {(topic, partition): offset for topic, partition, offset in await cursor.fetchall()}


def move_marks(consumer: str, before: State, after: dict[Lane, int]) -> list[Statement]:
    """Statements that move marks, or break when another process has moved them since `before` was read.

    A mark that is to stay where it is breaks likewise when it is elsewhere.
    """
    lanes = sorted(after)
    if not lanes:
        return []
    was = [before.marks.get(lane, 0) for lane in lanes]
    columns = [
        [lane.source for lane in lanes],
        [lane.topic for lane in lanes],
        [lane.partition for lane in lanes],
    ]
    return [
        (
            "SELECT move_marks(%s, %s, %s, %s, %s, %s)",
            [consumer, *columns, was, [after[lane] for lane in lanes]],
        )
    ]


def park(consumer: str, parked: Sequence[Parked], behind: Sequence[Parked]) -> list[Statement]:
    """Statements that park messages, and queue others behind keys that are parked."""
    statements: list[Statement] = []
    if parked:
        statements.append(
            (
                "INSERT INTO parked (consumer, topic, partition, at_offset, source, number, key, reason)"
                " SELECT %s, * FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::text[], %s::bigint[], %s::text[],"
                " %s::text[]) ON CONFLICT DO NOTHING",
                [consumer, *_columns(parked), [item.reason for item in parked]],
            )
        )
    if behind:
        statements.append(("SELECT queue_behind(%s, %s, %s, %s, %s, %s, %s)", [consumer, *_columns(behind)]))
    return statements


def _columns(parked: Sequence[Parked]) -> list[list[Any]]:
    rows = [
        (
            item.message.topic,
            item.message.partition,
            item.message.offset,
            item.lane and item.lane.source,
            item.number,
            item.key,
        )
        for item in parked
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def bookmark(consumer: str, offsets: dict[tuple[str, int], int]) -> list[Statement]:
    """The statement that keeps where to read on."""
    places = sorted(offsets)
    return [
        (
            "INSERT INTO bookmark SELECT %s, * FROM unnest(%s::text[], %s::int[], %s::bigint[])"
            " ON CONFLICT (consumer, topic, partition) DO UPDATE SET next_offset = excluded.next_offset",
            [consumer, [p[0] for p in places], [p[1] for p in places], [offsets[p] for p in places]],
        )
    ]


def hear(seals: Sequence[Received]) -> list[Statement]:
    """Statements that keep what logs say of themselves: how far each lane is in Kafka, and where lanes have ended."""
    return [*_expect(seals), *_close(seals)]


def _expect(seals: Sequence[Received]) -> list[Statement]:
    rows = [
        (item.lane.source, end.topic, end.partition, end.number, item.envelope.recordedtime)
        for item in seals
        if isinstance(item.event, LogSealed)
        for end in item.event.lanes
    ]
    newest = {row[:3]: row for row in sorted(rows, key=lambda row: row[3])}
    if not newest:
        return []
    return [
        (
            "INSERT INTO expected SELECT * FROM unnest(%s::text[], %s::text[], %s::int[], %s::bigint[],"
            " %s::timestamptz[]) ON CONFLICT (source, topic, partition)"
            " DO UPDATE SET number = excluded.number, sealed = excluded.sealed"
            " WHERE expected.number <= excluded.number",
            [list(column) for column in zip(*(newest[key] for key in sorted(newest)), strict=True)],
        )
    ]


def _close(seals: Sequence[Received]) -> list[Statement]:
    """A log closes lanes of its own service only, and the first word holds."""
    rows = [
        (item.event.old_source, end.topic, end.partition, end.number)
        for item in seals
        if isinstance(item.event, LogRecovered)
        and Source.parse(item.event.old_source).service == Source.parse(item.lane.source).service
        for end in item.event.lanes
    ]
    return close_lanes(rows) if rows else []


def close_lanes(ends: Sequence[tuple[str, str, int, int]]) -> list[Statement]:
    """Statements that end lanes, given as (source, topic, partition, last number): just so many are expected."""
    return [
        (
            "INSERT INTO closed SELECT * FROM unnest(%s::text[], %s::text[], %s::int[], %s::bigint[])"
            " ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING",
            [list(column) for column in zip(*ends, strict=True)],
        ),
        (
            "INSERT INTO expected SELECT source, topic, partition, number, now() FROM closed WHERE number > 0"
            " ORDER BY 1, 2, 3 ON CONFLICT (source, topic, partition) DO UPDATE SET number = excluded.number"
            " WHERE expected.number <> excluded.number",
            [],
        ),
    ]
