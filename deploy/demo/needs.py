"""What cadres of a made-up county are good at, and what its households need (R3, R4). Pure.

Both have a random stream of their own: who answers for whom, and all that follows, is the same with them and without.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

from deploy.demo.pairings import Pairing
from deploy.demo.quarter import SINCE
from deploy.demo.regions import Row
from deploy.demo.staff import Cadre

STRENGTHS = {
    "party-government": ("organisation", "mediation"),
    "political-legal": ("law", "mediation"),
    "economic": ("finance", "industry", "construction"),
    "education-culture": ("education", "culture"),
    "agriculture-science": ("agriculture", "water", "technology"),
    "other": ("health", "welfare", "agriculture"),
}
"""What those of an office of each sector are good at, as a rule (Z4)."""
OTHERS = ("empty-nest-elder", "left-behind-child", "disabled")
BESIDE, ELSEWHERE, PARTY, SECOND, ALONE = 0.3, 0.1, 0.1, 0.35, 0.05
"""Shares: of cadres with another strength beside, and with none; of households in hardship that are a party member's,
and that need more; of all others that need something.
"""


def strengths(seed: int, cadres: Sequence[Cadre], offices: Sequence[Row]) -> dict[str, str]:
    """What each cadre is good at, as it stands in cadres.csv."""
    random = Random(f"strengths-{seed}")
    sectors = {office[0]: office[1] for office in offices}
    every = sorted({strength for those in STRENGTHS.values() for strength in those})
    found = {}
    for cadre in cadres:
        own = [random.choice(STRENGTHS[sectors[cadre.office]])] if random.random() >= ELSEWHERE else []
        beside = [random.choice(every)] if own and random.random() < BESIDE else []
        found[cadre.cadre] = ";".join(dict.fromkeys([*own, *beside]))
    return found


def needs(seed: int, households: Sequence[str], pairings: Sequence[Pairing]) -> dict[str, tuple[str, ...]]:
    """Why households need care: those with one more cadre are in hardship (Z6), some others need less."""
    random = Random(f"needs-{seed}")
    cadres = Counter(pairing.household for pairing in pairings if pairing.since == SINCE)
    found: dict[str, tuple[str, ...]] = {}
    for household in households:
        if cadres[household] > 1:
            first = "hardship-party-member" if random.random() < PARTY else "hardship"
            found[household] = (first, random.choice(OTHERS)) if random.random() < SECOND else (first,)
        elif random.random() < ALONE:
            found[household] = (random.choice(OTHERS),)
    return found


def care(needs: Mapping[str, tuple[str, ...]], household: str) -> str:
    """How much care a household needs, as it stands in households.csv."""
    return ("none", "some", "much")[len(needs.get(household, ()))]
