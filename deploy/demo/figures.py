"""The figures the demo asks of the services, each beside the one computed from what was sent."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from deploy.demo import policies, real
from deploy.demo.client import Client, each
from deploy.demo.county import County
from deploy.demo.oracle import Figures, Oracle
from deploy.demo.quarter import LAST_DAY, QUARTER
from deploy.demo.real import Rate, RealPetition

ENOUGH = 5
"""The least base of most indicators."""
POLICY = "three-dimensions"
"""The one that is shown."""
SOME = 30
"""Cadres, and zones, each indicator of which is compared."""


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
    """One indicator of a score as appraisal gives it, with its figures and the reasons of the events behind it."""

    lines: tuple[Line, ...]
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
    """How many steps `by_district` and `of_some` have."""
    return len(real.districts()) * len(real.YEARS) + sum(not each.district for each in petitions) + 2 * SOME


async def of_county(client: Client, oracle: Oracle) -> list[Line]:
    """The county at a glance."""
    whole = (await client.get("appraisal", "/county", period=QUARTER, policy=POLICY))["whole"]
    own = oracle.county
    computed = {
        "coverage": own.coverage,
        "in_time": own.in_time,
        "solved": own.solved,
        "satisfied": own.satisfied,
        "answered": Rate(own.answered, own.in_time.denominator),
    }
    return [Line(name, Rate(whole[name]["numerator"], whole[name]["denominator"]), computed[name]) for name in computed]


async def of_policies(client: Client, county: County, oracle: Oracle) -> list[Line]:
    """Under each policy, how many of all cadres and zones have a figure; the others read "not enough data"."""
    found = {
        one["policy"]["name"]: one
        for one in (await client.get("appraisal", "/county/reach", period=QUARTER))["policies"]
    }
    everybody = {
        "cadres": [oracle.cadres.get(cadre.cadre, Figures()) for cadre in county.cadres],
        "zones": [oracle.zones.get(zone.zone, Figures()) for zone in county.places.zones],
    }
    others = len(
        real.districts()
    )  # each district of the real petitions is a zone with a leader, long before the quarter
    return [
        Line(
            f"{policy} {kind}",
            Rate(found[policy][kind]["scored"], found[policy][kind]["of"]),
            Rate(policies.with_figure(those, policy), len(those) + others),
        )
        for policy in policies.SHIPPED
        for kind, those in everybody.items()
    ]


async def of_some(client: Client, county: County, oracle: Oracle, advance: Callable[[int], None]) -> list[Line]:
    """Every indicator of some cadres and zones, drawn from a fixed seed."""
    random = Random("some")
    cadres, zones = county.cadres, county.places.zones
    asked = [("cadres", one.cadre, oracle.cadres) for one in random.sample(cadres, min(SOME, len(cadres)))]
    asked += [("zones", one.zone, oracle.zones) for one in random.sample(zones, min(SOME, len(zones)))]
    lines: list[Line] = []

    async def ask(one: tuple[str, str, Mapping[str, Figures]]) -> None:
        kind, subject, figures = one
        for policy in ("three-dimensions", "three-levels"):  # between them they have all indicators
            path = f"/scores/{kind}/{subject}"
            score = await client.get("appraisal", path, period=QUARTER, policy=policy, limit="0")
            for data in score["indicators"]:
                lines.extend(_lines(f"{subject} ", data, figures.get(subject, Figures())))
        advance(1)

    await each(asked, ask, width=8)
    return lines


def chosen(county: County, oracle: Oracle) -> str:
    """A cadre worth showing: a leader of a zone with enough of everything in the quarter, and many households."""
    leaders = {led.cadre for led in county.leaders if led.holds(LAST_DAY)}

    def worth(cadre: str) -> tuple[int, int, str]:
        figures = oracle.cadres[cadre]
        counts = [policies.counted(figures, indicator) for indicator in policies.minimums(POLICY)]
        return sum(one.enough(ENOUGH) for one in counts), figures.coverage.denominator, cadre

    return max(sorted(leaders), key=worth)


async def of_cadre(client: Client, county: County, oracle: Oracle) -> CadreScore:
    """The score of the cadre chosen, each indicator beside what follows from the data."""
    cadre = chosen(county, oracle)
    data = await client.get("appraisal", f"/scores/cadres/{cadre}", period=QUARTER, policy=POLICY)
    return CadreScore(cadre, data, tuple(_indicator(one, oracle.cadres[cadre]) for one in data["indicators"]))


def _indicator(data: dict[str, Any], figures: Figures) -> Indicator:
    items = data["events"]["items"] if data["events"] else ()
    reasons = Counter((event["why"]["zh"], event["why"]["en"]) for event in items)
    lines = tuple(_lines("", data, figures))
    return Indicator(lines, data, tuple(Reason(zh, en, count) for (zh, en), count in reasons.most_common()))


def _lines(subject: str, data: dict[str, Any], figures: Figures) -> list[Line]:
    """What an indicator counts, and what it takes off; of verdicts also how many spoke."""
    name, computed = data["indicator"], policies.counted(figures, data["indicator"])
    lines = [Line(f"{subject}{name}", Rate(data["numerator"], data["denominator"]), computed.of)]
    if data["minus"]:
        served = Rate(data["minus"]["numerator"], data["minus"]["denominator"])
        lines.append(Line(f"{subject}{name} minus", served, computed.minus or Rate()))
    if data["answers"] is not None:
        base = computed.of.denominator
        lines.append(Line(f"{subject}{name} answers", Rate(data["answers"], base), Rate(computed.answers or 0, base)))
    return lines
