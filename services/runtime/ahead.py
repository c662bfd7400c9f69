"""What was applied here of events that their log has lost: it lay beyond the end that the log's recovery set (rule 13).

A projection is rebuilt and leaves them out. What a reaction has decided of them stays; a human looks at it.
"""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import psycopg
from lianxin_schemas import codec

from services.runtime import log
from services.runtime.database import Connection
from services.runtime.inbox import Lane
from services.runtime.originals import originals
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
    spans = {Lane(*lane): (end + 1, mark) for *lane, end, mark in await cursor.fetchall()}
    sent = await asyncio.to_thread(originals, settings, spans)
    ids = {place: codec.unwrap(message).id for place, message in sent.items()}
    found = [
        (lane, number, ids.get((lane, number)))
        for lane, (first, last) in spans.items()
        for number in range(first, last + 1)
    ]
    known = await log.receipts(connection, [id_ for _, _, id_ in found if id_])
    return [Ahead(lane, number, id_, known[id_].receipt.events if id_ in known else ()) for lane, number, id_ in found]
