"""How far behind a service is: its relay behind its log, its consumer behind the topics."""

from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from kafka import KafkaConsumer, TopicPartition
from lianxin_schemas.topics import consumed_by

from services.runtime import ahead, broker
from services.runtime.settings import Settings


@dataclass(frozen=True)
class Lag:
    """Counts of messages. `missing`: sealed by their log, but not applied here; `parked`: waiting for a human;
    `ahead`: applied here, but lost by their log (`ahead.py`).
    """

    log: int
    sealed: int
    topics: dict[str, int]
    missing: int
    parked: int
    ahead: int

    @property
    def behind(self) -> int:
        """All that is on its way: 0 when every accepted event has become visible."""
        return self.log + sum(self.topics.values()) + self.missing

    def as_json(self) -> dict[str, Any]:
        """The figures with their sum."""
        return {"behind": self.behind, **asdict(self)}


def measure(settings: Settings, service: str, *, has_log: bool, consumer: str | None) -> Lag:
    """Measures now. Raises psycopg.Error or KafkaError while either is away."""
    with psycopg.connect(settings.database(service), autocommit=True) as connection:
        log, sealed = _relay(connection) if has_log else (0, 0)
        topics = _topics(connection, settings, service, consumer) if consumer else {}
        missing = connection.execute(
            "SELECT coalesce(sum(greatest(e.number - coalesce(m.number, 0), 0)), 0)::bigint FROM expected e"
            " LEFT JOIN mark m ON m.consumer = %s"
            " AND (m.source, m.topic, m.partition) = (e.source, e.topic, e.partition)"
            " WHERE e.topic = ANY(%s)",
            [consumer, list(topics)],
        ).fetchone()
        parked = connection.execute(
            "SELECT count(*) FROM parked WHERE accepted IS NULL AND consumer = %s", [consumer]
        ).fetchone()
        ahead_ = ahead.count(connection, consumer)
    return Lag(log, sealed, topics, missing[0] if missing else 0, parked[0] if parked else 0, ahead_)


def _relay(connection: psycopg.Connection[Any]) -> tuple[int, int]:
    [(behind, unsealed)] = connection.execute(
        "SELECT h.position - r.position, h.position - r.sealed FROM head h, relay r"
    ).fetchall()
    return behind, unsealed


def _topics(connection: psycopg.Connection[Any], settings: Settings, service: str, consumer: str) -> dict[str, int]:
    """Messages behind the bookmarks, by topic."""
    rows = connection.execute(
        "SELECT topic, partition, next_offset FROM bookmark WHERE consumer = %s", [consumer]
    ).fetchall()
    read = {(topic, partition): offset for topic, partition, offset in rows}
    kafka = KafkaConsumer(**broker.options(settings), group_id=None, enable_auto_commit=False)
    try:
        places = {
            TopicPartition(settings.topic(topic.name), partition): (topic.name, partition)
            for topic in consumed_by(service)
            for partition in range(topic.partitions)
        }
        behind = {topic.name: 0 for topic in consumed_by(service)}
        for tp, end in kafka.end_offsets(list(places)).items():
            behind[places[tp][0]] += max(0, end - read.get(places[tp], 0))
        return behind
    finally:
        kafka.close()
