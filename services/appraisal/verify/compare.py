"""The live side of verify: one snapshot of everything, and the sentences that name what differs."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import psycopg
from psycopg.rows import dict_row

from services.appraisal import policies
from services.appraisal.domain import periods
from services.appraisal.domain.policy import Policy, in_force
from services.appraisal.domain.score import score
from services.appraisal.settings import Settings
from services.appraisal.store import reading
from services.appraisal.store.counts import asked, counts
from services.appraisal.store.tables import TABLES
from services.appraisal.verify.refold import Refold, Table
from services.appraisal.verify.rescore import NOTHING, Found, Rescore
from services.refused import Refused
from services.runtime import rebuild

SAMPLE = 50
SHOWN = 20
SCORES = 2_000
"""About how many scores are compared, spread evenly over subjects and periods; tables are compared row by row."""
CONSUMER = "project"
Scored = dict[tuple[str, str, str], Found]
"""By kind, subject and period."""


@dataclass
class Live:
    """What the database held at one moment."""

    refold: Refold
    tables: dict[str, Table]
    scores: Scored = field(default_factory=dict)


def verify(settings: Settings) -> list[str]:
    """Every difference, a sentence each: tables row by row, then scores. More than 20 end in a count."""
    held = policies.read(settings.policies)
    live = asyncio.run(look(settings, held))
    for messages in rebuild.history(settings, "appraisal", lambda _done, _of: None):
        live.refold.take(messages)
    found = list(differences(live, held))
    return found if len(found) <= SHOWN else [*found[:SHOWN], f"and {len(found) - SHOWN} more"]


async def look(settings: Settings, held: Sequence[Policy]) -> Live:
    """Marks, numbers set aside, all tables and the scores of a sample, all of one moment."""
    info = settings.database("appraisal", guarded=False)
    async with (
        await psycopg.AsyncConnection.connect(info, autocommit=True) as connection,
        reading.snapshot(connection),
    ):
        live = Live(await _marks(connection), {name: await _table(connection, name) for name in TABLES})
        pairs = list(product(_sample(live.tables), _periods(live.tables)))
        for (kind, subject), name in pairs[:: max(1, len(pairs) // SCORES)]:
            if found := await _score(connection, held, kind, subject, name):
                live.scores[kind, subject, name] = found
        return live


def differences(live: Live, held: Sequence[Policy]) -> Iterator[str]:
    """The sentences, once `live.refold` has taken in the topics."""
    refolded = live.refold.tables()
    yield from _unread(live.refold)
    yield from _rows(live.tables, refolded)
    yield from _scores(live.scores, Rescore(refolded), held)


async def _marks(connection: reading.Connection) -> Refold:
    marks = await connection.execute(
        "SELECT source, topic, partition, number FROM mark WHERE consumer = %s", [CONSUMER]
    )
    reached = {(source, topic, partition): number for source, topic, partition, number in await marks.fetchall()}
    parked = await connection.execute(
        "SELECT source, topic, partition, number, at_offset FROM parked WHERE consumer = %s", [CONSUMER]
    )
    refold = Refold(reached, set(), set())
    for source, topic, partition, number, offset in await parked.fetchall():
        if source is None:
            refold.alone.add((topic, partition, offset))
        else:
            refold.aside.add(((source, topic, partition), number))
    return refold


async def _table(connection: reading.Connection, name: str) -> Table:
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(f"SELECT * FROM {name}")
    key = TABLES[name].key
    return {tuple(row.pop(column) for column in key): row for row in await cursor.fetchall()}


def _periods(tables: dict[str, Table]) -> list[str]:
    """Every month, quarter and year that has a visit or a petition."""
    days = {key[1] for key in tables["visit_tally"]} | {key[2] for key in tables["case_tally"]}
    return sorted({name for day in days for name in periods.names_around(day)})


def _sample(tables: dict[str, Table]) -> list[tuple[str, str]]:
    """At least 50 cadres, or all there are, spread evenly; and every zone."""
    cadres = {key[2] for key in tables["responsibility"]} | {key[2] for key in tables["visit_tally"]}
    cadres |= {key[1] for key in tables["case_tally"] if key[0] == "cadre"}
    step = max(1, len(cadres) // SAMPLE)
    return [*(("cadre", cadre) for cadre in sorted(cadres)[::step]), *(("zone", key[0]) for key in tables["zone"])]


async def _score(
    connection: reading.Connection, held: Sequence[Policy], kind: str, subject: str, name: str
) -> Found | None:
    period = periods.parse(name)
    try:
        policy = in_force(held, period)
    except Refused:
        return None
    made = score(policy, await counts(connection, asked(kind, subject, period, policy)))
    pairs = {part.indicator.indicator.value: (part.count.numerator, part.count.denominator) for part in made.parts}
    return Found(pairs.get("coverage", (0, 0)), pairs.get("petitions_in_time", (0, 0)), made.value)


def _unread(refold: Refold) -> Iterator[str]:
    """A lane that Kafka no longer holds up to its mark cannot be verified: said, not passed over."""
    for lane, number in sorted(refold.marks.items()):
        if (seen := refold.seen[lane]) < number:
            yield f"the lane {lane[0]} {lane[1]}/{lane[2]} is applied up to {number}, Kafka holds {seen} of these"


def _rows(live: dict[str, Table], refolded: dict[str, Table]) -> Iterator[str]:
    for name in TABLES:
        for key in sorted(live[name].keys() | refolded[name].keys(), key=str):
            mine, theirs = live[name].get(key), refolded[name].get(key)
            if mine != theirs:
                yield f"{name} {_words(key)}: live {_row(mine, theirs)}, refolded {_row(theirs, mine)}"


def _row(row: dict[str, Any] | None, other: dict[str, Any] | None) -> str:
    """The columns in which a row differs from the other one."""
    if row is None:
        return "nothing"
    return ", ".join(f"{name} = {value}" for name, value in row.items() if other is None or other.get(name) != value)


def _words(key: Iterable[Any]) -> str:
    return " ".join(map(str, key))


def _scores(live: Scored, rescore: Rescore, held: Sequence[Policy]) -> Iterator[str]:
    again = {name: rescore.all(name, held) or {} for name in sorted({name for _, _, name in live})}
    for (kind, subject, name), mine in live.items():
        theirs = again[name].get((kind, subject), NOTHING)
        if mine != theirs:
            yield f"score of {kind} {subject} in {name}: live {mine}, recounted {theirs}"
