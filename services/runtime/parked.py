"""Parked messages: listed, replayed in order once the cause is mended, or accepted as they are with grounds."""

from typing import Any

import psycopg
from kafka import KafkaConsumer, TopicPartition
from lianxin_schemas import codec
from lianxin_schemas.events.base import Event

from services.runtime import broker, log
from services.runtime.inbox import Inbox, Lane, Message, Received, State
from services.runtime.receiver import Handler, Unfit, Work
from services.runtime.settings import Settings

LOCK = "SELECT pg_advisory_lock(hashtext('lianxin.parked'), hashtext(%s))"
"""Held by replay and by rebuild, which must not run at the same time: what one applies the other leaves out."""


class NotFound(Exception):
    """No such parked message, or its bytes are not in Kafka."""


def rows(connection: psycopg.Connection[Any], consumer: str) -> list[dict[str, Any]]:
    """Parked messages that nobody has accepted, in the order in which they stand in their partitions."""
    cursor = connection.execute(
        "SELECT topic, partition, at_offset, source, number, key, reason, parked FROM parked"
        " WHERE consumer = %s AND accepted IS NULL ORDER BY topic, partition, number NULLS FIRST, at_offset",
        [consumer],
    )
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def accept(
    connection: psycopg.Connection[Any], consumer: str, place: tuple[str, int, int], by: str, grounds: str
) -> None:
    """Lets one message go by unapplied, for good; the later ones of its key can be replayed then. Raises NotFound."""
    connection.execute(LOCK, [consumer])
    cursor = connection.execute(
        "UPDATE parked SET accepted = now(), accepted_by = %s, grounds = %s"
        " WHERE consumer = %s AND topic = %s AND partition = %s AND at_offset = %s AND accepted IS NULL",
        [by, grounds, consumer, *place],
    )
    if cursor.rowcount == 0:
        raise NotFound("nothing is parked at {}/{} offset {}".format(*place))


async def replay(
    connection: psycopg.AsyncConnection[Any],
    settings: Settings,
    consumer: str,
    kinds: frozenset[type[Event]],
    handler: Handler,
) -> tuple[int, list[dict[str, Any]]]:
    """Applies parked messages key by key, in order; answers with how many were done with and what is still parked.
    A kind that the consumer does not handle is NotApplicable here too: it leaves without the handler.

    A key stops at its first message that still cannot be applied. Messages outside a lane can only be accepted.
    """
    await connection.execute(LOCK, [consumer])
    cursor = await connection.execute(
        "SELECT DISTINCT topic, partition, key FROM parked WHERE consumer = %s AND accepted IS NULL"
        " AND key IS NOT NULL ORDER BY 1, 2, 3",
        [consumer],
    )
    applied, left = 0, []
    kafka = KafkaConsumer(**broker.options(settings), group_id=None, enable_auto_commit=False)
    try:
        for key in await cursor.fetchall():
            done, reason = await _replay_key(connection, settings, kafka, consumer, kinds, handler, key)
            applied += done
            if reason:
                left.append({"topic": key[0], "partition": key[1], "key": key[2], "reason": reason})
    finally:
        kafka.close()
    return applied, left


async def _replay_key(
    connection: psycopg.AsyncConnection[Any],
    settings: Settings,
    kafka: KafkaConsumer,
    consumer: str,
    kinds: frozenset[type[Event]],
    handler: Handler,
    key: tuple[str, int, str],
) -> tuple[int, str]:
    applied = 0
    while True:
        cursor = await connection.execute(
            "SELECT source, number, at_offset FROM parked WHERE consumer = %s AND topic = %s AND partition = %s"
            " AND key = %s AND accepted IS NULL ORDER BY split_part(source, '/', 4)::int, number LIMIT 1",
            [consumer, *key],
        )
        first = await cursor.fetchone()
        if first is None:
            return applied, ""
        lane, number = Lane(first[0], key[0], key[1]), first[1]
        try:
            received = fetch(kafka, settings, lane, number, first[2])
            work = await handler(connection, [received]) if type(received.event) in kinds else Work()
        except (codec.Unreadable, Unfit) as error:
            return applied, error.reason
        except NotFound:
            return applied, "not-in-kafka"
        await log.write(
            connection,
            work.decisions,
            first=[
                # The consumer's own transactions queue here: none adds to this key while it is being freed.
                (
                    "SELECT FROM mark WHERE consumer = %s AND source = %s AND topic = %s AND partition = %s FOR UPDATE",
                    [consumer, lane.source, lane.topic, lane.partition],
                )
            ],
            then=[
                *work.statements,
                (
                    "DELETE FROM parked WHERE consumer = %s AND source = %s AND topic = %s AND partition = %s"
                    " AND number = %s",
                    [consumer, lane.source, lane.topic, lane.partition, number],
                ),
            ],
        )
        applied += 1


def fetch(kafka: KafkaConsumer, settings: Settings, lane: Lane, number: int, hint: int) -> Received:
    """A message of a lane from Kafka: at the offset it had, otherwise wherever it stands now. One outside the lane that
    claims its number was parked alone, and is passed by.

    Raises NotFound when Kafka does not hold it, Unreadable when it still cannot be read.
    """
    part = TopicPartition(settings.topic(lane.topic), lane.partition)
    kafka.assign([part])
    inbox, before = Inbox("parked", settings.space, frozenset()), State(marks={lane: number - 1})
    for start in dict.fromkeys((hint, 0)):
        kafka.seek(part, start)
        while kafka.position(part) < kafka.end_offsets([part])[part]:  # an end may move back meanwhile (rule 14)
            for record in kafka.poll(timeout_ms=1_000, max_records=1 if start else 500).get(part, []):
                message = Message(lane.topic, lane.partition, record.offset, record.value)
                is_it = inbox.sort([message], before, {}).marks.get(lane) == number
                if is_it and message.opened and (envelope := message.opened.envelope):
                    return Received(message, lane, envelope, codec.read(envelope))
            if start:
                break
    raise NotFound(f"number {number} of {lane.source} is not in {lane.topic}/{lane.partition}")
