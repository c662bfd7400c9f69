"""A case as the log has it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from lianxin_schemas import codec
from lianxin_schemas.events.base import Event


@dataclass(frozen=True)
class Kept:
    """An event of a case: when it happened, when it was recorded, and the token to wait for it by."""

    id: UUID
    event: Event
    time: datetime
    recordedtime: datetime
    after: dict[str, int]


def stream_of(petition: UUID) -> str:
    """The stream of a petition's case."""
    return f"case-{petition}"


async def events_of(connection: psycopg.AsyncConnection[Any], petition: UUID) -> list[Kept]:
    """The events of a petition's case in their order; none where there is no case."""
    cursor = await connection.execute(
        "SELECT id, type, data, time, recordedtime, topic, partition, incarnation, number"
        " FROM events WHERE stream = %s ORDER BY version",
        [stream_of(petition)],
    )
    return [
        Kept(id_, codec.parse(type_, data), time, recorded, {f"{topic}.{partition}.{incarnation}": number})
        for id_, type_, data, time, recorded, topic, partition, incarnation, number in await cursor.fetchall()
    ]
