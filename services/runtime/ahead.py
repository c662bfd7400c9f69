"""What was applied here of events that their log has lost: it lay beyond the end that the log's recovery set (rule 13).

A projection is rebuilt and leaves them out. What a reaction has decided of them stays; a human looks at it.
"""

from dataclasses import dataclass
from uuid import UUID

import psycopg
from kafka import KafkaConsumer
from lianxin_schemas import codec

from services.runtime import broker, log, parked
from services.runtime.database import Connection
from services.runtime.inbox import Lane
from services.runtime.settings import Settings

COUNT = (
    "SELECT coalesce(sum(m.number - c.number), 0)::bigint FROM mark m JOIN closed c USING (source, topic, partition)"
    " WHERE m.consumer = %s AND m.number > c.number"
)
LANES = (
    "SELECT source, topic, partition, c.number, m.number FROM mark m JOIN closed c USING (source, topic, partition)"
    " WHERE m.consumer = %s AND m.number > c.number ORDER BY source, topic, partition"
)


@dataclass(frozen=True)
class Ahead:
    """One event applied here that its log does not have; `id` is None where Kafka has it no more."""

    lane: Lane
    number: int
    id: UUID | None
    own: tuple[UUID, ...]
    """Own events that came of it."""


def count(connection: psycopg.Connection[tuple[int]], consumer: str | None) -> int:
    """How many there are."""
    row = connection.execute(COUNT, [consumer]).fetchone()
    return row[0] if row else 0


async def events(connection: Connection, settings: Settings, consumer: str) -> list[Ahead]:
    """All of them. Raises psycopg.Error or KafkaError while either is away."""
    cursor = await connection.execute(LANES, [consumer])
    found: list[tuple[Lane, int, UUID | None]] = []
    kafka = KafkaConsumer(**broker.options(settings), group_id=None, enable_auto_commit=False)
    try:
        for source, topic, partition, end, mark in await cursor.fetchall():
            lane = Lane(source, topic, partition)
            found += [(lane, number, _id(kafka, settings, lane, number)) for number in range(end + 1, mark + 1)]
    finally:
        kafka.close()
    known = await log.receipts(connection, [id_ for _, _, id_ in found if id_])
    return [Ahead(lane, number, id_, known[id_].receipt.events if id_ in known else ()) for lane, number, id_ in found]


def _id(kafka: KafkaConsumer, settings: Settings, lane: Lane, number: int) -> UUID | None:
    try:
        return parked.fetch(kafka, settings, lane, number, 0).envelope.id
    except (parked.NotFound, codec.Unreadable):
        return None
