"""All that whoever administers an installation can read: every table of every database, every record of every topic,
every line that a process wrote. What there is is asked of the catalogues and of the broker, never listed here: what is
added later is read too.
"""

import contextlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from kafka import KafkaConsumer, TopicPartition
from psycopg import sql

from services.runtime import broker
from services.runtime.database import Connection
from services.runtime.settings import Settings

Row = dict[str, Any]
Harvest = dict[str, list[Row]]
"""The rows of each table, the records of each topic, the lines of each file, in the order in which they lie."""

HIDDEN = sql.SQL("ctid::text, xmin::text::bigint, xmax::text::bigint, cmin::text::bigint")
KEPT_BY_POSTGRES = ("pg_statistic", "pg_stat_user_tables", "pg_statio_user_tables", "pg_stat_user_indexes")
RELATIONS = """
    SELECT nspname, relname, relkind IN ('r', 'm') FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'm', 'S') AND nspname <> 'information_schema' AND NOT starts_with(nspname, 'pg_')
    ORDER BY 1, 2
"""


async def tables(databases: Iterable[Connection]) -> Harvest:
    """Every table, materialized view and sequence, with the columns in which PostgreSQL keeps transactions and places,
    and its statistics.
    """
    found: Harvest = {}
    for connection in databases:
        name = connection.info.dbname
        for schema, relation, hidden in await (await connection.execute(RELATIONS)).fetchall():
            select = sql.SQL("SELECT {hidden}, to_jsonb(t) FROM {table} t").format(
                hidden=HIDDEN if hidden else sql.SQL("'(0,0)', 0, 0, 0"), table=sql.Identifier(schema, relation)
            )
            rows = await (await connection.execute(select)).fetchall()
            found[f"{name}.{schema}.{relation}"] = [
                {"ctid": place(ctid), "xmin": xmin, "xmax": xmax, "cmin": cmin} | dict(flat(columns))
                for ctid, xmin, xmax, cmin, columns in rows
            ]
        for view in KEPT_BY_POSTGRES:
            cursor = await connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(view)))
            found[f"{name}.{view}"] = [{"row": row} for (row,) in await cursor.fetchall()]
    return found


def place(ctid: str) -> tuple[int, int]:
    """Page and item of a row."""
    page, item = ctid.strip("()").split(",")
    return int(page), int(item)


async def everything(settings: Settings, folder: Path) -> Harvest:
    """A whole space: its databases, its topics, and the files of this folder in which its processes write."""
    connect = psycopg.AsyncConnection.connect
    async with await connect(settings.database("intake"), autocommit=True) as connection:
        databases = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY 1"
        names = await (await connection.execute(databases, [f"{settings.space}_"])).fetchall()
    found: Harvest = {}
    for (name,) in names:
        service = name.removeprefix(f"{settings.space}_")
        async with await connect(settings.database(service), autocommit=True) as connection:
            found |= await tables([connection])
    return found | topics(settings) | written(folder)


def topics(settings: Settings) -> Harvest:
    """Every record of every topic of the space, with its place and time, key, headers and value."""
    consumer = KafkaConsumer(**broker.options(settings), group_id=None, enable_auto_commit=False)
    try:
        names = sorted(name for name in consumer.topics() if name.startswith(f"{settings.space}."))
        parts = [TopicPartition(name, part) for name in names for part in consumer.partitions_for_topic(name) or ()]
        found: Harvest = {name: [] for name in names}
        ends = {part: end for part, end in consumer.end_offsets(parts).items() if end}
        consumer.assign(list(ends))
        for part in ends:
            consumer.seek(part, 0)
        while any(consumer.position(part) < end for part, end in ends.items()):
            for part, records in consumer.poll(timeout_ms=500).items():
                found[part.topic] += [_record(part.partition, record) for record in records]
        return found
    finally:
        consumer.close()


def _record(partition: int, record: Any) -> Row:
    headers = {f"header {key}": _value(value) for key, value in record.headers}
    place = {"partition": partition, "offset": record.offset, "timestamp": record.timestamp / 1000}
    return place | dict(flat({"key": _value(record.key), "value": _value(record.value)} | headers))


def _value(raw: bytes | None) -> Any:
    """What bytes say: JSON, text, or themselves as PostgreSQL writes them."""
    if raw is None:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return "\\x" + raw.hex()


def written(folder: Path) -> Harvest:
    """Every line of every file that processes wrote."""
    return {
        file.name: [{"line": nth, "text": text} for nth, text in enumerate(file.read_text().splitlines())]
        for file in sorted(folder.glob("*.log"))
    }


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The single values inside a value, by where they stand; moments as seconds, so that they can be compared."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from flat(inner, f"{path}.{key}" if path else str(key))
        case list():
            for nth, inner in enumerate(value):
                yield from flat(inner, f"{path}[{nth}]")
        case str():
            yield path, value
            with contextlib.suppress(ValueError):
                yield f"{path} as a moment", datetime.fromisoformat(value).timestamp()
        case _:
            yield path, value
