"""The counted facts of a subject in a period, for every indicator there is."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lianxin_schemas.events.ratings import MarkLevel, RatingKind
from lianxin_schemas.events.scores import IndicatorKind

from services.appraisal.domain.periods import Period
from services.appraisal.domain.score import Count
from services.appraisal.store import coverage, petitions, ratings
from services.appraisal.store.petitions import Figures
from services.appraisal.store.ratings import Sums
from services.appraisal.store.reading import Connection

MARKS = 5
"""Ratings are marks from 1 to this: one can bring 4 points."""
POINTS = 100
"""What a mark from above can bring."""


def asked(kind: str, subject: str, period: Period, required: int) -> dict[str, Any]:
    """The parameters that all queries of a score share; `kind` is cadre or zone, `required` visits a household.

    `cadres` are those that `of_all` is limited to; None is no limit.
    """
    given = {"kind": kind, "subject": subject, "first": period.first, "last": period.last, "required": required}
    return given | {"cadres": None}


async def counts(connection: Connection, parameters: dict[str, Any]) -> dict[IndicatorKind, Count]:
    """Numerators and denominators. Parameters: see `asked`."""
    return of(
        await coverage.count(connection, parameters),
        await petitions.count(connection, parameters),
        await ratings.sums(connection, parameters),
    )


class Everybody(NamedTuple):
    """What is counted of every subject about which there is anything."""

    covered: Mapping[str, tuple[int, int]]
    handled: Mapping[str, Figures]
    rated: Mapping[str, Sums]

    def each(self) -> Iterator[tuple[str, dict[IndicatorKind, Count]]]:
        """Subjects with their counts, which are made one after the other: a province has 354,000."""
        for subject in self.covered.keys() | self.handled.keys() | self.rated.keys():
            covered, handled = self.covered.get(subject, (0, 0)), self.handled.get(subject, Figures())
            yield subject, of(covered, handled, self.rated.get(subject, {}))


async def of_all(connection: Connection, parameters: dict[str, Any]) -> Everybody:
    """Numerators and denominators of every subject of a kind. Parameters: see `asked`."""
    return Everybody(
        await coverage.of_all(connection, parameters),
        await petitions.of_all(connection, parameters),
        await ratings.of_all(connection, parameters),
    )


def of(covered: tuple[int, int], handled: Figures, rated: Sums) -> dict[IndicatorKind, Count]:
    """One count for each indicator (A2): shares of households and petitions, means of ratings and marks."""

    def opinion(kind: RatingKind) -> Count:
        points, answers = rated.get(kind, (0, 0))
        return Count(points, answers, MARKS - 1)

    def mark(level: MarkLevel) -> Count:
        return Count(*rated.get(level, (0, 0)), POINTS)

    positive, reverse = opinion(RatingKind.EVALUATION), opinion(RatingKind.REVERSE)
    return {
        IndicatorKind.COVERAGE: Count(*covered),
        IndicatorKind.PETITIONS_IN_TIME: Count(handled.in_time, handled.registered),
        IndicatorKind.PETITIONS_SOLVED: Count(handled.solved, handled.registered, answers=handled.answered),
        IndicatorKind.PETITIONS_SATISFIED: Count(handled.satisfied, handled.registered, answers=handled.rated),
        IndicatorKind.ZONE_RATING: opinion(RatingKind.ZONE),
        IndicatorKind.EVALUATION: Count(positive.numerator, positive.denominator, positive.full, minus=reverse),
        IndicatorKind.COUNTY_MARK: mark(MarkLevel.COUNTY),
        IndicatorKind.PROVINCE_MARK: mark(MarkLevel.PROVINCE),
    }
