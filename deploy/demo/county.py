"""A made-up county: who answers for whom in it, as the register's tables. Pure: the same seed gives the same one."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from deploy.demo import needs, pairings, places, staff
from deploy.demo.pairings import Pairing
from deploy.demo.places import Places
from deploy.demo.quarter import FIRST_DAY, SINCE
from deploy.demo.regions import Row
from deploy.demo.register import Tables
from deploy.demo.size import WHOLE, Size
from deploy.demo.staff import Cadre


@dataclass(frozen=True)
class Led:
    """A cadre leads a zone from a day on, until a last day if there is one."""

    zone: str
    cadre: str
    since: date
    until: date | None = None

    def holds(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class County:
    """All who answer in the county, for what and since when."""

    places: Places
    cadres: tuple[Cadre, ...]
    leaders: tuple[Led, ...]
    households: dict[str, str]
    """The group of each."""
    pairings: tuple[Pairing, ...]
    leaving: dict[str, date]
    """The last day in office of those who leave; the others stay."""
    strengths: dict[str, str]
    """What each cadre is good at (R3)."""
    needs: dict[str, tuple[str, ...]]
    """Why households need care, for those that do (R4)."""

    def tables(self) -> Tables:
        """The register's tables."""
        return {
            "regions": tuple(region.row for region in self.places.regions),
            "offices": staff.offices(self.places),
            "cadres": tuple((*cadre.row, self.strengths[cadre.cadre]) for cadre in self.cadres),
            "terms": tuple(
                (each.cadre, SINCE.isoformat(), _text(self.leaving.get(each.cadre))) for each in self.cadres
            ),
            "zones": tuple((zone.zone, zone.level, zone.region) for zone in self.places.zones),
            "leaders": tuple(_period(led.zone, led) for led in self.leaders),
            "groups": tuple((group, zone.zone) for zone in self.places.zones for group in zone.groups),
            "households": tuple((*each, needs.care(self.needs, each[0])) for each in self.households.items()),
            "pairings": tuple(_period(pairing.household, pairing) for pairing in self.pairings),
        }

    def calls(self) -> tuple[Pairing, ...]:
        """Who calls on whom: the pairings, and for households without one whoever leads their zone."""
        paired = {pairing.household for pairing in self.pairings}
        zone_of = {group: zone.zone for zone in self.places.zones for group in zone.groups}
        led: dict[str, list[Led]] = {}
        for each in self.leaders:
            led.setdefault(each.zone, []).append(each)
        others = [
            Pairing(household, each.cadre, each.since, each.until)
            for household, group in self.households.items()
            if household not in paired
            for each in led[zone_of[group]]
        ]
        return (*self.pairings, *others)

    def people(self) -> tuple[Row, ...]:
        """The rows of people.csv, for intake's vault."""
        return tuple(cadre.person for cadre in self.cadres)

    def needy(self) -> tuple[Row, ...]:
        """The rows of needs.csv, for intake's vault."""
        return tuple((household, ";".join(each)) for household, each in self.needs.items())


def make(seed: int = 2026, size: Size = WHOLE) -> County:
    """The county of a seed."""
    random = Random(f"county-{seed}")
    where = places.make(size)
    cadres = staff.make(size, where)
    leaders = _leaders(random, where, cadres, size.new_leaders)
    leaving = _leaving(random, cadres, {led.cadre for led in leaders}, size.hand_overs)
    village_of = {group: village.village for village in where.villages for group in village.groups}
    groups = list(village_of)
    households = {f"h-{n:05}": random.choice(groups) for n in range(1, size.households + 1)}
    villages = {household: village_of[group] for household, group in households.items()}
    paired = pairings.make(random, villages, cadres, leaving)
    return County(
        places=where,
        cadres=cadres,
        leaders=leaders,
        households=households,
        pairings=paired,
        leaving=leaving,
        strengths=needs.strengths(seed, cadres, staff.offices(where)),
        needs=needs.needs(seed, list(households), paired),
    )


def _leaders(random: Random, where: Places, cadres: tuple[Cadre, ...], changing: int) -> tuple[Led, ...]:
    """Township and village zones are led from the township's office, the others from the village's (Z2)."""
    free: dict[str, list[str]] = {}
    for cadre in cadres:
        free.setdefault(cadre.office, []).append(cadre.cadre)
    changes = {zone.zone for zone in random.sample(where.zones, min(changing, len(where.zones)))}
    found = []
    for zone in where.zones:
        own = free[f"{zone.village if zone.level == 'group' else zone.township}-office"]
        if zone.zone in changes and len(own) > 3:
            last = _middle(random)
            found.append(Led(zone.zone, own.pop(0), SINCE, last))
            found.append(Led(zone.zone, own.pop(0), last + timedelta(days=1)))
        else:
            found.append(Led(zone.zone, own.pop(0), SINCE))
    return tuple(found)


def _leaving(random: Random, cadres: tuple[Cadre, ...], leaders: set[str], count: int) -> dict[str, date]:
    """Those who leave, with their last day: no leader of a zone, and nobody of the county's offices."""
    able = [cadre.cadre for cadre in cadres if cadre.village and cadre.cadre not in leaders]
    return {cadre: _middle(random) for cadre in sorted(random.sample(able, min(count, len(able) // 2)))}


def _middle(random: Random) -> date:
    """A day in the middle of the quarter."""
    return FIRST_DAY + timedelta(days=30 + random.randrange(30))


def _period(subject: str, held: Led | Pairing) -> Row:
    return (subject, held.cadre, held.since.isoformat(), _text(held.until))


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
