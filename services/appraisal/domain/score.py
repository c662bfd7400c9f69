"""From counted facts to a score that states how it came about (A2, A3, A6).

All sums are exact fractions; rounding happens once, at the end, half to even. A leaf below its minimum has no value;
its weight goes to its siblings in proportion to theirs. A branch without any value below it has none itself, and its
weight goes to its own siblings: so the nearest relatives carry what is missing, and only then those further up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from lianxin_schemas.events.scores import Band, BandFrom, IndicatorKind, Node, PolicyAdopted

from services.appraisal.domain.entitled import FEWEST
from services.appraisal.domain.policy import children_of

ROUNDING = "half-even, 2 places"


@dataclass(frozen=True)
class Count:
    """How many of how many; `full` is what each of the denominator can bring, 1 for a share.

    `minus` is taken off, and what is left never falls below 0. `answers`: how many said something, where only some of
    the denominator do.
    """

    numerator: int
    denominator: int
    full: int = 1
    minus: "Count | None" = None
    answers: int | None = None

    def enough(self, minimum: int) -> bool:
        """Whether it proves anything: the minimum is the least denominator, and few answers show nothing (A3, G2)."""
        if self.answers is not None and self.answers < FEWEST:
            return False
        return self.denominator >= minimum and (self.minus is None or self.minus.enough(minimum))

    @property
    def value(self) -> Fraction:
        """From 0 to 1. Only where there is data."""
        own = Fraction(self.numerator, self.denominator * self.full)
        return max(own - self.minus.value, Fraction(0)) if self.minus else own


Counts = Mapping[IndicatorKind, Count]


@dataclass(frozen=True)
class Part:
    """One node in a score. Without enough data `value` is None and `applied` is 0."""

    node: Node
    value: Decimal | None
    """From 0 to 1; of a branch the weighted mean of what lies below."""
    own: Decimal
    """Its weight in the whole by the policy: its own times those above it."""
    applied: Decimal
    """The same as applied, with its share of what those without enough data leave."""
    adds: Decimal | None
    """The points of 100 that it brings: value times applied weight, before either is rounded."""
    count: Count | None
    """What was counted; None for a branch."""


@dataclass(frozen=True)
class Score:
    """0 to 100, or None: not enough data. `parts` follow the policy's nodes."""

    value: Decimal | None
    band: Band | None
    parts: tuple[Part, ...]

    @property
    def leaves(self) -> Sequence[Part]:
        """The parts that were counted."""
        return [part for part in self.parts if part.count]


def score(policy: PolicyAdopted, counts: Counts) -> Score:
    """The score of counts under a policy that was adopted, and so is a whole."""
    children = children_of(policy.nodes)
    values: dict[str, Fraction] = {}
    exact = _value(children, None, counts, values)
    own: Weights = {None: Fraction(100)}
    applied: Weights = {None: Fraction(100)}
    _weigh(children, None, values, own, applied)
    value = None if exact is None else rounded(exact * 100, 2)
    parts = tuple(
        Part(
            node,
            rounded(values[node.node], 4) if node.node in values else None,
            rounded(own[node.node], 2),
            rounded(applied[node.node], 2),
            rounded(values[node.node] * applied[node.node], 2) if node.node in values else None,
            counts[node.indicator] if node.indicator else None,
        )
        for node in policy.nodes
    )
    return Score(value, band_of(value, policy.bands), parts)


def comes_out(policy: PolicyAdopted, counts: Counts) -> bool:
    """Whether there is a score at all: one leaf with enough data carries the whole (A3)."""
    return any(counts[node.indicator].enough(node.minimum or 1) for node in policy.nodes if node.indicator)


Children = Mapping[str | None, Sequence[Node]]
Weights = dict[str | None, Fraction]


def _value(children: Children, of: str | None, counts: Counts, values: dict[str, Fraction]) -> Fraction | None:
    """The weighted mean of the children with a value; notes each one's."""
    for node in children[of]:
        if node.indicator:
            count = counts[node.indicator]
            value = count.value if count.enough(node.minimum or 1) else None
        else:
            value = _value(children, node.node, counts, values)
        if value is not None:
            values[node.node] = value
    here = [node for node in children[of] if node.node in values]
    total = sum(Fraction(node.weight) for node in here)
    return sum((values[node.node] * Fraction(node.weight) for node in here), Fraction(0)) / total if here else None


def _weigh(children: Children, of: str | None, values: Mapping[str, Fraction], own: Weights, applied: Weights) -> None:
    """Hands a node's weight down: as the policy has it, and among those with a value."""
    total = sum(Fraction(node.weight) for node in children[of] if node.node in values)
    for node in children[of]:
        weight = Fraction(node.weight)
        own[node.node] = own[of] * weight / 100
        applied[node.node] = applied[of] * weight / total if node.node in values else Fraction(0)
        if not node.indicator:
            _weigh(children, node.node, values, own, applied)


def band_of(value: Decimal | None, bands: Sequence[BandFrom]) -> Band | None:
    """Where a score places somebody (A3); None without a score, without bands, or below the lowest."""
    if value is None:
        return None
    return next((step.band for step in bands if value >= step.points), None)


def rounded(exact: Fraction, places: int) -> Decimal:
    """An exact number to some places, half to even."""
    return Decimal(round(exact * 10**places)).scaleb(-places)
