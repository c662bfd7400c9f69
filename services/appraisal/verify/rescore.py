"""Scores counted anew from refolded tables, in plain Python; the policy's numbers are all it is told."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from services.appraisal.domain.policy import Policy
from services.appraisal.verify.refold import Table, in_time, stands

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Found:
    """The counts of one subject in one period, and the score."""

    coverage: tuple[int, int]
    petitions: tuple[int, int]
    score: Decimal | None


Spans = dict[str, list[tuple[str, date, date]]]
"""By subject: cadre, first and last day."""


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
    """Answers for every cadre and zone from one set of tables."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.households = {key[0]: row["grp"] for key, row in tables["household"].items()}
        self.zones = {key[0]: row for key, row in tables["zone"].items()}
        self._spans: dict[str, Spans] = {kind: defaultdict(list) for kind in ("pairing", "leader", "term")}
        for (kind, subject, cadre, since), row in tables["responsibility"].items():
            self._spans[kind][subject].append((cadre, since, row["until"] or date.max))
        self._zones_of = defaultdict(list)
        for zone, row in self.zones.items():
            for group in set(row["groups"]):
                self._zones_of[group].append((row["level"], zone))
        self._visits: dict[str, list[tuple[date, str]]] = defaultdict(list)
        for visit in tables["visit"].values():
            for household in visit["households"] or []:
                if stands(visit):
                    self._visits[household].append((visit["day"], visit["cadre"]))
        self._cases = [case for case in tables["case_fact"].values() if case["month"] is not None]

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

    def all(self, name: str, policies: Iterable[Policy]) -> dict[tuple[str, str], Found] | None:
        """Every cadre and zone in one period, by kind and id; None before any policy was in force."""
        length, first, last = days_of(name)
        held = [policy for policy in policies if policy.valid_from <= first]
        if not held:
            return None
        policy = max(held, key=lambda item: (item.valid_from, item.version)).model_dump(mode="json")
        counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for subject, enough in self._coverage(policy, length, first, last):
            counts[subject][0] += enough
            counts[subject][1] += 1
        for case in self._cases:
            if first <= case["month"] <= last:
                for kind in ("cadre", "zone"):
                    if case[kind] is not None:
                        counts[kind, case[kind]][2] += in_time(case)
                        counts[kind, case[kind]][3] += 1
        return {key: _found(policy, *four) for key, four in counts.items()}

    def _coverage(self, policy: Any, length: str, first: date, last: date) -> Iterator[tuple[tuple[str, str], bool]]:
        required = next((i["visits"][length] for i in policy["indicators"] if i["indicator"] == "coverage"), 1)
        for household, group in self.households.items():
            visits = [(day, cadre) for day, cadre in self._visits.get(household, ()) if first <= day <= last]
            enough = sum(cadre in self.answering(household, day) for day, cadre in visits) >= required
            for cadre in self.answering(household, last):
                yield ("cadre", cadre), enough
            for _, zone in self._zones_of.get(group, ()):
                yield ("zone", zone), enough


NOTHING = Found((0, 0), (0, 0), None)


def _found(policy: Any, visited: int, households: int, timely: int, registered: int) -> Found:
    coverage, petitions = (visited, households), (timely, registered)
    pairs = {"coverage": coverage, "petitions_in_time": petitions}
    used = [item for item in policy["indicators"] if pairs[item["indicator"]][1] >= item["minimum"]]
    if not used:
        return Found(coverage, petitions, None)
    # One fraction over a common denominator: a single division, so that nothing is rounded twice.
    above, below = Decimal(0), Decimal(1)
    for item in used:
        numerator, denominator = pairs[item["indicator"]]
        above = EXACT.add(
            EXACT.multiply(above, Decimal(denominator)),
            EXACT.multiply(EXACT.multiply(Decimal(item["weight"]), Decimal(numerator)), below),
        )
        below = EXACT.multiply(below, Decimal(denominator))
    weights = sum(Decimal(item["weight"]) for item in used)
    exact = EXACT.divide(EXACT.multiply(above, Decimal(100)), EXACT.multiply(below, weights))
    return Found(coverage, petitions, exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN))
