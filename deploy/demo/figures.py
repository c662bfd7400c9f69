"""The figures the demo asks of the services, each beside the one computed from what was sent."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deploy.demo import petitions, real, visits
from deploy.demo.client import Client, each
from deploy.demo.petitions import Journey
from deploy.demo.real import Rate
from deploy.demo.township import QUARTER, Township
from deploy.demo.visits import Sendings

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


async def by_district(client: Client, advance: Callable[[int], None]) -> list[Line]:
    """Real petitions in time: each district over all years by appraisal; the rest, in no zone, by its cases."""
    served: dict[str, Rate] = defaultdict(Rate)

    async def ask(place: tuple[str, int]) -> None:
        district, year = place
        score = await client.get("appraisal", f"/scores/zones/{real.zone_of(district)}", period=str(year), limit="0")
        [found] = [each for each in score["indicators"] if each["indicator"] == "petitions_in_time"]
        served[district] += Rate(found["numerator"], found["denominator"])
        advance(1)

    async def look(petition: real.RealPetition) -> None:
        case = await client.get("assignment", f"/cases/{petition.petition}")
        served[""] += Rate(int(case["state"] == "replied" and not case["overdue"]), 1)
        advance(1)

    await each([(district, year) for district in real.districts() for year in real.YEARS], ask)
    await each([petition for petition in real.petitions() if not petition.district], look)
    computed = real.rates(real.petitions())
    return [Line(district, served[district], computed[district]) for district in [*real.districts(), ""]]


def questions() -> int:
    """How many requests `by_district` makes."""
    return len(real.districts()) * len(real.YEARS) + sum(not each.district for each in real.petitions())


def chosen(township: Township, sendings: Sendings, journeys: list[Journey]) -> tuple[str, str]:
    """A cadre worth showing, and the zone led: enough petitions in the quarter, and most visits that do not count."""
    leaders = {zone: cadre for zone, cadre, *_ in township.tables["leaders"]}
    petitioned = {zone: petitions.in_time(journeys, zone).denominator for zone in township.group_zones}
    in_vain = visits.in_vain(township, sendings)
    zone = max(petitioned, key=lambda zone: (min(petitioned[zone], ENOUGH), in_vain[leaders[zone]], zone))
    return leaders[zone], zone


async def of_cadre(client: Client, township: Township, sendings: Sendings, journeys: list[Journey]) -> CadreScore:
    """The score of the cadre chosen, each indicator beside what follows from the data."""
    cadre, zone = chosen(township, sendings, journeys)
    data = await client.get("appraisal", f"/scores/cadres/{cadre}", period=QUARTER)
    computed = {
        "coverage": visits.coverage(township, sendings, cadre),
        "petitions_in_time": petitions.in_time(journeys, zone),
    }
    return CadreScore(cadre, data, tuple(_indicator(one, computed[one["indicator"]]) for one in data["indicators"]))


def _indicator(data: dict[str, Any], computed: Rate) -> Indicator:
    reasons = Counter((event["why"]["zh"], event["why"]["en"]) for event in data["events"]["items"])
    line = Line(data["indicator"], Rate(data["numerator"], data["denominator"]), computed)
    return Indicator(line, data, tuple(Reason(zh, en, count) for (zh, en), count in reasons.most_common()))
