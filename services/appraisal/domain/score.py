"""From counted facts to a score that states how it came about (A2, A3, A6).

All sums are exact fractions; rounding happens once, at the end, half to even.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from services.appraisal.domain.policy import Indicator, Kind, Policy

ROUNDING = "half-even, 2 places"


@dataclass(frozen=True)
class Count:
    """How many of how many."""

    numerator: int
    denominator: int


@dataclass(frozen=True)
class Part:
    """One indicator in a score. Without enough data `value` is None and `applied` is 0."""

    indicator: Indicator
    count: Count
    value: Decimal | None
    applied: Decimal
    """The weight as applied: its own and its share of those without enough data."""


@dataclass(frozen=True)
class Score:
    """0 to 100, or None: not enough data."""

    value: Decimal | None
    parts: tuple[Part, ...]


def score(policy: Policy, counts: Mapping[Kind, Count]) -> Score:
    """The score of counts under a policy. Weights of indicators below their minimum are shared out in proportion."""
    enough = [
        indicator for indicator in policy.indicators if counts[indicator.indicator].denominator >= indicator.minimum
    ]
    total = sum(Fraction(indicator.weight) for indicator in enough)
    applied = {indicator.indicator: Fraction(indicator.weight) * 100 / total for indicator in enough}
    values = {kind: Fraction(counts[kind].numerator, counts[kind].denominator) for kind in applied}
    parts = tuple(
        Part(
            indicator=indicator,
            count=counts[indicator.indicator],
            value=rounded(values[indicator.indicator], 4) if indicator.indicator in values else None,
            applied=rounded(applied.get(indicator.indicator, Fraction(0)), 2),
        )
        for indicator in policy.indicators
    )
    exact = sum((values[kind] * applied[kind] for kind in applied), Fraction(0))
    return Score(rounded(exact, 2) if applied else None, parts)


def rounded(exact: Fraction, places: int) -> Decimal:
    """An exact number to some places, half to even."""
    return Decimal(round(exact * 10**places)).scaleb(-places)
