"""Builds a projection's tables anew beside the live ones and swaps them (protocol: Projections).

The live process goes on meanwhile. The swap takes its marks back to those of the new tables in the same commit; its
next transaction misses them and reads on from the new bookmarks, so nothing is lost and nothing counts twice.
"""

import asyncio
import gc
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, NamedTuple

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition
from lianxin_schemas.events.base import Event
from lianxin_schemas.topics import consumed_by
from psycopg import sql
from psycopg.errors import LockNotAvailable

from services.runtime import broker, parked
from services.runtime.database import pause
from services.runtime.filling import Filling, finish
from services.runtime.inbox import Inbox, Message
from services.runtime.receiver import Handler, Moved, Receiver
from services.runtime.settings import Settings

logger = logging.getLogger(__name__)

BATCH = 5_000
BESIDE = "rebuild"


class Share(NamedTuple):
    """The partitions that one of several processes reads: of each topic every `of`th, from `nth` on."""

    nth: int
    of: int


ALL = Share(0, 1)


@dataclass(frozen=True)
class Projection:
    """What a projection is: the kinds it folds, the tables it writes and the handler that does so.

    The handler names tables without a schema, so that the same fold fills live and rebuilt tables.
    """

    name: str
    kinds: frozenset[type[Event]]
    tables: tuple[str, ...]
    handler: Handler
    filling: Filling | None = None
    """How a rebuild fills its tables, if not by the handler."""


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


async def history(
    settings: Settings, service: str, progress: Callable[[int, int], None], share: Share = ALL
) -> AsyncGenerator[list[Message], None]:
    """All messages of a share of the topics a service reads, up to their present ends. Tells how many of how many were
    read.
    """
    kafka = AIOKafkaConsumer(
        **broker.options(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=broker.FETCHED,
    )
    await kafka.start()
    try:
        parts = {
            TopicPartition(settings.topic(topic.name), partition): topic.name
            for topic in consumed_by(service)
            for partition in range(share.nth, topic.partitions, share.of)
        }
        kafka.assign(list(parts))
        ends = await kafka.end_offsets(list(parts))
        at = dict.fromkeys(parts, 0)
        for tp in parts:
            kafka.seek(tp, 0)
        while left := [tp for tp in parts if at[tp] < ends[tp]]:
            found: list[Message] = []
            for tp, records in (await kafka.getmany(*left, timeout_ms=1_000, max_records=BATCH)).items():
                topic = parts[tp]
                found += [Message(topic, tp.partition, r.offset, r.value) for r in records if r.offset < ends[tp]]
            at |= {tp: await kafka.position(tp) for tp in left}  # also over offsets without a message
            yield found
            if not found:  # an end that has moved back would never be reached (rule 14)
                ends |= {tp: min(end, ends[tp]) for tp, end in (await kafka.end_offsets(left)).items()}
            progress(sum(min(at[tp], ends[tp]) for tp in parts), sum(ends.values()))
    finally:
        await kafka.stop()


async def rebuild(
    settings: Settings, service: str, projection: Projection, progress: Callable[[int, int], None], processes: int = 1
) -> int:
    """Rebuilds and swaps; answers with how many messages were read. If it raises, the live tables are untouched.

    Partitions are divided between processes. Each takes its own in as live processes do, beside the others.
    """
    async with await psycopg.AsyncConnection.connect(
        settings.database(service, guarded=False), autocommit=True
    ) as connection:
        await connection.execute(parked.LOCK, [projection.name])
        while True:
            await _prepare(connection, projection)
            try:
                count = await _fill_together(settings, service, projection, progress, processes)
            except Moved as moved:
                logger.info("beginning anew: %s", moved)
            else:
                break
        if projection.filling:
            logger.info("all is read, and the tables are being finished")
            await finish(_beside(settings, service), projection.filling, projection.tables)
        await _swap_between(connection, projection)
        return count


async def _fill_together(
    settings: Settings, service: str, projection: Projection, progress: Callable[[int, int], None], processes: int
) -> int:
    """Raises Moved when lanes have ended under way; no process is at work any more then."""
    with ProcessPoolExecutor(processes, get_context("spawn")) as others:
        loop = asyncio.get_running_loop()
        helped = [
            loop.run_in_executor(others, _fill_alone, settings, service, projection, Share(nth, processes))
            for nth in range(1, processes)
        ]
        count = await _fill(settings, service, projection, Share(0, processes), progress)
        return count + sum(await asyncio.gather(*helped))


def collect_seldom() -> None:
    """Two batches on their way are some 150,000 objects without a cycle: the collector is not to look at them again and
    again, which cost 1.5 us an event. What was imported lives as long as the process.
    """
    gc.freeze()
    gc.set_threshold(300_000, 20, 100)


def _fill_alone(settings: Settings, service: str, projection: Projection, share: Share) -> int:
    collect_seldom()
    return asyncio.run(_fill(settings, service, projection, share, lambda _done, _of: None))


async def _fill(
    settings: Settings, service: str, projection: Projection, share: Share, progress: Callable[[int, int], None]
) -> int:
    """Takes in a share of the topics, into the tables beside; answers with how many messages it has. Raises Moved."""
    handler = projection.filling.handler if projection.filling else projection.handler
    receiver = Receiver(_beside(settings, service), Inbox(BESIDE, settings.space, projection.kinds), handler)
    try:
        async with aclosing(history(settings, service, progress, share)) as batches:
            return await _take_all(receiver, batches)
    finally:
        await receiver.close()


def _beside(settings: Settings, service: str) -> str:
    """Where tables are those of the rebuild. Commits need not be durable: what they have written is, with the swap."""
    info = settings.database(service, guarded=False)
    options = f"-c timezone=UTC -c search_path={BESIDE},public -c synchronous_commit=off"
    return psycopg.conninfo.make_conninfo(info, options=options)


async def _take_all(receiver: Receiver, batches: AsyncIterator[list[Message]]) -> int:
    """How many messages were taken in. While the database works on a batch, the next one is fetched and looked into."""

    async def opened() -> list[Message] | None:
        messages = await anext(batches, None)
        await receiver.inbox.open_ahead(messages or [])
        return messages

    count = 0
    following = asyncio.create_task(opened())
    try:
        while (messages := await following) is not None:
            following = asyncio.create_task(opened())
            await receiver.take(messages)
            count += len(messages)
    finally:
        following.cancel()
        await asyncio.wait([following])
    return count


async def _prepare(connection: psycopg.AsyncConnection[Any], projection: Projection) -> None:
    """Empty tables beside the live ones. What is parked stays parked: its keys are left out here as they are there."""
    async with connection.transaction():
        await connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {0} CASCADE").format(sql.Identifier(BESIDE)))
        await connection.execute(sql.SQL("CREATE SCHEMA {0}").format(sql.Identifier(BESIDE)))
        like = "INCLUDING ALL EXCLUDING INDEXES" if projection.filling else "INCLUDING ALL"
        for table in projection.tables:
            await connection.execute(
                sql.SQL("CREATE TABLE {0}.{1} (LIKE public.{1} {2})").format(
                    sql.Identifier(BESIDE), sql.Identifier(table), sql.SQL(like)
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


async def _swap_between(connection: psycopg.AsyncConnection[Any], projection: Projection) -> None:
    """Swaps between those who read. Whoever comes waits behind a swap that waits for a long look, so it lets go."""
    tries = 0
    while True:
        try:
            return await _swap(connection, projection)
        except LockNotAvailable:
            logger.info("the tables are being read, and the swap waits")
            await pause(tries)
            tries += 1


async def _swap(connection: psycopg.AsyncConnection[Any], projection: Projection) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '2s'")
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
