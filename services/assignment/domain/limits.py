"""By when: limits in calendar days, added up line by line (C3, C3a)."""

from datetime import date, datetime, timedelta
from typing import Annotated, Self

from lianxin_schemas.events.base import Part
from lianxin_schemas.events.cases import Step, SumRule, SumStep
from pydantic import Field, model_validator

from services.assignment.domain.days import day_of, end_of
from services.assignment.domain.days_off import DaysOff


class Rule(Part):
    """So many days for a step, in force from a local day until a later rule of that step."""

    version: Annotated[str, Field(pattern=r"^[a-z0-9.-]{1,20}$")]
    since: date
    step: Step
    days: Annotated[int, Field(ge=1, le=3660)]


class Law(Part):
    """The rules of all steps, and the days off. Every step has a rule, no two of a step begin on one day."""

    limits: tuple[Rule, ...]
    days_off: DaysOff

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if {rule.step for rule in self.limits} != set(Step):
            raise ValueError("every step needs a rule")
        if len({(rule.step, rule.since) for rule in self.limits}) < len(self.limits):
            raise ValueError("two rules of one step begin on one day")
        return self

    def rule(self, step: Step, day: date) -> Rule:
        """The rule in force on a day; before the first rule, the first."""
        rules = sorted((rule for rule in self.limits if rule.step is step), key=lambda rule: rule.since)
        return next((rule for rule in reversed(rules) if rule.since <= day), rules[0])


def limit(law: Law, step: Step, start: datetime) -> tuple[datetime, tuple[SumStep, ...]]:
    """When the step is due, and the sum behind it: an act before that instant is in time.

    The starting day does not count, a last day that is off moves to the next that is worked, and the limit ends at
    24:00 of it. Raises OverflowError at the end of the calendar.
    """
    first = day_of(start)
    days = law.rule(step, first).days
    counted = first + timedelta(days=days)
    last = law.days_off.moved(counted)
    moved = SumStep(rule=SumRule.MOVED_OFF_A_DAY_OFF, days=(last - counted).days, reached=last)
    because = (
        SumStep(rule=SumRule.STARTING_DAY_NOT_COUNTED, reached=first),
        SumStep(rule=SumRule.DAYS_ADDED, days=days, reached=counted),
        *([moved] if moved.days else []),
        SumStep(rule=SumRule.END_OF_LAST_DAY, reached=last),
    )
    return end_of(last), because
