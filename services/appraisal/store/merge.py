"""Brings rows to the database in two steps: COPY beside the tables, holding no lock, then one merge a table. A few go
with their merge, as JSON: that saves ten ways to the database, which is what they would mostly cost.

A merge turns what it changed in facts into differences of tallies, in the same statement (RETURNING old and new).
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import psycopg

from services.appraisal.store.tables import FACTS, Rows, Table
from services.runtime.database import Statement

CREATE = "; ".join(f"CREATE TEMP TABLE incoming_{name} (LIKE {name})" for name in FACTS)

SIZE = f"SELECT sum(pg_relation_size(to_regclass('pg_temp.incoming_' || name))) FROM unnest(ARRAY{[*FACTS]}) AS name"
Texts = dict[str, str]
"""Rows by table, in COPY's text format, in the order of tables."""
FEW = 100
"""Rows up to which a batch goes with its merge."""
LARGE = 1024 * 1024
"""Bytes from which emptying a temporary table at once is cheaper than row by row; below, new files cost more."""


async def stage(connection: psycopg.AsyncConnection[Any], texts: Texts) -> None:
    """Fills the session's temporary tables with these rows and nothing else. Each connection makes them once."""
    used = list(texts)
    if not used:
        return
    async with connection.transaction():
        cursor = await connection.execute(SIZE)
        [(size,)] = await cursor.fetchall()
        if size is None:
            await connection.execute(CREATE)
        elif size > LARGE:
            await connection.execute(f"TRUNCATE {', '.join(f'incoming_{name}' for name in used)}")
        else:
            await connection.execute("; ".join(f"DELETE FROM incoming_{name}" for name in used))
        await copy(connection, texts, "incoming_")


async def copy(connection: psycopg.AsyncConnection[Any], texts: Texts, prefix: str = "") -> None:
    """Adds rows to tables whose names begin with a prefix."""
    for name, text in texts.items():
        columns = ", ".join(FACTS[name].columns)
        async with connection.cursor().copy(f"COPY {prefix}{name} ({columns}) FROM STDIN") as target:
            await target.write(text)


def written(rows: Rows) -> Texts:
    """Rows as COPY takes them."""
    return {name: "".join(_lines(FACTS[name], rows[name])) for name in FACTS if rows[name]}


def _lines(table: Table, rows: dict[tuple[Any, ...], dict[str, tuple[Any, ...]]]) -> Iterable[str]:
    """Rows in COPY's text format. Ids are opaque and hold nothing that would have to be escaped."""
    absent = {slot: "\t\\N" * len(columns) for slot, columns in table.slots.items()}
    for key, slots in rows.items():
        line = _texts(key)
        for slot, nothing in absent.items():
            line += "\t" + _texts(slots[slot]) if slot in slots else nothing
        yield line + "\n"


def _texts(values: tuple[Any, ...]) -> str:
    return "\t".join([value if type(value) is str else TEXT.get(type(value), str)(value) for value in values])


TEXT: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "\\N",
    bool: lambda value: "t" if value else "f",
    # Quoted, or an id spelt null would be none.
    tuple: lambda value: "{" + ",".join([f'"{item}"' for item in value]) + "}",
}
"""How COPY spells a value that is spelt otherwise than by `str`."""


def few(rows: Rows) -> bool:
    """Whether rows are so few that they need not be staged."""
    return sum(len(rows[name]) for name in FACTS) <= FEW


def statements(rows: Rows) -> list[Statement]:
    """The merges of rows, staged before unless they are few, in the order of tables; each sorted by key."""
    along, result = few(rows), list[Statement]()
    for name in FACTS:
        if rows[name]:
            merge, *rest = MERGES[name]
            if along:
                merge = merge.replace(f"FROM incoming_{name}", f"FROM json_populate_recordset(NULL::{name}, %s)")
            result.append((merge, [_json(FACTS[name], rows[name])] if along else []))
            result += [(sql, []) for sql in rest]
    return result


def _json(table: Table, rows: dict[tuple[Any, ...], dict[str, tuple[Any, ...]]]) -> str:
    """Rows as a JSON array of objects; what is absent is NULL."""
    records = []
    for key, slots in rows.items():
        record = dict(zip(table.key, key, strict=True))
        for slot, values in slots.items():
            record |= zip(table.slots[slot], values, strict=True)
        records.append(record)
    return msgspec.json.encode(records).decode()


def _newer(table: Table, slot: str) -> str:
    """Whether what comes in replaces a slot: it has a higher version, or a lower one where the lowest holds."""
    version, sign = table.slots[slot][0], "<" if slot in table.lowest else ">"
    return f"(excluded.{version} IS NOT NULL AND (t.{version} IS NULL OR excluded.{version} {sign} t.{version}))"


def _merge(name: str) -> str:
    """Inserts what is new and replaces slots that are older; rows that nothing is newer for are left alone."""
    table = FACTS[name]
    changes = [
        f"{column} = CASE WHEN {_newer(table, slot)} THEN excluded.{column} ELSE t.{column} END"
        for slot, of_slot in table.slots.items()
        for column in of_slot
    ]
    columns, key = ", ".join(table.columns), ", ".join(table.key)
    return (
        f"INSERT INTO {name} AS t ({columns}) SELECT {columns} FROM incoming_{name} ORDER BY {key}"
        f" ON CONFLICT ({key}) DO UPDATE SET {', '.join(changes)}"
        f" WHERE {' OR '.join(_newer(table, slot) for slot in table.slots)}"
    )


_STANDS = "{0}.entry_version > coalesce({0}.withdrawal_version, 0)"
VISITS = f"""
WITH changed AS (
    {_merge("visit")}
    RETURNING old.households AS households0, old.day AS day0, old.cadre AS cadre0, {_STANDS.format("old")} AS stands0,
              new.households AS households1, new.day AS day1, new.cadre AS cadre1, {_STANDS.format("new")} AS stands1
), moved AS (
    SELECT unnest(households0) AS household, day0 AS day, cadre0 AS cadre,
           -stands0::int AS visits, -(NOT stands0)::int AS withdrawn FROM changed
    UNION ALL
    SELECT unnest(households1), day1, cadre1, stands1::int, (NOT stands1)::int FROM changed
)
INSERT INTO visit_tally AS t
SELECT household, day, cadre, sum(visits), sum(withdrawn) FROM moved
GROUP BY household, day, cadre HAVING sum(visits) <> 0 OR sum(withdrawn) <> 0 ORDER BY household, day, cadre
ON CONFLICT (household, day, cadre)
DO UPDATE SET visits = t.visits + excluded.visits, withdrawn = t.withdrawn + excluded.withdrawn
"""
VISITS_COUNTED = f"""
INSERT INTO visit_tally
SELECT unnest(households), day, cadre, sum(stands::int), sum((NOT stands)::int)
FROM (SELECT *, {_STANDS.format("t")} AS stands FROM visit AS t WHERE hashtext(cadre) & %d = %d) AS counted
GROUP BY 1, 2, 3
"""
"""The same of all visits at once, into an empty table; a part of all cadres at a time."""
# C9: out of the base are those withdrawn before their limit. A case opened again counts as in time only if both replies
# were, and is open until the second.
BASE = "({0}.withdrawn IS NULL OR {0}.withdrawn >= {0}.due)"
IN_TIME = """coalesce({0}.replied < {0}.due AND ({0}.reopened_version IS NULL
    OR {0}.first_replied < {0}.first_due AND {0}.reply_version > {0}.reopened_version), false)"""
_BASE = f"coalesce({BASE}, false)"
_FIGURES = {
    "registered": f"{_BASE}::int",
    "in_time": f"({_BASE} AND {IN_TIME})::int",
    "answered": f"({_BASE} AND {{0}}.solved IS NOT NULL)::int",
    "solved": f"({_BASE} AND coalesce({{0}}.solved = 'solved', false))::int",
    "rated": f"({_BASE} AND {{0}}.satisfied IS NOT NULL)::int",
    "satisfied": f"({_BASE} AND coalesce({{0}}.satisfied IN ('satisfied', 'very-satisfied'), false))::int",
}


def _side(row: str, nth: int) -> str:
    """What RETURNING says of a case before (0) or after (1): where it counts, and for how much."""
    figures = ", ".join(f"{sql.format(row)} AS {name}{nth}" for name, sql in _FIGURES.items())
    return (
        f"{row}.month AS month{nth}, {row}.cadre AS cadre{nth}, coalesce({row}.zone, '') AS zone{nth},"
        f" {row}.office AS office{nth}, {figures}"
    )


def _moved(nth: int, sign: str) -> str:
    figures = ", ".join(f"{sign}{name}{nth}" for name in _FIGURES)
    return ", ".join(f"('{kind}', {kind}{nth}, month{nth}, {figures})" for kind in ("cadre", "zone", "office"))


_NAMES = ", ".join(_FIGURES)
_SUMS = ", ".join(f"sum({name})" for name in _FIGURES)
_COUNTED = f"""
INSERT INTO case_tally AS t (kind, subject, month, {_NAMES})
SELECT kind, subject, month, {_SUMS} FROM moved WHERE subject IS NOT NULL AND month IS NOT NULL
GROUP BY kind, subject, month HAVING {" OR ".join(f"sum({name}) <> 0" for name in _FIGURES)}
"""
CASES = f"""
WITH changed AS (
    {_merge("case_fact")}
    RETURNING {_side("old", 0)}, {_side("new", 1)}
), moved AS (
    SELECT s.* FROM changed, LATERAL (VALUES {_moved(0, "-")}, {_moved(1, "")}) AS s (kind, subject, month, {_NAMES})
)
{_COUNTED}
ORDER BY kind, subject, month
ON CONFLICT (kind, subject, month)
DO UPDATE SET {", ".join(f"{name} = t.{name} + excluded.{name}" for name in _FIGURES)}
"""
CASES_COUNTED = f"""
WITH changed AS (
    SELECT {_side("c", 1)} FROM case_fact AS c
), moved AS (
    SELECT s.* FROM changed, LATERAL (VALUES {_moved(1, "")}) AS s (kind, subject, month, {_NAMES})
)
{_COUNTED}
"""
"""The same of all cases at once, into an empty table."""
# Only rows emptied by this very transaction can be found: every other one has deleted its own before its commit.
EMPTY = {
    "visit": "DELETE FROM visit_tally WHERE visits = 0 AND withdrawn = 0",
    "case_fact": "DELETE FROM case_tally WHERE registered = 0",
}
MERGES: dict[str, list[str]] = {name: [_merge(name)] for name in FACTS} | {
    "visit": [VISITS, EMPTY["visit"]],
    "case_fact": [CASES, EMPTY["case_fact"]],
}
