"""A subject's score under a policy, and all a cadre's results on one page (A3, A6, A10)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import Any
from uuid import UUID

from lianxin_schemas.directory import Kind
from lianxin_schemas.events.scores import IndicatorKind, PolicyAdopted
from pydantic import BaseModel

from services.appraisal.domain import entitled
from services.appraisal.domain.periods import Period
from services.appraisal.domain.policy import in_force, needed
from services.appraisal.domain.score import Counts, rounded, score
from services.appraisal.queries.behind import (
    GIVEN,
    Page,
    behind_case,
    behind_given,
    behind_verdict,
    behind_visit,
)
from services.appraisal.queries.views import PeriodView, Scored, ScoreView, score_view
from services.appraisal.store import coverage, petitions, policies, ratings, reading
from services.appraisal.store.counts import asked, counts, of_all
from services.appraisal.store.peers import peers
from services.appraisal.store.reading import Connection
from services.refused import Refused
from services.runtime.directory import names

PEERS = 5
"""The least number of others whose median says nothing about one of them."""
SAID = (IndicatorKind.PETITIONS_SOLVED, IndicatorKind.PETITIONS_SATISFIED)
"""Indicators made of what single residents said of single cases."""


class Peers(BaseModel):
    """The middle of the others of the same rank, without a name; None where fewer than five have a value."""

    others: int
    drawn: bool
    """There are more: these were drawn by lot, the same for everybody."""
    score: Decimal | None
    indicators: Mapping[IndicatorKind, Decimal | None]


class ResultView(BaseModel):
    """One policy's result beside the peers'."""

    result: ScoreView
    peers: Peers


class ResultsView(BaseModel):
    """All results of a cadre for a period: one for each policy in force when it began."""

    cadre: str
    zh: str | None
    en: str | None
    """The name, where the directory says so."""
    period: PeriodView
    results: Sequence[ResultView]
    as_of: datetime | None


async def of_subject(
    connection: Connection,
    kind: str,
    subject: str,
    period: Period,
    name: str,
    *,
    everything: bool,
    limit: int,
    offset: int,
    only: UUID | None = None,
) -> ScoreView:
    """A cadre's or zone's score under the policy of a name, with a page of the events behind each indicator.

    `only`: of the events, those of one visit, petition, release or mark.
    `everything`: the one who asks may see what single residents said. To be asked inside one snapshot. Raises Refused
    `policy.unknown`, `period.no-policy`.
    """
    policy = in_force([edition for edition, _, _ in await policies.editions(connection)], name, period)
    parameters = asked(kind, subject, period, needed(policy, period))
    as_of = await reading.as_of(connection)
    hidden = frozenset[IndicatorKind]() if everything else await _hidden(connection, period, parameters)
    made = Scored(subject, period, policy, score(policy, await counts(connection, parameters)), hidden)
    paged = parameters | {"limit": limit, "offset": offset, "only": only, "complaints": everything}
    pages = await _pages(connection, paged, as_of, everything=everything)
    return score_view(made, pages, as_of)


async def _hidden(connection: Connection, period: Period, parameters: dict[str, Any]) -> frozenset[IndicatorKind]:
    """The indicators whose sums a cadre is not shown."""
    answers = await petitions.answers(connection, parameters)
    return frozenset(kind for kind, by_month in zip(SAID, answers, strict=True) if not entitled.shown(period, by_month))


async def _pages(
    connection: Connection, paged: dict[str, Any], as_of: datetime | None, *, everything: bool
) -> dict[IndicatorKind, Page]:
    """The events behind each indicator; what single residents said only to those who may see everything."""
    limit, offset = paged["limit"], paged["offset"]

    def page(total: int, items: Sequence[Any]) -> Page:
        return Page(total=total, limit=limit, offset=offset, items=items)

    visits, items = await coverage.items(connection, paged)
    registered, cases = await petitions.cases(connection, paged)
    found = {
        IndicatorKind.COVERAGE: page(visits, [behind_visit(item) for item in items]),
        IndicatorKind.PETITIONS_IN_TIME: page(registered, [behind_case(case, as_of) for case in cases]),
    }
    if everything:
        found |= {kind: page(registered, [behind_verdict(case, kind) for case in cases]) for kind in SAID}
    given = [one for one in await ratings.given(connection, paged) if paged["only"] in (None, one.id)]
    for kind in GIVEN:
        behind = behind_given(given, kind)
        found[kind] = page(len(behind), behind[offset : offset + limit])
    return found


async def results(connection: Connection, cadre: str, period: Period, *, everything: bool) -> ResultsView:
    """A cadre's results under every policy in force, beside the peers'. To be asked inside one snapshot."""
    editions = [edition for edition, _, _ in await policies.editions(connection)]
    as_of = await reading.as_of(connection)
    parameters = asked("cadre", cadre, period, 1)
    hidden = frozenset[IndicatorKind]() if everything else await _hidden(connection, period, parameters)
    others, drawn = await peers(connection, parameters)
    counted: dict[int, tuple[Counts, list[Counts]]] = {}
    found = []
    for policy in held(editions, period):
        required = needed(policy, period)
        if required not in counted:  # once for all policies that need as many visits
            shared = parameters | {"required": required}
            counted[required] = await counts(connection, shared), await _theirs(connection, shared, others)
        own, theirs = counted[required]
        made = Scored(cadre, period, policy, score(policy, own), hidden)
        beside_ = _peers(policy, len(others), theirs, drawn=drawn)
        found.append(ResultView(result=score_view(made, {}, as_of), peers=beside_))
    called = (await names(connection, Kind.CADRE, [cadre])).get(cadre)
    return ResultsView(
        cadre=cadre,
        zh=called.zh if called else None,
        en=called.en if called else None,
        period=PeriodView(name=period.name, first=period.first, last=period.last),
        results=found,
        as_of=as_of,
    )


async def beside(connection: Connection, cadre: str, period: Period, name: str) -> Peers:
    """The middle of those of the same rank, under the policy of a name. Raises Refused as `of_subject`."""
    policy = in_force([edition for edition, _, _ in await policies.editions(connection)], name, period)
    parameters = asked("cadre", cadre, period, needed(policy, period))
    others, drawn = await peers(connection, parameters)
    return _peers(policy, len(others), await _theirs(connection, parameters, others), drawn=drawn)


def held(editions: Sequence[PolicyAdopted], period: Period) -> list[PolicyAdopted]:
    """The edition of each policy that held when the period began."""
    found = []
    for name in sorted({edition.policy for edition in editions}):
        try:
            found.append(in_force(editions, name, period))
        except Refused:
            continue  # adopted for later periods only
    return found


async def _theirs(connection: Connection, parameters: dict[str, Any], others: Sequence[str]) -> list[Counts]:
    """What is counted of the others; nothing of too few."""
    if len(others) < PEERS:
        return []
    everybody = await of_all(connection, parameters | {"cadres": others})
    return [counted for _, counted in everybody.each()]


def _peers(policy: PolicyAdopted, others: int, counted: Sequence[Counts], *, drawn: bool) -> Peers:
    made = [score(policy, theirs) for theirs in counted]
    kinds = [node.indicator for node in policy.nodes if node.indicator]
    return Peers(
        others=others,
        drawn=drawn,
        score=_middle([one.value for one in made], 2),
        indicators={
            kind: _middle([part.value for one in made for part in one.leaves if part.node.indicator is kind], 4)
            for kind in kinds
        },
    )


def _middle(values: Sequence[Decimal | None], places: int) -> Decimal | None:
    """The median of those that have a value; None of too few."""
    known = [Fraction(value) for value in values if value is not None]
    return rounded(Fraction(median(known)), places) if len(known) >= PEERS else None
