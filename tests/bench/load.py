"""Puts a log of visits where its relay would put it, only faster: into Kafka, and into the log of intake."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import psycopg
from aiokafka import AIOKafkaProducer
from lianxin_schemas import codec

from services.runtime import broker
from tests.bench.visits import PARTITIONS, Logged
from tests.world.world import World

CHUNK = 20_000
BATCH = 256 * 1024
UNIQUE = (
    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE conrelid = 'events'::regclass AND contype = 'u' ORDER BY conname"
)
LOG = (
    "COPY events (position, stream, version, id, type, topic, partition, number, incarnation, time, recordedtime,"
    " authtype, authid, causation, siblings, data) FROM STDIN"
)


def topic(world: World, log: Iterable[Logged]) -> None:
    """Puts messages on the topic of visits, each lane in its order."""
    asyncio.run(_topic(world, log))


async def _topic(world: World, log: Iterable[Logged]) -> None:
    producer = AIOKafkaProducer(
        **broker.options(world.settings),
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        max_batch_size=BATCH,
    )
    await producer.start()
    try:
        chunks = iter(log)
        while chunk := list(islice(chunks, CHUNK)):
            await _send(producer, world.settings.topic("visits"), chunk)
    finally:
        await producer.stop()


async def _send(producer: AIOKafkaProducer, topic: str, chunk: list[Logged]) -> None:
    """Sends so many messages and returns when all are acknowledged."""
    lanes: list[list[Logged]] = [[] for _ in range(PARTITIONS)]
    for each in chunk:
        lanes[each.partition].append(each)
    sent = []
    for partition, lane in enumerate(lanes):
        batch = producer.create_batch()
        for each in lane:
            key = each.row.stream.encode()
            if batch.append(key=key, value=each.message, timestamp=None) is None:
                batch.close()
                sent.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(key=key, value=each.message, timestamp=None)
        if batch.record_count():
            batch.close()
            sent.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*sent)


@contextlib.contextmanager
def kept(world: World, log: Iterable[Logged]) -> Iterator[Iterator[Logged]]:
    """Hands on the messages of a log, and keeps them in intake's as well; as if all had been sent and read back.

    Its unique indexes are made at the end: row by row, in the order of chance, they would take most of the time.
    """
    lanes = [0] * PARTITIONS
    with psycopg.connect(world.settings.database("intake", guarded=False)) as connection:
        unique = connection.execute(UNIQUE).fetchall()
        for name, _ in unique:
            connection.execute(f"ALTER TABLE events DROP CONSTRAINT {name}")
        yield _keep(connection, log, lanes)
        for name, definition in unique:
            connection.execute(f"ALTER TABLE events ADD CONSTRAINT {name} {definition}")
        _reach(connection, f"/{world.space}/intake/1", lanes)


def _keep(connection: psycopg.Connection[Any], log: Iterable[Logged], lanes: list[int]) -> Iterator[Logged]:
    rest = iter(log)
    while chunk := list(islice(rest, CHUNK)):
        with connection.cursor().copy(LOG) as target:
            target.write("".join(_line(each.row, each.partition) for each in chunk))
        for each in chunk:
            lanes[each.partition] = each.row.number
        yield from chunk


def _line(row: codec.Row, partition: int) -> str:
    """A row in COPY's text format. Ids, codes and dates hold nothing that would have to be escaped."""
    head = f"{row.position}\t{row.stream}\t{row.version}\t{row.id}\t{row.type}\tvisits\t{partition}\t{row.number}\t1"
    when = f"{row.time.isoformat()}\t{row.recordedtime.isoformat()}"
    return f"{head}\t{when}\t{row.authtype}\t{row.authid}\t{row.causation}\t1\t{row.data}\n"


def _reach(connection: psycopg.Connection[Any], source: str, lanes: list[int]) -> None:
    """Head and lanes at the end of the log, its relay's mark too."""
    places = [(partition, number) for partition, number in enumerate(lanes) if number]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO lane VALUES (1, 'visits', %s, %s)", places)
        cursor.executemany(f"INSERT INTO mark VALUES ('relay', '{source}', 'visits', %s, %s)", places)
        cursor.executemany("INSERT INTO bookmark VALUES ('relay', 'visits', %s, %s)", places)
        cursor.execute("UPDATE head SET position = %s, recordedtime = now()", [sum(lanes)])
        cursor.execute("UPDATE relay SET position = %s, sealed = %s", [sum(lanes), sum(lanes)])
    connection.commit()
    connection.autocommit = True
    connection.execute("ANALYZE events")
