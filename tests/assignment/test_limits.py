"""How limits are added up (C3, C3a)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lianxin_schemas.events.cases import Step, SumRule, SumStep
from pydantic import ValidationError

from services.assignment.domain.days import SHANGHAI, day_of
from services.assignment.domain.limits import Law, limit
from tests.assignment.given import LAW


def due(start: datetime) -> datetime:
    return limit(LAW, Step.REPLY, start)[0]


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (local(2026, 1, 31, 9), local(2026, 4, 2)),  # over a short February
        (local(2024, 1, 31, 9), local(2024, 4, 1)),  # over a leap day
        (local(2024, 2, 29, 9), local(2024, 4, 30)),  # from a leap day, to a month's end
        (local(2025, 12, 31, 9), local(2026, 3, 2)),  # over a year's end
        (local(2026, 3, 1, 9), local(2026, 5, 1)),
    ],
)
def test_C3a_sixty_days_end_at_24_00_of_the_last_day(start, end):
    assert due(start) == end


def test_C3a_the_last_second_of_a_day_and_the_first_of_the_next_are_a_day_apart():
    assert due(local(2026, 3, 9, 23, 59, 59)) == local(2026, 5, 9)
    assert due(local(2026, 3, 10, 0, 0, 0)) == local(2026, 5, 10)


def test_C3a_the_day_is_the_local_one_and_not_that_of_UTC():
    assert due(datetime(2026, 3, 9, 15, 59, 59, tzinfo=UTC)) == local(2026, 5, 9)
    assert due(datetime(2026, 3, 9, 16, 0, 0, tzinfo=UTC)) == local(2026, 5, 10)


def test_C3_the_sum_is_told_line_by_line():
    _, because = limit(LAW, Step.REPLY, local(2026, 3, 10, 9))
    assert because == (
        SumStep(rule=SumRule.STARTING_DAY_NOT_COUNTED, days=0, reached=date(2026, 3, 10)),
        SumStep(rule=SumRule.DAYS_ADDED, days=60, reached=date(2026, 5, 9)),
        SumStep(rule=SumRule.END_OF_LAST_DAY, days=0, reached=date(2026, 5, 9)),
    )


@given(st.datetimes(datetime(1992, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC)))
def test_C3a_whole_days_and_nothing_of_the_starting_day(start):
    end = due(start)
    assert end.astimezone(SHANGHAI).time() == datetime.min.time()
    assert (day_of(end) - day_of(start)).days == 61
    assert timedelta(days=60) < end - start <= timedelta(days=61)


def law(*limits: tuple[str, str, int]) -> Law:
    rules = [{"version": v, "since": since, "step": "reply", "days": days} for v, since, days in limits]
    return Law.model_validate({"limits": rules})


def test_C3_the_law_of_the_starting_day_holds():
    two = law(("new", "2026-07-01", 30), ("old", "2005-05-01", 60))
    days = [two.rule(Step.REPLY, day).days for day in (date(2026, 6, 30), date(2026, 7, 1))]
    assert days == [60, 30]


def test_C3_before_the_first_law_the_first_holds():
    assert LAW.rule(Step.REPLY, date(1999, 1, 1)).version == "2005"


@pytest.mark.parametrize("limits", [(), (("a", "2005-05-01", 60), ("b", "2005-05-01", 30)), (("a", "2005-05-01", 0),)])
def test_C3_a_law_without_a_rule_or_with_two_at_once_is_refused(limits):
    with pytest.raises(ValidationError):
        law(*limits)
