"""The events behind an indicator, each with whether it counts and why (A6)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from lianxin_schemas.events.cases import CaseOpened, CaseReopened, CaseReplied, CaseWithdrawn
from lianxin_schemas.events.petitions import PetitionVerdictGiven
from lianxin_schemas.events.ratings import MarkGiven, RatingKind, RatingsReleased
from lianxin_schemas.events.scores import IndicatorKind
from pydantic import BaseModel

from services.appraisal.domain.words import COUNTS, REASONS, Why
from services.appraisal.store.coverage import Item
from services.appraisal.store.petitions import Case
from services.appraisal.store.ratings import Given


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
    """Some of the events behind, in order of the day; `total` is how many there are to be seen."""

    total: int
    limit: int
    offset: int
    items: Sequence[Behind]


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
    if not case.based:
        return Why.TAKEN_BACK
    if case.open_again:
        return Why.OPEN_AGAIN
    if case.replied is not None:
        return Why.IN_TIME if case.in_time else Why.LATE
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
    """A case as an event behind petitions in time: its newest step, or its beginning while there is none."""
    why = why_case(case, as_of)
    event, type_, time = case.opened_event, CaseOpened.type(), case.opened
    if case.withdrawn_event and case.withdrawn:
        event, type_, time = case.withdrawn_event, CaseWithdrawn.type(), case.withdrawn
    elif case.open_again and case.reopened_event and case.reopened:
        event, type_, time = case.reopened_event, CaseReopened.type(), case.reopened
    elif case.reply_event and case.replied:
        event, type_, time = case.reply_event, CaseReplied.type(), case.replied
    deciding = (
        *(case.opened_event, case.credit_event, case.limit_event, case.reply_event),
        *(case.reopened_event, case.withdrawn_event),
    )
    return Behind(
        event=event,
        type=type_,
        subject=f"case-{case.petition}",
        time=time,
        counted=why in COUNTS,
        why=reason(why),
        rests_on=tuple(event for event in deciding if event is not None),
    )


def why_verdict(case: Case, kind: IndicatorKind) -> Why:
    """What a verdict means for petitions solved, or satisfied; both count over the same base (C9)."""
    if not case.based:
        return Why.TAKEN_BACK
    if kind is IndicatorKind.PETITIONS_SOLVED:
        return Why(case.solved) if case.solved else Why.NO_ANSWER
    if case.satisfied is None:
        return Why.NO_ANSWER
    return Why.SATISFIED if case.satisfied in ("satisfied", "very-satisfied") else Why.NOT_SATISFIED


def behind_verdict(case: Case, kind: IndicatorKind) -> Behind:
    """A verdict as an event behind petitions solved or satisfied; while there is none, the case's beginning."""
    why = why_verdict(case, kind)
    given = case.verdict_event is not None
    return Behind(
        event=case.verdict_event or case.opened_event,
        type=(PetitionVerdictGiven if given else CaseOpened).type(),
        subject=f"petition-{case.petition}" if given else f"case-{case.petition}",
        time=case.verdict_time or case.opened,
        counted=why in COUNTS,
        why=reason(why),
        rests_on=tuple(event for event in (case.verdict_event, case.opened_event, case.credit_event) if event),
    )


GIVEN: Mapping[IndicatorKind, Mapping[str, Why]] = {
    IndicatorKind.ZONE_RATING: {RatingKind.ZONE: Why.RELEASED},
    IndicatorKind.EVALUATION: {RatingKind.EVALUATION: Why.RELEASED, RatingKind.REVERSE: Why.REVERSE},
    IndicatorKind.COUNTY_MARK: {"county": Why.MARK},
    IndicatorKind.PROVINCE_MARK: {"province": Why.MARK},
}


def behind_given(given: Iterable[Given], kind: IndicatorKind) -> list[Behind]:
    """The released sums, or the marks, behind an indicator. What was said stands in the sums alone."""
    marks = kind in (IndicatorKind.COUNTY_MARK, IndicatorKind.PROVINCE_MARK)
    return [
        Behind(
            event=one.event,
            type=(MarkGiven if marks else RatingsReleased).type(),
            subject=f"{'mark' if marks else 'release'}-{one.id}",
            time=one.time,
            counted=True,
            why=reason(GIVEN[kind][one.of]),
            rests_on=(one.event,),
        )
        for one in given
        if one.of in GIVEN[kind]
    ]
