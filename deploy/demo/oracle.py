"""The figures that must come out, from what was sent alone: plain loops, nothing of the services (C9, A4, Z2)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from lianxin_schemas.events.petitions import Satisfaction, Solved

from deploy.demo.county import County
from deploy.demo.lives import Act, Done, Life
from deploy.demo.quarter import FIRST_DAY, LAST_DAY, day_of
from deploy.demo.ratings import FEWEST, Mark, Round
from deploy.demo.real import Rate, due
from deploy.demo.visits import Sendings, Visit

CONTENT = (Satisfaction.VERY_SATISFIED, Satisfaction.SATISFIED)


@dataclass
class Figures:
    """What a cadre, a zone or the county comes to in the quarter."""

    coverage: Rate = field(default=Rate())
    in_time: Rate = field(default=Rate())
    solved: Rate = field(default=Rate())
    satisfied: Rate = field(default=Rate())
    answered: int = 0
    """Petitions of which the resident said anything, and `rated` how content."""
    rated: int = 0
    given: dict[str, Rate] = field(default_factory=dict)
    """Points of how many answers or marks, by the kind of rating or the level of the mark."""


@dataclass(frozen=True)
class Oracle:
    """All figures. Who has none of a kind is missing, or stands with an empty rate."""

    cadres: Mapping[str, Figures]
    zones: Mapping[str, Figures]
    county: Figures


def compute(
    county: County,
    sendings: Sendings,
    lives: Iterable[Life],
    rounds: Iterable[Round] = (),
    marks: Iterable[Mark] = (),
) -> Oracle:
    """The figures of the quarter."""
    found = Oracle(defaultdict(Figures), defaultdict(Figures), Figures())
    _opinions(found, rounds, marks)
    _coverage(found, county, sendings.standing().values())
    for life in lives:
        if FIRST_DAY <= day_of(life.registered) <= LAST_DAY:
            _petition(found, county, life)
    return found


class Answering:
    """Who answered for a household on a day: the cadres paired and in office, or else the leader of its zone (Z2)."""

    def __init__(self, county: County) -> None:
        self._group = county.households
        self._zone = {group: zone.zone for zone in county.places.zones for group in zone.groups}
        self._leaving = county.leaving
        self._led, self._paired = defaultdict(list), defaultdict(list)
        for led in county.leaders:
            self._led[led.zone].append(led)
        for pairing in county.pairings:
            self._paired[pairing.household].append(pairing)

    def zone(self, household: str) -> str:
        """The zone of a household that is known."""
        return self._zone[self._group[household]]

    def of(self, household: str, day: date) -> set[str]:
        """Nobody for a household that is not known."""
        if household not in self._group:
            return set()
        paired = {
            each.cadre for each in self._paired[household] if each.holds(day) and self._in_office(each.cadre, day)
        }
        return paired or {
            led.cadre for led in self._led[self.zone(household)] if led.holds(day) and self._in_office(led.cadre, day)
        }

    def _in_office(self, cadre: str, day: date) -> bool:
        return day <= self._leaving.get(cadre, date.max)


def _coverage(found: Oracle, county: County, visits: Iterable[Visit]) -> None:
    """Of the households answered for on the last day, those visited by one who answered for them on that day."""
    answering = Answering(county)
    visited: set[str] = set()
    for visit in visits:
        day = day_of(datetime.fromisoformat(visit["started"]))
        visited.update(each for each in visit["households"] if visit["cadre"] in answering.of(each, day))
    for household in county.households:
        rate = Rate(int(household in visited), 1)
        those = [found.cadres[cadre] for cadre in answering.of(household, LAST_DAY)]
        for figures in (*those, found.zones[answering.zone(household)], found.county):
            figures.coverage += rate


def _petition(found: Oracle, county: County, life: Life) -> None:
    """Every petition of the quarter counts, but for one that was taken back in time (C9)."""
    if withdrawn(life):
        return
    cadre = credited(county, life)
    said = [done for done in life.acts if done.act is Act.VERDICT]
    last = said[-1] if said else None
    for figures in [
        *([found.cadres[cadre]] if cadre else []),
        *([found.zones[life.zone]] if life.zone else []),
        found.county,
    ]:
        figures.in_time += Rate(int(in_time(life)), 1)
        figures.solved += Rate(int(last is not None and last.solved is Solved.SOLVED), 1)
        figures.satisfied += Rate(int(last is not None and last.satisfied in CONTENT), 1)
        figures.answered += last is not None
        figures.rated += last is not None and last.satisfied is not None


def _opinions(found: Oracle, rounds: Iterable[Round], marks: Iterable[Mark]) -> None:
    """Sums leave from FEWEST answers up, an answer of 1 to 5 is 0 to 4 points; a later mark replaces a former (G1)."""
    for round_ in rounds:
        if len(round_.answers) >= FEWEST:
            points = Rate(sum(round_.answers) - len(round_.answers), len(round_.answers))
            for figures in [found.cadres[round_.cadre], *([found.zones[round_.zone]] if round_.zone else [])]:
                figures.given[round_.kind] = figures.given.get(round_.kind, Rate()) + points
    for mark in marks:
        found.cadres[mark.cadre].given[mark.level] = Rate(mark.points[-1], 1)


def withdrawn(life: Life) -> bool:
    """Whether it was taken back in time. After the decision a wish to take it back changes nothing (C4)."""
    for done in life.acts:
        if done.act is Act.DECIDE:
            return False
        if done.act is Act.WITHDRAW:
            return done.time < due(life.registered)
    return False


def in_time(life: Life) -> bool:
    """Whether each answer that was due came before its limit: the first, and the one after a first no (C8)."""
    limit: datetime | None = due(life.registered)
    kept, noes = True, 0
    for done in life.acts:
        if done.act is Act.REPLY and limit is not None:
            kept, limit = kept and done.time < limit, None
        elif _reopens(done) and noes == 0:
            limit, noes = due(done.time), 1
    return kept and limit is None


def _reopens(done: Done) -> bool:
    return done.act is Act.VERDICT and done.solved is Solved.NOT_SOLVED


def credited(county: County, life: Life) -> str:
    """Whom a case is credited to in the end: the leader of its zone on the day it came in, or whoever it went to then.

    Empty for the county's office, which has what is about officials, named or by its field, and all that belongs to no
    zone (A4).
    """
    handed = [done.cadre for done in life.acts if done.act is Act.HAND_ON]
    if handed:
        return handed[-1]
    day = day_of(life.registered)
    held = [led.cadre for led in county.leaders if led.zone == life.zone and led.holds(day)]
    return held[0] if held and not life.about and life.category[:2] != "05" else ""
