"""A consumer as small as one can be: it notes the visits it applies, in order."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import psycopg
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.visits import VisitLogged
from lianxin_schemas.topics import BY_NAME

from services.runtime.inbox import Inbox, Message, Received
from services.runtime.receiver import Receiver, Unfit, Work
from services.runtime.settings import Settings
from tests.runtime.making import logged, message, visits_in

NAME = "test"
KINDS: frozenset[type[Event]] = frozenset({VisitLogged})
TABLE = "CREATE TABLE seen (nth serial, visit uuid, number bigint)"
PLACE = 4
VISITS = visits_in(PLACE, 12)
"""Visits of one partition."""


class Noting:
    """The handler. `unfit` are visits it cannot accept, `broken` is raised once."""

    def __init__(self, unfit: Sequence[UUID] = ()) -> None:
        self.unfit = set(unfit)
        self.broken: Exception | None = None

    async def __call__(self, _: psycopg.AsyncConnection[Any], received: list[Received]) -> Work:
        broken, self.broken = self.broken, None
        if broken:
            raise broken
        statements = []
        for item in received:
            assert type(item.event) in KINDS, "a kind it does not handle"
            assert isinstance(item.event, VisitLogged)
            if item.event.visit in self.unfit:
                raise Unfit(item, "unfit.for-test")
            statements.append(
                ("INSERT INTO seen (visit, number) VALUES (%s, %s)", [item.event.visit, item.envelope.lanenumber])
            )
        return Work(statements=statements)


Make = Callable[..., Receiver]
"""The fixture `consumer`: makes one more process of the consumer."""


def receiver(settings: Settings, handler: Noting | None = None) -> Receiver:
    """One process of the consumer."""
    return Receiver(settings.database("intake"), Inbox(NAME, settings.space, KINDS), handler or Noting())


def visits(settings: Settings, *numbers: int) -> list[Message]:
    """Visits of one lane; number n is the first entry of visit n."""
    return [message(logged(VISITS[n - 1]), n, space=settings.space) for n in numbers]


def publish(settings: Settings, messages: Sequence[Message]) -> list[Message]:
    """Puts messages into Kafka as if a relay had; answers with them at the offsets they got."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka, acks="all")
    try:
        sent = [producer.send(settings.topic(m.topic), value=m.value, partition=m.partition) for m in messages]
        offsets = [future.get(timeout=30).offset for future in sent]
    finally:
        producer.close(timeout=5)
    return [Message(m.topic, m.partition, at, m.value) for m, at in zip(messages, offsets, strict=True)]


def everything(settings: Settings, *names: str) -> list[Message]:
    """All messages that topics hold, in the order of each partition."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka, group_id=None, enable_auto_commit=False)
    try:
        parts = {TopicPartition(settings.topic(n), p): n for n in names for p in range(BY_NAME[n].partitions)}
        ends = {part: end for part, end in consumer.end_offsets(list(parts)).items() if end}
        consumer.assign(list(ends))
        for part in ends:
            consumer.seek(part, 0)
        found = []
        while any(consumer.position(part) < end for part, end in ends.items()):
            for part, records in consumer.poll(timeout_ms=500).items():
                found += [Message(parts[part], part.partition, r.offset, r.value) for r in records]
        return found
    finally:
        consumer.close()
