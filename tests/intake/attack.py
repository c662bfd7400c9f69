"""Two people who want to know who gave which mark (B4), and what each of them can read.

The *watcher* administers the databases: every row of every table of intake and its vault, with the columns in which
PostgreSQL keeps transactions and places, its statistics too, before and after each answer. Kafka holds nothing more:
what is published is a function of the log's rows. The watcher stands at the door, knows who answers when, and has
friends whose marks are known; what is learnt from them is tried on the others.

The *finder* sees the tables once, and has got hold of the rounds' private keys as well. The marks then lie open; whose
they are is the question. The finder knows who answered when, and which code each of them spent.

Neither can be kept from what five figures say when they are released, nor from a round in which one alone has answered.
Who both watches and holds the keys can join all: that is why the keys lie in another database, apart from its
administrators, and are destroyed.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb, sqrt
from typing import Any
from uuid import UUID

from psycopg import sql

from services.runtime.database import Connection

Row = dict[str, Any]
Harvest = dict[str, list[Row]]
"""The rows of each table, in the order in which they lie."""

HIDDEN = sql.SQL("ctid::text, xmin::text::bigint, xmax::text::bigint, cmin::text::bigint")
KEPT_BY_POSTGRES = ("pg_statistic", "pg_stat_user_tables", "pg_statio_user_tables", "pg_stat_user_indexes")


async def harvest(databases: Iterable[Connection]) -> Harvest:
    """All that an administrator of these databases can read."""
    found: Harvest = {}
    for connection in databases:
        cursor = await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        for (table,) in await cursor.fetchall():
            select = sql.SQL("SELECT {hidden}, to_jsonb(t) FROM {table} t").format(
                hidden=HIDDEN, table=sql.Identifier(table)
            )
            rows = await (await connection.execute(select)).fetchall()
            found[f"{connection.info.dbname}.{table}"] = [
                {"ctid": place(ctid), "xmin": xmin, "xmax": xmax, "cmin": cmin} | columns
                for ctid, xmin, xmax, cmin, columns in rows
            ]
        for view in KEPT_BY_POSTGRES:
            cursor = await connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(view)))
            found[f"{connection.info.dbname}.{view}"] = [{"row": row} for (row,) in await cursor.fetchall()]
    return found


def place(ctid: str) -> tuple[int, int]:
    """Page and item of a row."""
    page, item = ctid.strip("()").split(",")
    return int(page), int(item)


# The watcher.

Features = dict[tuple[str, ...], Any]


@dataclass(frozen=True)
class Seen:
    """What an answer changed, in every way in which it could be looked at."""

    features: Features


def seen(before: Harvest, after: Harvest) -> Seen:
    """What differs, by table and column: new values, their lengths and characters, how many rows there are."""
    features: Features = {}
    for table, rows in after.items():
        features[table, "rows"] = len(rows) - len(before[table])
        for column in {column for row in rows for column in row}:
            old = Counter(repr(row.get(column)) for row in before[table])
            new = sorted((Counter(repr(row.get(column)) for row in rows) - old).elements())
            for nth, value in enumerate(new[:3]):
                features[table, column, str(nth)] = value
                features[table, column, str(nth), "length"] = len(value)
                features |= {(table, column, str(nth), str(at)): sign for at, sign in enumerate(value[:160])}
    return Seen(features)


def watch(friends: Sequence[tuple[Seen, int]], others: Sequence[Seen]) -> list[int]:
    """A guess for each of the others: by whichever feature tells the friends' marks best."""
    tables: dict[tuple[str, ...], dict[Any, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
    for one, mark in friends:
        for name, value in one.features.items():
            tables[name][value][mark] += 1
    overall = Counter(mark for _, mark in friends).most_common(1)[0][0]

    def told(name: tuple[str, ...]) -> int:
        """How many friends the feature gives away, but for those it knows from themselves alone."""
        return sum(max(marks.values()) - 1 for marks in tables[name].values())

    best = max(sorted(tables), key=told)
    return [
        marks.most_common(1)[0][0] if (marks := tables[best].get(one.features.get(best))) else overall for one in others
    ]


def by_luck(hits: int, tries: int, chance: float) -> float:
    """How likely so many hits or more are for whoever knows nothing."""
    return sum(comb(tries, k) * chance**k * (1 - chance) ** (tries - k) for k in range(hits, tries + 1))


# The finder.


@dataclass(frozen=True)
class Voter:
    """Who answered, in the order of answering, and with which code, as the tables have it."""

    round: UUID
    mark: int
    hash: bytes


Open = Callable[[UUID, bytes], int]


def find(tables: Harvest, voters: Sequence[Voter], open_: Open) -> dict[str, int]:
    """How many voters each way of joining gives the mark that they gave."""
    [spent] = [rows for table, rows in tables.items() if table.endswith(".rating_code")]
    [ballots] = [rows for table, rows in tables.items() if table.endswith(".rating_ballot")]
    by_hash = {row["hash"]: row for row in spent}
    hits: Counter[str] = Counter()
    for round_ in dict.fromkeys(voter.round for voter in voters):
        here = [row for row in ballots if row["round"] == str(round_)]
        asked = [voter for voter in voters if voter.round == round_]
        marks = {id(row): open_(round_, bytes.fromhex(row["sealed"][2:])) for row in here}
        for way, order in joins(here, [by_hash["\\x" + voter.hash.hex()] for voter in asked]).items():
            hits[way] += sum(marks[id(row)] == voter.mark for row, voter in zip(order, asked, strict=True))
    return dict(hits)


def joins(ballots: list[Row], spent: list[Row]) -> Mapping[str, list[Row]]:
    """Every way to lay ballots beside those who answered in this order: as they lie, by each column up and down, and by
    the transaction next to that which spent the code.
    """
    ways = {"as they lie": ballots, "backwards": ballots[::-1]}
    for column in ballots[0]:
        up = sorted(ballots, key=lambda row: row[column])
        ways |= {f"{column} up": up, f"{column} down": sorted(ballots, key=lambda row: row[column], reverse=True)}
    left, nearest = list(ballots), []
    for row in spent:
        one = min(left, key=lambda ballot: abs(ballot["xmin"] - row["xmin"]))
        left.remove(one)
        nearest.append(one)
    return ways | {"nearest transaction": nearest}


def most_by_chance(rounds: int) -> float:
    """Hits that whoever lays five different marks beside five people at random, in a dozen ways, exceeds less than once
    in a million: one a round, with variance one, and six deviations above.
    """
    return rounds + 6 * sqrt(rounds)
