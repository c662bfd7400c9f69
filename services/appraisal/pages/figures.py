"""From answers to what a page draws: lines of indicators, steps of a score, shares with their intervals (A3)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from lianxin_schemas.events.scores import IndicatorKind

from services.appraisal.domain.interval import HALF, wilson
from services.appraisal.queries.scores import Peers
from services.appraisal.queries.views import SHARES, IndicatorView, NodeView, ScoreView
from services.web.dates import number, percent
from services.web.language import _, ngettext, noted, spoken

COUNTED = {
    IndicatorKind.COVERAGE: noted("%(numerator)s of %(denominator)s households"),
    IndicatorKind.PETITIONS_IN_TIME: noted("%(numerator)s of %(denominator)s petitions"),
    IndicatorKind.PETITIONS_SOLVED: noted("%(numerator)s of %(denominator)s petitions"),
    IndicatorKind.PETITIONS_SATISFIED: noted("%(numerator)s of %(denominator)s petitions"),
}
MARKS = frozenset({IndicatorKind.COUNTY_MARK, IndicatorKind.PROVINCE_MARK})
Ends = tuple[float, float]


@dataclass(frozen=True)
class Drawn:
    """A figure as the macros draw it, from 0 to 1; without a value it is the box of what cannot be judged."""

    value: float | None
    half: Ends | None = None
    most: Ends | None = None

    @property
    def between(self) -> str:
        """The ends of the 95 % as percentages; empty without."""
        return f"{number(self.most[0] * 100)}–{percent(self.most[1])}" if self.most else ""


NOTHING = Drawn(None)


def drawn(numerator: int, denominator: int) -> Drawn:
    """A share with the interval that holds half of such cases, and the one that holds 95 % (A3)."""
    half, most = wilson(numerator, denominator, HALF), wilson(numerator, denominator)
    if half is None or most is None:
        return NOTHING
    return Drawn(numerator / denominator, (float(half.low), float(half.high)), (float(most.low), float(most.high)))


@dataclass(frozen=True)
class Line:
    """One indicator as a row, all in words but what is drawn."""

    view: IndicatorView
    peers: Decimal | None

    @property
    def name(self) -> str:
        """What it is called."""
        return spoken().of(self.view.zh, self.view.en)

    @property
    def rule(self) -> str:
        """How it is counted."""
        return spoken().of(self.view.rule_zh, self.view.rule_en)

    @property
    def share(self) -> bool:
        """Whether it is so many of so many; else it is a mean."""
        return self.view.indicator in SHARES

    @property
    def counted(self) -> str:
        """What was counted: `43/46件`, `6份回答`; of a withheld share the base alone."""
        view = self.view
        if view.indicator in MARKS:
            return ngettext("%(num)s mark", "%(num)s marks", view.denominator)
        if not self.share:
            answers = view.denominator + (view.minus.denominator if view.minus else 0)
            return ngettext("%(num)s answer", "%(num)s answers", answers)
        numerator = "–" if view.numerator is None else view.numerator
        return _(COUNTED[view.indicator], numerator=numerator, denominator=view.denominator)

    @property
    def value(self) -> str:
        """The figure, or why there is none."""
        view = self.view
        if view.withheld:
            return _("Not shown")
        return percent(float(view.value), 1) if view.value is not None else self._too_few

    @property
    def _too_few(self) -> str:
        view = self.view
        if view.denominator == 0:
            return _("None in this period")
        if view.denominator >= view.minimum and view.answers is not None:
            return ngettext("Only %(num)s answer: not enough", "Only %(num)s answers: not enough", view.answers)
        return ngettext("Only %(num)s: not enough", "Only %(num)s: not enough", view.denominator)

    @property
    def drawn(self) -> Drawn:
        """The figure as it is drawn."""
        view = self.view
        if view.value is None or view.numerator is None:
            return NOTHING
        return drawn(view.numerator, view.denominator) if self.share else Drawn(float(view.value))

    @property
    def middle(self) -> str:
        """The peers' median; empty where there is none."""
        return percent(float(self.peers), 1) if self.peers is not None else ""


def lines(view: ScoreView, peers: Peers | None) -> list[Line]:
    """The indicators in the order of the policy."""
    middle: Mapping[IndicatorKind, Decimal | None] = peers.indicators if peers else {}
    return [Line(one, middle.get(one.indicator)) for one in view.indicators]


@dataclass(frozen=True)
class Step:
    """One node of the tree on the way to the score; `depth` from 0, `line` of a leaf."""

    node: NodeView
    depth: int
    line: Line | None

    @property
    def name(self) -> str:
        """What it is called."""
        return spoken().of(self.node.zh, self.node.en)

    @property
    def weight(self) -> str:
        """As applied, in per cent."""
        return plain(self.node.weight_applied)

    @property
    def by_policy(self) -> str:
        """As the policy has it, where that is something else."""
        node = self.node
        return "" if node.weight_applied == node.weight_of_whole else plain(node.weight_of_whole)

    @property
    def value(self) -> str:
        """The figure; of a leaf also why there is none."""
        if self.line:
            return self.line.value
        return percent(float(self.node.value), 1) if self.node.value is not None else "–"


def plain(value: Decimal) -> str:
    """A decimal without the noughts at its end."""
    return f"{value.normalize():f}"


def steps(view: ScoreView, found: list[Line]) -> list[Step]:
    """The tree from the top, each branch before what lies below it."""
    by_node = {line.view.node: line for line in found}

    def below(parent: str | None, depth: int) -> Iterator[Step]:
        for node in view.nodes:
            if node.parent == parent:
                yield Step(node, depth, by_node.get(node.node))
                yield from below(node.node, depth + 1)

    return list(below(None, 0))
