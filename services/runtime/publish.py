"""Sends rows to Kafka, in the order of each lane, or fails for good (protocol rules 5 and 6).

aiokafka, in the loop of the relay: kafka-python's thread and the way to it and back took half of what a small batch
costs. Idempotent, it has one batch of a partition under way at a time, repeats that for as long as it takes, and gives
the sequence when it sends: behind a batch that has failed nothing else of its partition is taken by the broker.
It is never flushed and never stopped: both wait for what will perhaps not come.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError
from lianxin_schemas import codec

from services.runtime import broker, merkle
from services.runtime.settings import Settings

ACKNOWLEDGED_WITHIN = 60.0


async def producer(settings: Settings) -> AIOKafkaProducer:
    """A producer that keeps order, or fails for good. Raises KafkaError while the broker is away."""
    made = AIOKafkaProducer(
        **broker.options(settings),
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        max_batch_size=256 * 1024,
        # Longer than anybody waits: a batch that it gives up could be one of several.
        request_timeout_ms=int(2 * ACKNOWLEDGED_WITHIN * 1000),
    )
    await made.start()
    return made


async def publish(
    sender: AIOKafkaProducer,
    settings: Settings,
    rows: Sequence[codec.Row],
    places: Sequence[tuple[str, int]],
    progress: Callable[[int], Awaitable[None]],
) -> list[bytes]:
    """Sends rows; once all are acknowledged, answers with the hash of each message as a leaf under a seal.

    `progress` is told each position up to which all are. Raises KafkaError; the producer is of no use then.
    """
    messages = [codec.encode(row) for row in rows]
    futures = [
        await sender.send(settings.topic(topic), value=message, key=row.stream.encode(), partition=partition)
        for row, message, (topic, partition) in zip(rows, messages, places, strict=True)
    ]
    hashes = [merkle.leaf(message) for message in messages]
    for row, future in zip(rows, futures, strict=True):
        await _acknowledged(future)
        await progress(row.position)
    return hashes


async def _acknowledged(future: "asyncio.Future[object]") -> None:
    if not future.done():
        await asyncio.wait([future], timeout=ACKNOWLEDGED_WITHIN)
    if not future.done():
        raise KafkaTimeoutError(f"not acknowledged within {ACKNOWLEDGED_WITHIN:.0f} s")
    future.result()
