"""A Faust Table that counts, written through to PostgreSQL: one worker, `take` and one transaction for each take."""

import sys
from datetime import datetime, timedelta
from typing import Any

import faust
import psycopg

from tests.bench.peers.tables import AS_MANY, FACT

METHOD = (
    "Faust 0.15 Table (memory store, changelog in Kafka, use_partitioner), one worker, take(1000, within=0.1), lz4 and"
    " linger 5 ms, one transaction a take. At least once: what is read again after a crash counts twice"
)
HOUR = timedelta(hours=8)


def build(broker: str, topic: str, group: str, info: str, folder: str) -> faust.App:
    """The worker's application; what it keeps beside its tables lies in a folder of its own."""
    app = faust.App(
        group,
        broker=f"kafka://{broker}",
        store="memory://",
        datadir=folder,
        topic_partitions=24,
        topic_replication_factor=1,
        topic_disable_leader=True,
        table_standby_replicas=0,
        producer_linger=0.005,
        producer_compression_type="lz4",
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    table = app.Table("tally", default=int, partitions=24, use_partitioner=True)
    opened: list[psycopg.AsyncConnection[Any]] = []

    @app.agent(app.topic(topic, key_type=bytes, key_serializer="raw", value_serializer="json"))
    async def count(stream: Any) -> None:
        opened.append(await psycopg.AsyncConnection.connect(info))
        async for taken in stream.take(1000, within=0.1):
            facts, changed = [], {}
            for message in taken:
                said = message["data"]
                day = (datetime.fromisoformat(said["started"]) + HOUR).date().isoformat()
                facts.append((said["visit"], said["cadre"], day, said["households"]))
                for household in said["households"]:
                    key = f"{household}|{day}|{said['cadre']}"
                    table[key] += 1
                    changed[key] = table[key]
            async with opened[0].transaction(), opened[0].cursor() as cursor:
                await cursor.executemany(FACT, facts)
                await cursor.executemany(AS_MANY, [(*key.split("|"), visits) for key, visits in changed.items()])

    return app


if __name__ == "__main__":
    faust.Worker(build(*sys.argv[1:]), loglevel="WARNING", redirect_stdouts=False).execute_from_commandline()
