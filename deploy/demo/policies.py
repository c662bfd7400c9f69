"""Who has a figure under which policy, by the policies' files and the figures that must come out (A1, A3). Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lianxin_schemas.events.ratings import MarkLevel, RatingKind

from deploy.demo.oracle import Figures
from deploy.demo.ratings import FEWEST
from deploy.demo.real import Rate

FILES = Path(__file__).resolve().parents[2] / "services" / "appraisal" / "policies"
SHIPPED = ("three-dimensions", "three-levels", "satisfaction")


@dataclass(frozen=True)
class Counted:
    """What an indicator comes to: `of` what is counted, `minus` what is taken off, `answers` how many spoke."""

    of: Rate
    minus: Rate | None = None
    answers: int | None = None

    def enough(self, minimum: int) -> bool:
        """Whether it proves something: the base is large enough, and of what was said there are FEWEST answers."""
        bases = [rate.denominator for rate in (self.of, self.minus) if rate is not None]
        return min(bases) >= minimum and (self.answers is None or self.answers >= FEWEST)


@cache
def minimums(policy: str) -> Mapping[str, int]:
    """The indicators of a shipped policy, each with the least base that it asks for."""
    nodes = json.loads((FILES / f"{policy}.json").read_text(encoding="utf-8"))["nodes"]
    return {node["indicator"]: node["minimum"] for node in nodes if "indicator" in node}


def counted(figures: Figures, indicator: str) -> Counted:
    """What one indicator comes to. Raises KeyError for one that is none."""
    given = figures.given
    return {
        "coverage": Counted(figures.coverage),
        "petitions_in_time": Counted(figures.in_time),
        "petitions_solved": Counted(figures.solved, answers=figures.answered),
        "petitions_satisfied": Counted(figures.satisfied, answers=figures.rated),
        "zone_rating": Counted(given.get(RatingKind.ZONE, Rate())),
        "evaluation": Counted(given.get(RatingKind.EVALUATION, Rate()), minus=given.get(RatingKind.REVERSE, Rate())),
        "county_mark": Counted(given.get(MarkLevel.COUNTY, Rate())),
        "province_mark": Counted(given.get(MarkLevel.PROVINCE, Rate())),
    }[indicator]


def has_figure(figures: Figures, policy: str) -> bool:
    """Whether a score comes out: one indicator with enough data is enough for it."""
    return any(counted(figures, indicator).enough(minimum) for indicator, minimum in minimums(policy).items())


def with_figure(figures: Iterable[Figures], policy: str) -> int:
    """How many of them have a score; the others read "not enough data"."""
    return sum(has_figure(each, policy) for each in figures)
