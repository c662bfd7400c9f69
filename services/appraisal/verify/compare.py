"""The live side of verify: one snapshot of everything, and the sentences that name what differs."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field
from decimal import Decimal
from itertools import product
from typing import Any

import psycopg
from lianxin_schemas.events.scores import PolicyAdopted
from psycopg.rows import dict_row

from services.appraisal.domain import periods
from services.appraisal.domain.policy import needed
from services.appraisal.domain.score import Count, score
from services.appraisal.queries import county
from services.appraisal.queries.scores import held
from services.appraisal.settings import Settings
from services.appraisal.store import policies, reading
from services.appraisal.store.counts import asked, counts
from services.appraisal.store.petitions import FIGURES
from services.appraisal.store.tables import TABLES
from services.appraisal.verify.refold import Refold, Table
from services.appraisal.verify.rescore import Facts, Rescore, rescore
from services.runtime import rebuild

SAMPLE = 50
SHOWN = 20
SCORES = 2_000
"""About how many scores are compared, spread evenly over subjects and periods; tables are compared row by row."""
CONSUMER = "project"
Place = tuple[str, str, str]
"""Kind, subject and period."""
Pairs = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Found:
    """What was counted of a subject, and its score by each policy."""

    counts: Pairs
    scores: Mapping[str, Decimal | None]


@dataclass
class Live:
    """What the database held at one moment."""

    refold: Refold
    tables: dict[str, Table]
    policies: list[PolicyAdopted]
    scores: dict[Place, Found] = field(default_factory=dict)
    townships: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    """By period and township: petitions' figures, households covered and all."""
    said: list[str] = field(default_factory=list)
    """What is wrong with the table of policies."""


def verify(settings: Settings) -> list[str]:
    """Every difference, a sentence each: tables row by row, then scores. More than 20 end in a count."""
    live = asyncio.run(_looked(settings))
    found = list(differences(live))
    return found if len(found) <= SHOWN else [*found[:SHOWN], f"and {len(found) - SHOWN} more"]


async def _looked(settings: Settings) -> Live:
    live = await look(settings)
    async for messages in rebuild.history(settings, "appraisal", lambda _done, _of: None):
        live.refold.take(messages)
    return live


async def look(settings: Settings) -> Live:
    """Marks, numbers set aside, all tables and the scores of a sample, all of one moment."""
    info = settings.database("appraisal", guarded=False)
    async with (
        await psycopg.AsyncConnection.connect(info, autocommit=True) as connection,
        reading.snapshot(connection),
    ):
        adopted = [edition for edition, _, _ in await policies.editions(connection)]
        tables = {name: await _table(connection, name) for name in TABLES}
        live = Live(await _marks(connection), tables, adopted, said=await policies.differences(connection))
        pairs = list(product(_sample(live.tables), _periods(live.tables)))
        for (kind, subject), name in pairs[:: max(1, len(pairs) // SCORES)]:
            live.scores[kind, subject, name] = await _score(connection, adopted, kind, subject, name)
        for name in _periods(live.tables):
            live.townships |= await _townships(connection, adopted, name)
        return live


def differences(live: Live) -> Iterator[str]:
    """The sentences, once `live.refold` has taken in the topics."""
    refolded = live.refold.tables()
    yield from live.said
    yield from _unread(live.refold)
    yield from _rows(live.tables, refolded)
    yield from _scores(live, Rescore(refolded))


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
    """Every month, quarter and year that has a visit, a petition, a rating or a mark."""
    days = {key[1] for key in tables["visit_tally"]} | {key[2] for key in tables["case_tally"]}
    days |= {row["last"] for name in ("rating", "mark_given") for row in tables[name].values()}
    return sorted({name for day in days for name in periods.names_around(day)})


def _sample(tables: dict[str, Table]) -> list[tuple[str, str]]:
    """At least 50 cadres, or all there are, spread evenly; and every zone."""
    cadres = {key[2] for key in tables["responsibility"]} | {key[2] for key in tables["visit_tally"]}
    cadres |= {key[1] for key in tables["case_tally"] if key[0] == "cadre"}
    cadres |= {row["cadre"] for name in ("rating", "mark_given") for row in tables[name].values() if row["cadre"]}
    step = max(1, len(cadres) // SAMPLE)
    return [*(("cadre", cadre) for cadre in sorted(cadres)[::step]), *(("zone", key[0]) for key in tables["zone"])]


async def _score(
    connection: reading.Connection, adopted: list[PolicyAdopted], kind: str, subject: str, name: str
) -> Found:
    """A subject under every policy in force; what is counted depends on the visits that a policy needs."""
    period = periods.parse(name)
    made: dict[int, Any] = {}
    scores: dict[str, Decimal | None] = {}
    pairs: Pairs = {}
    for policy in held(adopted, period):
        required = needed(policy, period)
        if required not in made:
            made[required] = await counts(connection, asked(kind, subject, period, required))
        scores[policy.policy] = score(policy, made[required]).value
        pairs |= {f"{of.value}/{required}": _pair(count) for of, count in made[required].items()}
    return Found(pairs, scores)


def _pair(count: Count) -> tuple[int, ...]:
    own = (count.numerator, count.denominator)
    return (*own, *_pair(count.minus)) if count.minus else own


async def _townships(
    connection: reading.Connection, adopted: list[PolicyAdopted], name: str
) -> dict[tuple[str, str], tuple[int, ...]]:
    period = periods.parse(name)
    required = max((needed(policy, period) for policy in held(adopted, period)), default=1)
    parameters = {"first": period.first, "last": period.last, "required": required}
    found, _ = await county.sums(connection, parameters)
    return {(name, code): (*astuple(figures), *covered) for code, (figures, covered) in found.items()}


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


def _scores(live: Live, again: Rescore) -> Iterator[str]:
    """The same counted from the refold, period by period: what one needs is forgotten before the next."""
    places: dict[str, list[Place]] = defaultdict(list)
    for place in live.scores:
        places[place[2]].append(place)
    for name in _periods(live.tables):
        policies_ = held(live.policies, periods.parse(name))
        facts = {required: again.facts(name, required) for required in _required(policies_, name)}
        for place in places[name]:
            theirs = _recounted(facts, policies_, place)
            if (mine := live.scores[place]) != theirs:
                yield f"score of {place[0]} {place[1]} in {name}: {_apart(mine, theirs)}"
        yield from _places(live, facts[max(facts)], name)


def _required(policies_: list[PolicyAdopted], name: str) -> set[int]:
    period = periods.parse(name)
    return {needed(policy, period) for policy in policies_} or {1}


def _recounted(facts: Mapping[int, Mapping[Any, Facts]], policies_: list[PolicyAdopted], place: Place) -> Found:
    kind, subject, name = place
    scores: dict[str, Decimal | None] = {}
    pairs: Pairs = {}
    for policy in policies_:
        required = needed(policy, periods.parse(name))
        mine = facts[required].get((kind, subject)) or Facts()
        nodes = policy.model_dump(mode="json", exclude_none=True)["nodes"]
        scores[policy.policy] = rescore(mine, nodes)
        pairs |= {f"{of}/{required}": pair for of, pair in mine.pairs().items()}
    return Found(pairs, scores)


def _apart(mine: Found, theirs: Found) -> str:
    """What differs, by name."""
    of = {**mine.counts, **mine.scores}
    other: dict[str, Any] = {**theirs.counts, **theirs.scores}
    names = sorted(name for name in of.keys() | other.keys() if of.get(name) != other.get(name))
    return ", ".join(f"{name} live {_plain(of.get(name))}, recounted {_plain(other.get(name))}" for name in names)


def _plain(value: Any) -> str:
    return "/".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _places(live: Live, facts: Mapping[Any, Facts], name: str) -> Iterator[str]:
    """Townships, those included that only one side has; one without anything may stand or not."""
    mine = {code: sums for (period, code), sums in live.townships.items() if period == name and any(sums)}
    theirs = {
        code: (*(one.petitions[figure] for figure in FIGURES), *one.coverage)
        for (kind, code), one in facts.items()
        if kind == "township"
    }
    for code in sorted(mine.keys() | theirs.keys()):
        if mine.get(code, ()) != theirs.get(code, ()) and any(theirs.get(code, ())) | any(mine.get(code, ())):
            yield f"township {code} in {name}: live {_plain(mine.get(code))}, recounted {_plain(theirs.get(code))}"
