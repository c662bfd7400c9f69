"""Builds a projection's tables anew beside the live ones and swaps them (protocol: Projections).

The live process goes on meanwhile. The swap takes its marks back to those of the new tables in the same commit; its
next transaction misses them and reads on from the new bookmarks, so nothing is lost and nothing counts twice.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from kafka import KafkaConsumer, TopicPartition
from lianxin_schemas.events.base import Event
from lianxin_schemas.topics import consumed_by
from psycopg import sql

from services.runtime import broker, parked
from services.runtime.inbox import Inbox, Message
from services.runtime.receiver import Handler, Moved, Receiver
from services.runtime.settings import Settings

logger = logging.getLogger(__name__)

BATCH = 5_000
BESIDE = "rebuild"


@dataclass(frozen=True)
class Projection:
    """What a projection is: the kinds it folds, the tables it writes and the handler that does so.

    The handler names tables without a schema, so that the same fold fills live and rebuilt tables.
    """

    name: str
    kinds: frozenset[type[Event]]
    tables: tuple[str, ...]
    handler: Handler


class KindsGrew(Exception):
    """The projection folds kinds of event whose earlier messages lie behind its marks."""


async def check_kinds(connection: psycopg.AsyncConnection[Any], projection: Projection) -> None:
    """Notes the kinds of a new projection. Raises KindsGrew when an old one folds more than its marks speak for.

    One that folds fewer, as after a step back to an older release, passes the others by: its marks no longer speak for
    them, and the newer release refuses until `rebuild`.
    """
    types = sorted(kind.type() for kind in projection.kinds)
    cursor = await connection.execute("SELECT type FROM kind WHERE consumer = %s", [projection.name])
    known = {row[0] for row in await cursor.fetchall()}
    if not known:
        await _note_kinds(connection, projection)
    elif grown := [type_ for type_ in types if type_ not in known]:
        raise KindsGrew(f"the projection now folds {', '.join(grown)}, which it has passed by: run `rebuild`")
    elif dropped := sorted(known - set(types)):
        logger.warning("the projection no longer folds %s: a release that does needs `rebuild`", ", ".join(dropped))
        await connection.execute("DELETE FROM kind WHERE consumer = %s AND type = ANY(%s)", [projection.name, dropped])


async def _note_kinds(connection: psycopg.AsyncConnection[Any], projection: Projection) -> None:
    await connection.execute("DELETE FROM kind WHERE consumer = %s", [projection.name])
    await connection.execute(
        "INSERT INTO kind SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING",
        [projection.name, sorted(kind.type() for kind in projection.kinds)],
    )


def history(settings: Settings, service: str, progress: Callable[[int, int], None]) -> Iterator[list[Message]]:
    """All messages of the topics a service reads, up to their present ends. Tells how many of how many were read."""
    kafka = KafkaConsumer(**broker.options(settings), group_id=None, enable_auto_commit=False, max_poll_records=BATCH)
    try:
        parts = {
            TopicPartition(settings.topic(topic.name), partition): topic.name
            for topic in consumed_by(service)
            for partition in range(topic.partitions)
        }
        ends = kafka.end_offsets(list(parts))
        left = {tp for tp in parts if ends[tp]}
        kafka.assign(list(left))
        for tp in left:
            kafka.seek(tp, 0)
        while left:
            polled = kafka.poll(timeout_ms=1_000)
            for tp, records in polled.items():
                wanted = [record for record in records if record.offset < ends[tp]]
                yield [Message(parts[tp], tp.partition, record.offset, record.value) for record in wanted]
            left = {tp for tp in left if kafka.position(tp) < ends[tp]}
            progress(sum(min(kafka.position(tp), ends[tp]) if ends[tp] else 0 for tp in parts), sum(ends.values()))
    finally:
        kafka.close()


async def rebuild(
    settings: Settings, service: str, projection: Projection, progress: Callable[[int, int], None]
) -> int:
    """Rebuilds and swaps; answers with how many messages were read. If it raises, the live tables are untouched."""
    info = settings.database(service, guarded=False)
    beside = psycopg.conninfo.make_conninfo(info, options=f"-c timezone=UTC -c search_path={BESIDE},public")
    async with await psycopg.AsyncConnection.connect(info, autocommit=True) as connection:
        await connection.execute(parked.LOCK, [projection.name])
        await _prepare(connection, projection)
        receiver = Receiver(beside, Inbox(BESIDE, settings.space, projection.kinds), projection.handler)
        try:
            while (count := await _take_all(receiver, history(settings, service, progress))) is None:
                await receiver.start()
        finally:
            await receiver.close()
        await _swap(connection, projection)
        return count


async def _take_all(receiver: Receiver, history: Iterator[list[Message]]) -> int | None:
    """How many messages were taken in; None when lanes ended under way, and all is to be read once more."""
    count = 0
    try:
        for messages in history:
            await receiver.take(messages)
            count += len(messages)
    except Moved:
        return None
    return count


async def _prepare(connection: psycopg.AsyncConnection[Any], projection: Projection) -> None:
    """Empty tables beside the live ones. What is parked stays parked: its keys are left out here as they are there."""
    async with connection.transaction():
        await connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {0} CASCADE").format(sql.Identifier(BESIDE)))
        await connection.execute(sql.SQL("CREATE SCHEMA {0}").format(sql.Identifier(BESIDE)))
        for table in projection.tables:
            await connection.execute(
                sql.SQL("CREATE TABLE {0}.{1} (LIKE public.{1} INCLUDING ALL)").format(
                    sql.Identifier(BESIDE), sql.Identifier(table)
                )
            )
        for name in ("mark", "bookmark", "parked"):
            await connection.execute(
                sql.SQL("DELETE FROM {0} WHERE consumer = %s").format(sql.Identifier(name)), [BESIDE]
            )
        await connection.execute(
            "INSERT INTO parked SELECT %s, topic, partition, at_offset, source, number, key, reason, parked, accepted,"
            " accepted_by, grounds FROM parked WHERE consumer = %s",
            [BESIDE, projection.name],
        )


async def _swap(connection: psycopg.AsyncConnection[Any], projection: Projection) -> None:
    async with connection.transaction():
        # Marks first, as every live transaction does: it waits here, and misses its marks afterwards.
        await connection.execute("SELECT FROM mark WHERE consumer = %s FOR UPDATE", [projection.name])
        for table in projection.tables:
            name = sql.Identifier(table)
            await connection.execute(sql.SQL("DROP TABLE public.{0}").format(name))
            await connection.execute(
                sql.SQL("ALTER TABLE {0}.{1} SET SCHEMA public").format(sql.Identifier(BESIDE), name)
            )
        for name_ in ("mark", "bookmark", "parked"):
            table_ = sql.Identifier(name_)
            await connection.execute(sql.SQL("DELETE FROM {0} WHERE consumer = %s").format(table_), [projection.name])
            await connection.execute(
                sql.SQL("UPDATE {0} SET consumer = %s WHERE consumer = %s").format(table_), [projection.name, BESIDE]
            )
        await _note_kinds(connection, projection)
