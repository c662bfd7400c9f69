"""The real petitions, and what the legal clock says of them, computed from the file alone."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID, uuid5

from deploy.local.state import PROJECT

PETITIONS = Path(__file__).parent / "data" / "real_petitions.csv"
DAYS_OFF = PROJECT / "services/assignment/days_off.json"
LIMIT_DAYS = 60
YEARS = range(2011, 2021)
NAMES = UUID("6f0a5a0e-6a55-4c1b-9c67-2f0f5d1c2b11")
"""Of the demo's ids: the same petition has the same id in every run."""
_KINDS = {"市": "shi", "区": "qu", "县": "xian"}


@dataclass(frozen=True)
class RealPetition:
    """One line of the file."""

    number: str
    registered: datetime
    replied: datetime
    district: str

    @property
    def petition(self) -> UUID:
        """Its id."""
        return uuid5(NAMES, f"petition-{self.number}")

    @property
    def zone(self) -> str | None:
        """The zone it belongs to; None where the source names no district."""
        return zone_of(self.district)

    @property
    def in_time(self) -> bool:
        """Whether it was answered before the limit."""
        return self.replied < due(self.registered)


@dataclass(frozen=True)
class Rate:
    """How many of how many."""

    numerator: int = 0
    denominator: int = 0

    def __add__(self, other: "Rate") -> "Rate":
        return Rate(self.numerator + other.numerator, self.denominator + other.denominator)


@cache
def petitions() -> tuple[RealPetition, ...]:
    """All of them, in the order of the file, which is that of their registration."""
    with PETITIONS.open(encoding="utf-8", newline="") as file:
        return tuple(
            RealPetition(
                number=row["number"],
                registered=datetime.fromisoformat(row["registered"]),
                replied=datetime.fromisoformat(row["replied"]),
                district=row["district"],
            )
            for row in csv.DictReader(file)
        )


def due(registered: datetime) -> datetime:
    """The instant a limit counted from `registered` ends (C3a): the starting day does not count, the last one does,
    and it is no day off.
    """
    off, working = _days_off()
    last = registered.date() + timedelta(days=LIMIT_DAYS)
    while last in off or (last.isoweekday() > 5 and last not in working):
        last += timedelta(days=1)
    return datetime.combine(last + timedelta(days=1), time(), registered.tzinfo)


@cache
def _days_off() -> tuple[frozenset[date], frozenset[date]]:
    """Days off and make-up working days, as assignment's data have them."""
    years = json.loads(DAYS_OFF.read_text(encoding="utf-8"))["years"]
    off, working = ({day for year in years for day in year[kind]} for kind in ("off", "working"))
    return frozenset(map(date.fromisoformat, off)), frozenset(map(date.fromisoformat, working))


def zone_of(district: str) -> str | None:
    """The opaque id of a district's zone: `A7县` is `a7-xian`; None for the empty one."""
    return f"{district[:-1].lower()}-{_KINDS[district[-1]]}" if district else None


@cache
def districts() -> tuple[str, ...]:
    """Every district named in the file, the one with the most petitions first."""
    found = rates(petitions())
    return tuple(sorted(filter(None, found), key=lambda name: (-found[name].denominator, name)))


def rates(found: Iterable[RealPetition]) -> dict[str, Rate]:
    """Answered in time, of all registered, by district; the empty one is where the source names none."""
    counted: dict[str, Rate] = defaultdict(Rate)
    for petition in found:
        counted[petition.district] += Rate(int(petition.in_time), 1)
    return dict(counted)
