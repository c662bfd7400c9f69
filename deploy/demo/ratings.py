"""What people are asked about those who answer for them, and what they answer (G1, G2). Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from lianxin_schemas.events.ratings import MarkLevel, RatingKind

from deploy.demo.commands import command_id
from deploy.demo.county import County
from deploy.demo.places import Zone
from deploy.demo.quarter import LAST_DAY
from deploy.demo.size import WHOLE, Size

INVITED, EVALUATORS = 20, 12
"""People who are asked about a zone's leader, and about a cadre by each form."""
QUIET = 0.04
"""The share of zones from which fewer than FEWEST answer."""
FEWEST = 5
"""Answers from which on a sum may be known."""
CORRECTED = 0.05
"""The share of marks from above that are given anew."""


@dataclass(frozen=True)
class Round:
    """One round of the quarter: who is rated, by how many, and the mark of each who answered."""

    round: str
    kind: RatingKind
    cadre: str
    invited: int
    answers: tuple[int, ...]
    zone: str = ""
    region: str = ""
    """The township that answers too few to stand alone are merged into."""

    def counts(self) -> tuple[int, ...]:
        """How often each mark from 1 to 5 was given."""
        found = Counter(self.answers)
        return tuple(found[mark] for mark in range(1, 6))


@dataclass(frozen=True)
class Mark:
    """Marks from above for a cadre and the quarter, in the order they are given: the last one holds."""

    level: MarkLevel
    cadre: str
    points: tuple[int, ...]


def of_the_zones(county: County, seed: int = 2026, answers: int = WHOLE.answers) -> tuple[Round, ...]:
    """A round for each zone about whoever leads it on the quarter's last day; so many answers in all."""
    random = Random(f"ratings-{seed}")
    zones = county.places.zones
    leaders = {led.zone: led.cadre for led in county.leaders if led.holds(LAST_DAY)}
    townships = {zone.zone: zone.region for zone in zones if zone.level == "township"}
    counts = _answering(random, zones, answers)
    return tuple(
        Round(
            round=command_id("round", zone.zone),
            kind=RatingKind.ZONE,
            cadre=leaders[zone.zone],
            invited=INVITED,
            answers=_marks(random, counts[zone.zone], random.uniform(0.45, 0.95)),
            zone=zone.zone,
            region=townships[zone.township],
        )
        for zone in zones
    )


def evaluations(county: County, seed: int = 2026, size: Size = WHOLE) -> tuple[Round, ...]:
    """Some cadres are evaluated by both forms: half of them lead a zone."""
    random = Random(f"evaluations-{seed}")
    leading = sorted({led.cadre for led in county.leaders if led.holds(LAST_DAY)})
    others = sorted({cadre.cadre for cadre in county.cadres} - set(leading) - county.leaving.keys())
    half = size.evaluated // 2
    chosen = [*random.sample(leading, half), *random.sample(others, size.evaluated - half)]
    found = []
    for cadre in chosen:
        quality = random.uniform(0.5, 0.95)
        for kind, lean in ((RatingKind.EVALUATION, quality), (RatingKind.REVERSE, 1 - quality)):
            answers = _marks(random, random.randint(FEWEST - 1, EVALUATORS), lean)
            found.append(Round(command_id("round", kind, cadre), kind, cadre, EVALUATORS, answers))
    return tuple(found)


def marks(county: County, seed: int = 2026, size: Size = WHOLE) -> tuple[Mark, ...]:
    """Marks by the county, most of them for leaders of zones, and a few by the province."""
    random = Random(f"marks-{seed}")
    leading = sorted({led.cadre for led in county.leaders if led.holds(LAST_DAY)})
    others = sorted({cadre.cadre for cadre in county.cadres} - set(leading) - county.leaving.keys())
    three_quarters = min(len(leading), size.marked * 3 // 4)
    chosen = [*random.sample(leading, three_quarters), *random.sample(others, size.marked - three_quarters)]
    levels = [(MarkLevel.COUNTY, cadre) for cadre in chosen]
    levels += [(MarkLevel.PROVINCE, cadre) for cadre in chosen[: size.marked_above]]
    return tuple(Mark(level, cadre, _points(random)) for level, cadre in levels)


def _points(random: Random) -> tuple[int, ...]:
    first = random.randint(55, 98)
    return (first, min(100, first + random.randint(1, 5))) if random.random() < CORRECTED else (first,)


def _answering(random: Random, zones: Sequence[Zone], answers: int) -> Counter[str]:
    """How many answer in each zone: from a few next to nobody, the others share the rest."""
    quiet = {zone.zone for zone in random.sample(zones, round(len(zones) * QUIET))}
    found = Counter({zone: random.randrange(FEWEST) for zone in sorted(quiet)})
    places = [zone.zone for zone in zones if zone.zone not in quiet for _ in range(INVITED)]
    found.update(random.sample(places, answers - found.total()))
    return found


def _marks(random: Random, count: int, lean: float) -> tuple[int, ...]:
    """So many marks from 1 to 5; the higher the lean, the better."""
    return tuple(1 + sum(random.random() < lean for _ in range(4)) for _ in range(count))
