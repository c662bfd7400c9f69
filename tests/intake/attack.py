"""Two people who want to know who gave which mark (G2), and what they make of all that can be read (`harvest.py`).

The *watcher* administers the databases and looks before and after each answer, stands at the door, knows who answers
when, and has friends whose marks are known; what is learnt from them is tried on the others.

The *finder* (`finding.py`) sees all once, databases, topics and logs, and has got hold of the rounds' private keys too.
The marks then lie open; whose they are is the question. The finder knows who answered when, which code each of them
spent, and what friends gave.

Neither can be kept from what five figures say when they are released, nor from a round in which one alone has answered.
Who both watches and holds the keys can join all: that is why the keys lie in another database, apart from its
administrators, and are destroyed.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

from tests.intake.harvest import Harvest

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
