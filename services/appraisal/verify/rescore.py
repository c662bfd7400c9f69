"""Scores counted anew from refolded tables, in plain Python; the policies' numbers are all it is told."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from services.appraisal.verify.refold import Table, figures, stands

DAY = timedelta(days=1)
EXACT = Context(prec=200, rounding=ROUND_HALF_EVEN)
ANSWERS = 5
"""The least number of verdicts that show anything."""
COUNTED = {"petitions_in_time": "in_time", "petitions_solved": "solved", "petitions_satisfied": "satisfied"}
MEANT = {"petitions_solved": "answered", "petitions_satisfied": "rated"}


@dataclass
class Facts:
    """All that is counted of one subject in one period."""

    coverage: list[int] = field(default_factory=lambda: [0, 0])
    petitions: Counter[str] = field(default_factory=Counter)
    opinion: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    """By kind of rating or level of mark: points, and how many answers or marks."""

    def pairs(self) -> dict[str, tuple[int, ...]]:
        """Numerator and denominator of each indicator; the evaluation's with those of its reverse form."""
        registered = self.petitions["registered"]
        shares = {kind: (self.petitions[name], registered) for kind, name in COUNTED.items()}
        means = {
            kind: (self.opinion[of][0], self.opinion[of][1])
            for kind, of in (("zone_rating", "zone"), ("county_mark", "county"), ("province_mark", "province"))
        }
        both = (*self.opinion["evaluation"], *self.opinion["reverse"])
        return {"coverage": (self.coverage[0], self.coverage[1]), **shares, **means, "evaluation": both}


Spans = dict[str, list[tuple[str, date, date]]]
"""By subject: cadre, first and last day."""
Subject = tuple[str, str]
"""Kind and id."""


def days_of(name: str) -> tuple[str, date, date]:
    """Length, first and last day of a period's name."""
    year = int(name[:4])
    if len(name) == 4:
        return "year", date(year, 1, 1), date(year, 12, 31)
    first_month = int(name[6]) * 3 - 2 if "Q" in name else int(name[5:])
    after = first_month + (3 if "Q" in name else 1)
    following = date(year + (after > 12), (after - 1) % 12 + 1, 1)
    return ("quarter" if "Q" in name else "month"), date(year, first_month, 1), following - timedelta(days=1)


class Rescore:
    """Answers for every cadre, zone and township from one set of tables."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.tables = tables
        self.households = {key[0]: row["grp"] for key, row in tables["household"].items()}
        self.zones = {key[0]: row for key, row in tables["zone"].items()}
        self._spans: dict[str, Spans] = {kind: defaultdict(list) for kind in ("pairing", "leader", "term")}
        for (kind, subject, cadre, since), row in tables["responsibility"].items():
            self._spans[kind][subject].append((cadre, since, row["until"] or date.max))
        self._zones_of: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for zone, row in self.zones.items():
            for group in set(row["groups"]):
                self._zones_of[group].append((row["level"], zone))
        self._visits: dict[str, list[tuple[date, str]]] = defaultdict(list)
        self._visited: dict[date, set[str]] = defaultdict(set)
        for visit in tables["visit"].values():
            for household in visit["households"] or []:
                if stands(visit):
                    self._visits[household].append((visit["day"], visit["cadre"]))
                    self._visited[visit["day"].replace(day=1)].add(household)
        spans = [span for kind in self._spans.values() for held in kind.values() for span in held]
        begun, over = {since for _, since, _ in spans}, {until + DAY for *_, until in spans if until < date.max}
        self._changes = sorted(begun | over)
        self._answered_for: dict[int, Counter[Subject]] = {}

    def _in_force(self, kind: str, subject: str, day: date) -> set[str]:
        return {
            cadre
            for cadre, since, until in self._spans[kind].get(subject, ())
            if since <= day <= until and any(s <= day <= u for _, s, u in self._spans["term"].get(cadre, ()))
        }

    def answering(self, household: str, day: date) -> set[str]:
        """The cadres who answer for a known household on a day."""
        if paired := self._in_force("pairing", household, day):
            return paired
        by_level: dict[int, set[str]] = defaultdict(set)
        for level, zone in self._zones_of.get(self.households[household], ()):
            by_level[level] |= self._in_force("leader", zone, day)
        return next((by_level[level] for level in sorted(by_level) if by_level[level]), set())

    def facts(self, name: str, required: int) -> dict[Subject, Facts]:
        """Everything counted in a period, by subject: cadres, zones, and townships by their code."""
        _, first, last = days_of(name)
        found: dict[Subject, Facts] = defaultdict(Facts)
        for subject, households in self._households(last).items():
            found[subject].coverage[1] = households
        months = [month for month in self._visited if first <= month <= last]
        for household in set().union(*(self._visited[month] for month in months)) & self.households.keys():
            if self._covered(household, first, last, required):
                for subject in self._of_household(household, last):
                    found[subject].coverage[0] += 1
        for case in self.tables["case_fact"].values():
            if case["month"] is not None and first <= case["month"] <= last:
                for subject in self._of_case(case):
                    found[subject].petitions.update(figures(case))
        self._opinion(found, first, last)
        return found

    def _covered(self, household: str, first: date, last: date, required: int) -> bool:
        visits = [(day, cadre) for day, cadre in self._visits.get(household, ()) if first <= day <= last]
        return sum(cadre in self.answering(household, day) for day, cadre in visits) >= required

    def _households(self, day: date) -> Counter[Subject]:
        """How many households each subject has on a day: the same on all days between two changes."""
        epoch = bisect_right(self._changes, day)
        if epoch not in self._answered_for:
            self._answered_for[epoch] = Counter(
                subject for household in self.households for subject in self._of_household(household, day)
            )
        return self._answered_for[epoch]

    def _of_household(self, household: str, day: date) -> Iterator[Subject]:
        for cadre in self.answering(household, day):
            yield "cadre", cadre
        zones = sorted(self._zones_of.get(self.households[household], ()))
        for _, zone in zones:
            yield "zone", zone
        yield "township", next((place for _, zone in zones if (place := self.township(zone))), "")

    def _of_case(self, case: dict[str, Any]) -> Iterator[Subject]:
        yield from ((kind, case[kind]) for kind in ("cadre", "zone", "office") if case[kind] is not None)
        yield "township", self.township(case["zone"])

    def township(self, zone: str | None) -> str:
        """The township that a zone lies in; '' where none is known."""
        at, passed = self.zones[zone]["region"] if zone in self.zones else None, set()
        found = []
        while at is not None and at not in passed and (at,) in self.tables["region"]:
            passed.add(at)
            row = self.tables["region"][at,]
            if row["level"] == "township":
                found.append(at)
            at = row["parent"]
        return min(found, default="")

    def _opinion(self, found: dict[Subject, Facts], first: date, last: date) -> None:
        for row in self.tables["rating"].values():
            if first <= row["first"] and row["last"] <= last:
                for kind in ("cadre", "zone"):
                    if row[kind] is not None:
                        sums = found[kind, row[kind]].opinion[row["kind"]]
                        sums[0] += sum(points * times for points, times in enumerate(row["counts"]))
                        sums[1] += sum(row["counts"])
        for row in self.tables["mark_given"].values():
            if first <= row["first"] and row["last"] <= last:
                sums = found["cadre", row["cadre"]].opinion[row["level"]]
                sums[0] += row["points"]
                sums[1] += 1


def rescore(facts: Facts, nodes: list[dict[str, Any]]) -> Decimal | None:
    """The score of what was counted under a policy's nodes, as plain data. It divides once, and so rounds once."""
    known = {node["node"]: _leaf(facts, node) for node in nodes if "indicator" in node}
    total = _mean(nodes, None, known)
    if total is None:
        return None
    exact = EXACT.divide(EXACT.multiply(total[0], Decimal(100)), total[1])
    return exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)


Ratio = tuple[Decimal, Decimal]


def _leaf(facts: Facts, node: dict[str, Any]) -> Ratio | None:
    kind, minimum = node["indicator"], node["minimum"]
    pair = facts.pairs()[kind]
    if min(pair[1::2]) < minimum or (kind in MEANT and facts.petitions[MEANT[kind]] < ANSWERS):
        return None
    if kind == "evaluation":
        points, answers, against, of = pair
        return Decimal(max(points * of - against * answers, 0)), Decimal(4 * answers * of)
    full = {"zone_rating": 4, "county_mark": 100, "province_mark": 100}.get(kind, 1)
    return Decimal(pair[0]), Decimal(pair[1] * full)


def _mean(nodes: list[dict[str, Any]], parent: str | None, known: dict[str, Ratio | None]) -> Ratio | None:
    """Above and below the line of the weighted mean of those children that have a value."""
    above, below, weights = Decimal(0), Decimal(1), Decimal(0)
    for node in nodes:
        if node.get("parent") != parent:
            continue
        value = known[node["node"]] if "indicator" in node else _mean(nodes, node["node"], known)
        if value is not None:
            weight = Decimal(node["weight"])
            above = EXACT.add(EXACT.multiply(above, value[1]), EXACT.multiply(EXACT.multiply(weight, value[0]), below))
            below, weights = EXACT.multiply(below, value[1]), weights + weight
    return (above, EXACT.multiply(below, weights)) if weights else None
