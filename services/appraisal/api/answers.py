"""How a score reads: each indicator with its counts, its weight, its rule and the events behind it (A6)."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from lianxin_schemas.events.cases import CaseOpened, CaseReplied
from pydantic import BaseModel

from services.appraisal.domain.periods import Period
from services.appraisal.domain.policy import Kind, Policy
from services.appraisal.domain.score import ROUNDING, Part, Score
from services.appraisal.domain.words import COUNTS, REASONS, Why, rule
from services.appraisal.store.coverage import Item
from services.appraisal.store.petitions import Case


class Reason(BaseModel):
    """A stable code and both sentences."""

    code: Why
    zh: str
    en: str


class Behind(BaseModel):
    """One event behind an indicator; `rests_on` are all events that say so, itself included."""

    event: UUID
    type: str
    subject: str
    household: str | None = None
    time: datetime
    counted: bool
    why: Reason
    rests_on: tuple[UUID, ...]


class Page(BaseModel):
    """Some of the events behind, in order of the day; `total` is how many there are."""

    total: int
    limit: int
    offset: int
    items: Sequence[Behind]


class IndicatorView(BaseModel):
    """One indicator. `value` is numerator / denominator; None below the minimum."""

    indicator: Kind
    zh: str
    en: str
    rule_zh: str
    rule_en: str
    numerator: int
    denominator: int
    minimum: int
    enough: bool
    value: Decimal | None
    weight: Decimal
    weight_applied: Decimal
    events: Page


class PolicyView(BaseModel):
    """Which policy a score is under."""

    name: str
    version: int
    zh: str
    en: str


class PeriodView(BaseModel):
    """The local days of a period, both included."""

    name: str
    first: date
    last: date


class ScoreView(BaseModel):
    """A score from 0 to 100, or none; and how it came about. `as_of`: the newest recordedtime in it."""

    subject: str
    period: PeriodView
    policy: PolicyView
    score: Decimal | None
    rounding: str = ROUNDING
    zh: str
    en: str
    indicators: Sequence[IndicatorView]
    as_of: datetime | None


def score_view(
    subject: str, period: Period, policy: Policy, score: Score, pages: dict[Kind, Page], as_of: datetime | None
) -> ScoreView:
    """The whole answer."""
    return ScoreView(
        subject=subject,
        period=PeriodView(name=period.name, first=period.first, last=period.last),
        policy=PolicyView(name=policy.name, version=policy.version, zh=policy.zh, en=policy.en),
        score=score.value,
        zh="数据不足" if score.value is None else f"{score.value}分",
        en="not enough data" if score.value is None else f"{score.value} of 100",
        indicators=[_indicator(part, period, pages[part.indicator.indicator]) for part in score.parts],
        as_of=as_of,
    )


def _indicator(part: Part, period: Period, page: Page) -> IndicatorView:
    words = rule(part.indicator, period)
    return IndicatorView(
        indicator=part.indicator.indicator,
        zh=part.indicator.zh,
        en=part.indicator.en,
        rule_zh=words.zh,
        rule_en=words.en,
        numerator=part.count.numerator,
        denominator=part.count.denominator,
        minimum=part.indicator.minimum,
        enough=part.value is not None,
        value=part.value,
        weight=part.indicator.weight,
        weight_applied=part.applied,
        events=page,
    )


def reason(why: Why) -> Reason:
    """A reason with its words."""
    return Reason(code=why, zh=REASONS[why].zh, en=REASONS[why].en)


def why_visit(item: Item) -> Why:
    """Why a visit counts for a household, or does not."""
    if not item.stands:
        return Why.WITHDRAWN
    if not item.known:
        return Why.UNKNOWN
    if not item.answering:
        return Why.NOT_ANSWERING
    return Why.COUNTED if item.mine else Why.ELSEWHERE


def why_case(case: Case, as_of: datetime | None) -> Why:
    """How a case stands at the moment that the tables speak for, not by the clock: same facts, same answer."""
    if case.due is None:
        return Why.NO_LIMIT
    if case.replied is not None:
        return Why.IN_TIME if case.replied < case.due else Why.LATE
    return Why.OVERDUE if as_of is not None and case.due <= as_of else Why.OPEN


def behind_visit(item: Item) -> Behind:
    """A visit of one household as an event behind coverage."""
    why = why_visit(item)
    return Behind(
        event=item.event,
        type=item.type,
        subject=f"visit-{item.visit}",
        household=item.household,
        time=item.time,
        counted=why in COUNTS,
        why=reason(why),
        rests_on=(item.event, item.withdrawal) if item.withdrawal else (item.event,),
    )


def behind_case(case: Case, as_of: datetime | None) -> Behind:
    """A case as an event behind petitions in time: its reply, or its beginning while there is none."""
    why = why_case(case, as_of)
    replied = case.reply_event is not None
    deciding = (case.opened_event, case.credit_event, case.limit_event, case.reply_event)
    return Behind(
        event=case.reply_event or case.opened_event,
        type=(CaseReplied if replied else CaseOpened).type(),
        subject=f"case-{case.petition}",
        time=case.replied or case.opened,
        counted=why in COUNTS,
        why=reason(why),
        rests_on=tuple(event for event in deciding if event is not None),
    )
