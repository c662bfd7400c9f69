"""A made-up township: zones, cadres, households and who answers for whom. Pure: the same seed gives the same one."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from deploy.demo.register import CITY, COUNTY, PROVINCE, Row, Tables

SINCE = date(2024, 1, 1)
"""From this day on everybody stands in the register."""
QUARTER = "2026-Q3"
"""The quarter that the visits fall into."""
FIRST_DAY, LAST_DAY = date(2026, 7, 1), date(2026, 9, 30)
TODAY = date(2026, 10, 15)
"""The day on which the made-up data end: nothing in them is later."""


@dataclass(frozen=True)
class Shape:
    """How large a township is."""

    villages: int = 7
    zones: int = 60
    cadres: int = 370
    households: int = 5_700
    hand_overs: int = 12
    """Cadres who leave in the middle of the quarter; a colleague takes over their households."""


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


@dataclass(frozen=True)
class Township:
    """The whole register of a township. Zones: its own, one of each village, and those of the groups."""

    tables: Tables
    pairings: tuple[Pairing, ...]
    group_zones: tuple[str, ...]
    village_of: dict[str, int]
    """The village of each cadre."""


def make(seed: int = 2026, shape: Shape = Shape()) -> Township:  # noqa: B008: frozen
    """The township of a seed."""
    random = Random(f"township-{seed}")
    village_zones = [f"t1-v{village}" for village in range(1, shape.villages + 1)]
    group_zones = _group_zones(village_zones, shape.zones - 1 - shape.villages)
    groups = {f"{zone}-g{n}": zone for zone in group_zones for n in (1, 2)}
    households = {f"h-{n:05}": random.choice(list(groups)) for n in range(1, shape.households + 1)}
    village_of = {f"c-{n:04}": (n - 1) % shape.villages + 1 for n in range(1, shape.cadres + 1)}
    zones = ["t1", *village_zones, *group_zones]
    leaders = list(village_of)[: len(zones)]
    leaving = _leaving(random, list(village_of)[len(zones) :], shape.hand_overs)
    pairings = _pairings(random, households, village_of, leaving)
    codes = {zone: _code(zone) for zone in zones}
    tables: Tables = {
        "regions": (
            (CITY, "prefecture", PROVINCE, "示范市", "Example City"),
            (COUNTY, "county", CITY, "示范县", "Example County"),
            (codes["t1"], "township", COUNTY, "示范镇", "Example Township"),
            *(
                (codes[zone], "village", codes["t1"], f"{zone[4:]}号村", f"Village {zone[4:]}")
                for zone in village_zones
            ),
        ),
        "offices": (
            ("county-office", "party-government", COUNTY, "示范县信访局", "County Petition Office"),
            ("t1-office", "party-government", codes["t1"], "示范镇政府", "Township Office"),
            *(
                (f"{zone}-office", "other", codes[zone], f"{zone[4:]}号村村委会", f"Office of Village {zone[4:]}")
                for zone in village_zones
            ),
        ),
        "cadres": tuple(_cadre(cadre, village) for cadre, village in village_of.items()),
        "terms": tuple((cadre, SINCE.isoformat(), _text(leaving.get(cadre))) for cadre in village_of),
        "zones": tuple((zone, ("township", "village", "group")[zone.count("-")], codes[zone]) for zone in zones),
        "leaders": tuple((zone, cadre, SINCE.isoformat(), "") for zone, cadre in zip(zones, leaders, strict=True)),
        "groups": tuple(groups.items()),
        "households": tuple(households.items()),
        "pairings": tuple((p.household, p.cadre, p.since.isoformat(), _text(p.until)) for p in pairings),
    }
    return Township(tables, pairings, tuple(group_zones), village_of)


def _group_zones(villages: list[str], count: int) -> list[str]:
    """So many zones of groups, dealt out to the villages in turn."""
    dealt = [(villages[n % len(villages)], n // len(villages) + 1) for n in range(count)]
    return sorted(f"{village}-z{number:02}" for village, number in dealt)


def _code(zone: str) -> str:
    """The region that a zone lies in: the township, or its village."""
    village = zone.split("-")[1].removeprefix("v") if "-" in zone else "0"
    return f"{COUNTY}001{int(village):03}"


def _cadre(cadre: str, village: int) -> Row:
    """One in nine works in the township's office, and one in seventy comes from the county."""
    number = int(cadre.removeprefix("c-"))
    if number % 70 == 0:
        return (cadre, "county-office", "county-division")
    return (cadre, "t1-office", "township") if number % 9 == 0 else (cadre, f"t1-v{village}-office", "village")


def _leaving(random: Random, cadres: list[str], count: int) -> dict[str, date]:
    """Those who leave, with their last day."""
    middle = FIRST_DAY + timedelta(days=30)
    return {cadre: middle + timedelta(days=random.randrange(30)) for cadre in sorted(random.sample(cadres, count))}


def _pairings(
    random: Random, households: dict[str, str], village_of: dict[str, int], leaving: dict[str, date]
) -> tuple[Pairing, ...]:
    """Every household has a cadre of its village on every day, one in twenty a second one."""
    villages: dict[int, list[str]] = {}
    for cadre, village in village_of.items():
        villages.setdefault(village, []).append(cadre)
    staying = {village: [cadre for cadre in cadres if cadre not in leaving] for village, cadres in villages.items()}
    heirs = {cadre: random.choice(staying[village_of[cadre]]) for cadre in leaving}
    found = []
    for household, group in households.items():
        village = int(group.split("-")[1].removeprefix("v"))
        cadre = random.choice(villages[village])
        until = leaving.get(cadre)
        found.append(Pairing(household, cadre, SINCE, until))
        present = {cadre}
        if until is not None:
            found.append(Pairing(household, heirs[cadre], until + timedelta(days=1)))
            present.add(heirs[cadre])
        if random.random() < 0.05:
            second = random.choice([each for each in staying[village] if each not in present])
            found.append(Pairing(household, second, SINCE))
    return tuple(found)


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
