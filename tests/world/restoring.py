"""A service whose database is lost, and comes back from what Kafka has of its log."""

import asyncio

import psycopg
from lianxin_schemas import codec

from services.runtime import log, recover, topics
from services.runtime.database import conninfo
from services.runtime.inbox import Message
from services.runtime.recover import Recovered, Refill
from services.runtime.settings import Settings
from tests.runtime.consuming import publish


def lost_but_published(settings: Settings, service: str, template: str, refill: Refill, *, last: int) -> Recovered:
    """Publishes the log but for its `last` events, puts an empty database in its place, and runs `log recover`."""
    info = settings.database(service, guarded=False)
    topics.apply(settings)
    with psycopg.connect(info) as connection:
        [(name,)] = connection.execute("SELECT current_database()").fetchall()
        rows = connection.execute(
            f"SELECT topic, partition, {log.ROW_COLUMNS} FROM events ORDER BY position"
        ).fetchall()
    sent = [Message(row[0], row[1], 0, codec.encode(log.row_of(settings.space, service, row[2:]))) for row in rows]
    publish(settings, sent[:-last])
    unguarded = conninfo(settings.postgres, "postgres", guarded=False)  # a checkpoint comes first
    with psycopg.connect(unguarded, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return asyncio.run(recover.recover(settings, service, refill, lambda _: None))
