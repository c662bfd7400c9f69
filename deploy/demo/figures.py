"""The figures the demo asks of the services, each beside the one computed from what was sent."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.demo import real
from deploy.demo.client import Client, each
from deploy.demo.county import County
from deploy.demo.oracle import Oracle
from deploy.demo.quarter import LAST_DAY, QUARTER
from deploy.demo.real import Rate, RealPetition

ENOUGH = 5
"""Petitions from which on the policy gives a figure."""


@dataclass(frozen=True)
class Line:
    """One figure: as a service has it, and as it follows from what was sent."""

    name: str
    served: Rate
    computed: Rate


@dataclass(frozen=True)
class Reason:
    """How many events behind an indicator count, or do not, for one reason."""

    zh: str
    en: str
    count: int


@dataclass(frozen=True)
class Indicator:
    """One indicator of a score as appraisal gives it, with its figure and the reasons of the events behind it."""

    line: Line
    data: dict[str, Any]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class CadreScore:
    """A cadre's score as appraisal gives it."""

    cadre: str
    data: dict[str, Any]
    indicators: tuple[Indicator, ...]


async def by_district(client: Client, petitions: Sequence[RealPetition], advance: Callable[[int], None]) -> list[Line]:
    """Real petitions in time: each district over all years by appraisal; the rest, in no zone, by its cases."""
    served: dict[str, Rate] = defaultdict(Rate)

    async def ask(place: tuple[str, int]) -> None:
        district, year = place
        score = await client.get("appraisal", f"/scores/zones/{real.zone_of(district)}", period=str(year), limit="0")
        [found] = [each for each in score["indicators"] if each["indicator"] == "petitions_in_time"]
        served[district] += Rate(found["numerator"], found["denominator"])
        advance(1)

    async def look(petition: RealPetition) -> None:
        case = await client.get("assignment", f"/cases/{petition.petition}")
        served[""] += Rate(int(case["state"] == "replied" and not case["overdue"]), 1)
        advance(1)

    await each([(district, year) for district in real.districts() for year in real.YEARS], ask)
    await each([petition for petition in petitions if not petition.district], look)
    computed = real.rates(petitions)
    return [Line(district, served[district], computed.get(district, Rate())) for district in [*real.districts(), ""]]


def questions(petitions: Sequence[RealPetition]) -> int:
    """How many requests `by_district` makes."""
    return len(real.districts()) * len(real.YEARS) + sum(not each.district for each in petitions)


def chosen(county: County, oracle: Oracle) -> str:
    """A cadre worth showing: a leader of a zone with enough petitions in the quarter, and as many households."""
    leaders = {led.cadre for led in county.leaders if led.holds(LAST_DAY)}

    def worth(cadre: str) -> tuple[int, int, str]:
        figures = oracle.cadres[cadre]
        return min(figures.in_time.denominator, ENOUGH), figures.coverage.denominator, cadre

    return max(leaders, key=worth)


async def of_cadre(client: Client, county: County, oracle: Oracle) -> CadreScore:
    """The score of the cadre chosen, each indicator beside what follows from the data."""
    cadre = chosen(county, oracle)
    data = await client.get("appraisal", f"/scores/cadres/{cadre}", period=QUARTER)
    figures = oracle.cadres[cadre]
    computed = {"coverage": figures.coverage, "petitions_in_time": figures.in_time}
    return CadreScore(cadre, data, tuple(_indicator(one, computed[one["indicator"]]) for one in data["indicators"]))


def _indicator(data: dict[str, Any], computed: Rate) -> Indicator:
    reasons = Counter((event["why"]["zh"], event["why"]["en"]) for event in data["events"]["items"])
    line = Line(data["indicator"], Rate(data["numerator"], data["denominator"]), computed)
    return Indicator(line, data, tuple(Reason(zh, en, count) for (zh, en), count in reasons.most_common()))
