"""How a score reads: each indicator with its counts, its weights, its rule and the events behind it (A3, A6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from lianxin_schemas.events.scores import Band, IndicatorKind, PolicyAdopted
from pydantic import BaseModel

from services.appraisal.domain import words
from services.appraisal.domain.interval import wilson
from services.appraisal.domain.periods import Period
from services.appraisal.domain.score import ROUNDING, Part, Score
from services.appraisal.queries.behind import Page

SHARES = frozenset(
    {
        IndicatorKind.COVERAGE,
        IndicatorKind.PETITIONS_IN_TIME,
        IndicatorKind.PETITIONS_SOLVED,
        IndicatorKind.PETITIONS_SATISFIED,
    }
)
"""Indicators that are so many of so many; the others are means."""


class IntervalView(BaseModel):
    """Where a share lies with 95 % confidence (Wilson); both ends between 0 and 1."""

    low: Decimal
    high: Decimal


class Opposite(BaseModel):
    """What is taken off: the same sum of the reverse form."""

    numerator: int
    denominator: int


class IndicatorView(BaseModel):
    """One indicator. `value` is numerator / (denominator * full), less the same of `minus`; None below the minimum.

    `weight` is its own under its node, `weight_of_whole` that times those above, `weight_applied` the latter with its
    share of what those without enough data leave. Where `withheld`, the figures are not for the one who asks.
    """

    node: str
    indicator: IndicatorKind
    zh: str
    en: str
    rule_zh: str
    rule_en: str
    numerator: int | None
    denominator: int
    full: int
    minus: Opposite | None
    answers: int | None
    minimum: int
    enough: bool
    value: Decimal | None
    interval: IntervalView | None
    weight: Decimal
    weight_of_whole: Decimal
    weight_applied: Decimal
    withheld: bool
    withheld_zh: str = ""
    withheld_en: str = ""
    events: Page | None


class NodeView(BaseModel):
    """One node of the policy's tree; `value` from 0 to 1, None without enough data or where withheld.

    `adds`: the points of 100 that it brings, rounded for itself; None where `value` is.
    """

    node: str
    parent: str | None
    zh: str
    en: str
    weight: Decimal
    weight_of_whole: Decimal
    weight_applied: Decimal
    value: Decimal | None
    adds: Decimal | None


class PolicyView(BaseModel):
    """Which edition of which policy a score is under."""

    name: str
    version: int
    valid_from: date
    zh: str
    en: str


def policy_view(policy: PolicyAdopted) -> PolicyView:
    """An edition with what it is called."""
    name = words.of_policy(policy.policy)
    return PolicyView(name=policy.policy, version=policy.edition, valid_from=policy.valid_from, zh=name.zh, en=name.en)


class PeriodView(BaseModel):
    """The local days of a period, both included."""

    name: str
    first: date
    last: date


class BandView(BaseModel):
    """Where a score places somebody: a band, never a rank."""

    code: Band
    zh: str
    en: str


class ScoreView(BaseModel):
    """A score from 0 to 100, or none; and how it came about. `as_of`: the newest recordedtime in it."""

    subject: str
    period: PeriodView
    policy: PolicyView
    score: Decimal | None
    band: BandView | None
    withheld: bool
    rounding: str = ROUNDING
    zh: str
    en: str
    sharing_zh: str = words.SHARING.zh
    sharing_en: str = words.SHARING.en
    nodes: Sequence[NodeView]
    indicators: Sequence[IndicatorView]
    as_of: datetime | None


@dataclass(frozen=True)
class Scored:
    """A score, and the indicators whose figures are not for the one who asks."""

    subject: str
    period: Period
    policy: PolicyAdopted
    score: Score
    hidden: frozenset[IndicatorKind] = frozenset()

    @property
    def withheld(self) -> bool:
        """Whether the score as a number would give a hidden figure away: it is in it."""
        return any(part.value is not None and part.node.indicator in self.hidden for part in self.score.parts)

    @property
    def veiled(self) -> frozenset[str]:
        """Nodes whose value holds a hidden figure: those leaves, and all above them."""
        parents = {node.node: node.parent for node in self.policy.nodes}
        found: set[str] = set()
        for node in self.policy.nodes:
            at: str | None = node.node if node.indicator in self.hidden else None
            while at is not None:
                found.add(at)
                at = parents[at]
        return frozenset(found)


def score_view(scored: Scored, pages: Mapping[IndicatorKind, Page], as_of: datetime | None) -> ScoreView:
    """The whole answer. An indicator without a page of events is shown without."""
    score, period, policy = scored.score, scored.period, scored.policy
    says = _says(scored)
    band = score.band
    return ScoreView(
        subject=scored.subject,
        period=PeriodView(name=period.name, first=period.first, last=period.last),
        policy=policy_view(policy),
        score=None if scored.withheld else score.value,
        band=BandView(code=band, zh=words.BANDS[band].zh, en=words.BANDS[band].en) if band else None,
        withheld=scored.withheld,
        zh=says.zh,
        en=says.en,
        nodes=[_node(part, scored.veiled) for part in score.parts],
        indicators=[_indicator(part, scored, pages) for part in score.leaves],
        as_of=as_of,
    )


def _says(scored: Scored) -> words.Words:
    if scored.score.value is None:
        return words.NOT_ENOUGH
    if scored.withheld:
        return words.SCORE_WITHHELD
    return words.Words(f"{scored.score.value}分", f"{scored.score.value} of 100")


def _node(part: Part, veiled: frozenset[str]) -> NodeView:
    name = words.of_node(part.node)
    return NodeView(
        node=part.node.node,
        parent=part.node.parent,
        zh=name.zh,
        en=name.en,
        weight=Decimal(part.node.weight),
        weight_of_whole=part.own,
        weight_applied=part.applied,
        value=None if part.node.node in veiled else part.value,
        adds=None if part.node.node in veiled else part.adds,
    )


def _indicator(part: Part, scored: Scored, pages: Mapping[IndicatorKind, Page]) -> IndicatorView:
    node, count, kind = part.node, part.count, part.node.indicator
    assert kind
    assert count
    rule, name, hidden = words.rule(node, scored.period), words.INDICATORS[kind], kind in scored.hidden
    return IndicatorView(
        node=node.node,
        indicator=kind,
        zh=name.zh,
        en=name.en,
        rule_zh=rule.zh,
        rule_en=rule.en,
        numerator=None if hidden else count.numerator,
        denominator=count.denominator,
        full=count.full,
        minus=Opposite(numerator=count.minus.numerator, denominator=count.minus.denominator) if count.minus else None,
        answers=None if hidden else count.answers,
        minimum=node.minimum or 1,
        enough=part.value is not None,
        value=None if hidden else part.value,
        interval=interval(count.numerator, count.denominator) if kind in SHARES and not hidden else None,
        weight=Decimal(node.weight),
        weight_of_whole=part.own,
        weight_applied=part.applied,
        withheld=hidden,
        withheld_zh=words.WITHHELD.zh if hidden else "",
        withheld_en=words.WITHHELD.en if hidden else "",
        events=pages.get(kind),
    )


def interval(numerator: int, denominator: int) -> IntervalView | None:
    """The interval of a share; None without a denominator."""
    found = wilson(numerator, denominator)
    return IntervalView(low=found.low, high=found.high) if found else None
