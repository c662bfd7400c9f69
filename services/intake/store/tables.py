"""The projection's tables as data, and the one statement that brings rows into each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.runtime.database import Statement

Key = tuple[Any, ...]
Row = tuple[Any, ...]
"""Columns in the order of the table."""


@dataclass(frozen=True)
class Table:
    """A table of newest states: a row is replaced by one of a higher version only. The first columns are the key."""

    columns: Mapping[str, str]
    """Names and types."""
    key: int
    """How many of the columns."""

    def version(self, row: Row) -> int:
        """Which of two rows is newer."""
        return int(row[list(self.columns).index("version")])


TABLES: Mapping[str, Table] = {
    "case_event": Table(
        {"petition": "uuid", "version": "bigint", "type": "text", "time": "timestamptz", "data": "json"}, key=2
    ),
    "zone": Table({"zone": "text", "version": "bigint", "level": "text", "region": "text", "groups": "jsonb"}, key=1),
    "zone_leader": Table(
        {"zone": "text", "cadre": "text", "since": "date", "version": "bigint", "until": "date"}, key=3
    ),
    "household": Table({"household": "text", "version": "bigint", "of_group": "text"}, key=1),
    "pairing": Table(
        {"household": "text", "cadre": "text", "since": "date", "version": "bigint", "until": "date"}, key=3
    ),
    "term": Table({"cadre": "text", "since": "date", "version": "bigint", "until": "date"}, key=2),
    "office": Table({"office": "text", "version": "bigint", "sector": "text", "region": "text"}, key=1),
    "region": Table({"region": "text", "version": "bigint", "level": "text", "parent": "text"}, key=1),
}


def merge(name: str, rows: Mapping[Key, Row]) -> Statement:
    """Inserts what is new and replaces what is older, in the order of keys, which everyone locks in."""
    table = TABLES[name]
    columns, key = list(table.columns), ", ".join(list(table.columns)[: table.key])
    arrays = ", ".join(f"%s::{type_}[]" for type_ in table.columns.values())
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns[table.key :])
    sql = (
        f"INSERT INTO {name} AS t ({', '.join(columns)}) SELECT * FROM unnest({arrays})"
        f" ON CONFLICT ({key}) DO UPDATE SET {changes} WHERE t.version < excluded.version"
    )
    ordered = [rows[key] for key in sorted(rows)]
    return sql, [list(column) for column in zip(*ordered, strict=True)]
