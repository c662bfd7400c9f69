"""Who answers for which household (Z2, Z6, Z8). Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from deploy.demo.quarter import SINCE
from deploy.demo.staff import QUOTA, Cadre

UNPAIRED = 0.03
"""The share of households for whom nobody but the leader of their zone answers."""


@dataclass(frozen=True)
class Pairing:
    """A cadre answers for a household from a day on, until a last day if there is one."""

    household: str
    cadre: str
    since: date
    until: date | None = None

    def holds(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.since <= day and (self.until is None or day <= self.until)


def make(
    random: Random, households: Mapping[str, str], cadres: Sequence[Cadre], leaving: Mapping[str, date]
) -> tuple[Pairing, ...]:
    """Nearly every household has a cadre of its village; those in hardship have one more, by the quota of the rank.

    `households` says the village of each, `leaving` the last day of those who leave: a colleague takes over.
    """
    calling: dict[str, list[str]] = defaultdict(list)
    for cadre in cadres:
        calling[cadre.village].append(cadre.cadre)
    paired: dict[str, list[str]] = {household: [] for household in households}
    for household, village in households.items():
        if random.random() >= UNPAIRED:
            paired[household].append(random.choice(calling[village]))
    _hardship(random, paired, households, cadres)
    staying = {village: [each for each in those if each not in leaving] for village, those in calling.items()}
    village_of = {cadre.cadre: cadre.village for cadre in cadres}
    heirs = {cadre: random.choice(staying[village_of[cadre]]) for cadre in leaving}
    return tuple(_periods(paired, leaving, heirs))


def _hardship(
    random: Random, paired: dict[str, list[str]], households: Mapping[str, str], cadres: Sequence[Cadre]
) -> None:
    """A cadre of a village takes a household of that village, one of the county any; nobody's household twice (Z6)."""
    shuffled = random.sample(list(households), len(households))
    left: dict[str, list[str]] = defaultdict(list)
    for household in shuffled:
        left[households[household]].append(household)
    villages = sorted(left)
    for cadre in cadres:
        for _ in range(QUOTA[cadre.rank]):
            pool = left[cadre.village or random.choice(villages)]
            place = next((n for n in range(len(pool)) if cadre.cadre not in paired[pool[n]]), None)
            if place is not None:
                paired[pool.pop(place)].append(cadre.cadre)


def _periods(paired: Mapping[str, list[str]], leaving: Mapping[str, date], heirs: Mapping[str, str]) -> list[Pairing]:
    found = []
    for household, cadres in paired.items():
        for cadre in cadres:
            until = leaving.get(cadre)
            found.append(Pairing(household, cadre, SINCE, until))
            if until is not None and heirs[cadre] not in cadres:
                found.append(Pairing(household, heirs[cadre], until + timedelta(days=1)))
    return _once(found)


def _once(pairings: Sequence[Pairing]) -> list[Pairing]:
    """Without a second period of one household and cadre: two who leave one household may have the same heir."""
    first: dict[tuple[str, str], Pairing] = {}
    for pairing in sorted(pairings, key=lambda each: (each.household, each.since)):
        first.setdefault((pairing.household, pairing.cadre), pairing)
    return list(first.values())
