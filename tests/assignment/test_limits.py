"""How limits are added up (C3, C3a)."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lianxin_schemas.events.cases import CaseLimitSet, Step, SumRule, SumStep
from pydantic import ValidationError

from services.assignment.domain.cases import Case
from services.assignment.domain.days import SHANGHAI, day_of
from services.assignment.domain.days_off import DaysOff
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
        (local(2024, 2, 1, 9), local(2024, 4, 2)),  # over a leap day
        (local(2024, 2, 29, 9), local(2024, 4, 30)),  # from a leap day, to a month's end
        (local(2025, 12, 31, 9), local(2026, 3, 3)),  # over a year's end; 1 March is a Sunday
        (local(2026, 3, 1, 9), local(2026, 5, 1)),  # 30 April, the day before the holiday
        (local(2026, 3, 2, 9), local(2026, 5, 7)),  # 1 to 5 May are off
        (local(2026, 3, 10, 9), local(2026, 5, 10)),  # Saturday 9 May makes up for one of them
        (local(2026, 3, 11, 9), local(2026, 5, 12)),  # Sunday 10 May does not
        (local(2019, 12, 1, 9), local(2020, 2, 4)),  # the Spring Festival of 2020 was lengthened to 2 February
        (local(2027, 2, 28, 9), local(2027, 4, 30)),  # no notice of that year yet: the plain week
        (local(2027, 3, 2, 9), local(2027, 5, 4)),
    ],
)
def test_C3a_sixty_days_end_at_24_00_of_the_last_day(start, end):
    assert due(start) == end


def test_C3a_the_last_second_of_a_day_and_the_first_of_the_next_are_a_day_apart():
    assert due(local(2026, 3, 17, 23, 59, 59)) == local(2026, 5, 19)  # 16 May is a Saturday
    assert due(local(2026, 3, 20, 23, 59, 59)) == local(2026, 5, 20)
    assert due(local(2026, 3, 21, 0, 0, 0)) == local(2026, 5, 21)


def test_C3a_the_day_is_the_local_one_and_not_that_of_UTC():
    assert due(datetime(2026, 3, 20, 15, 59, 59, tzinfo=UTC)) == local(2026, 5, 20)
    assert due(datetime(2026, 3, 20, 16, 0, 0, tzinfo=UTC)) == local(2026, 5, 21)


def test_C3_the_sum_is_told_line_by_line():
    _, because = limit(LAW, Step.REPLY, local(2026, 3, 10, 9))
    assert because == (
        SumStep(rule=SumRule.STARTING_DAY_NOT_COUNTED, days=0, reached=date(2026, 3, 10)),
        SumStep(rule=SumRule.DAYS_ADDED, days=60, reached=date(2026, 5, 9)),
        SumStep(rule=SumRule.END_OF_LAST_DAY, days=0, reached=date(2026, 5, 9)),
    )
    _, because = limit(LAW, Step.REPLY, local(2026, 3, 2, 9))
    assert because == (
        SumStep(rule=SumRule.STARTING_DAY_NOT_COUNTED, days=0, reached=date(2026, 3, 2)),
        SumStep(rule=SumRule.DAYS_ADDED, days=60, reached=date(2026, 5, 1)),
        SumStep(rule=SumRule.MOVED_OFF_A_DAY_OFF, days=5, reached=date(2026, 5, 6)),
        SumStep(rule=SumRule.END_OF_LAST_DAY, days=0, reached=date(2026, 5, 6)),
    )


starts = st.datetimes(datetime(1992, 1, 1), datetime(2150, 1, 1), timezones=st.just(UTC)) | st.datetimes(
    datetime(2010, 11, 1), datetime(2026, 12, 31), timezones=st.just(UTC)
)


@given(starts)
def test_C3a_whole_days_nothing_of_the_starting_day_and_no_last_day_that_is_off(start):
    end, because = limit(LAW, Step.REPLY, start)
    last = day_of(end) - timedelta(days=1)
    assert end.astimezone(SHANGHAI).time() == datetime.min.time()
    assert not LAW.days_off.holds(last)
    counted = day_of(start) + timedelta(days=60)
    between = [counted + timedelta(days=n) for n in range((last - counted).days)]
    assert all(LAW.days_off.holds(day) for day in between), "not one day later than it has to be"
    assert (because[-1].reached, day_of(start) + timedelta(days=sum(s.days for s in because))) == (last, last)


@given(starts, st.timedeltas(timedelta(), timedelta(days=20)))
def test_C3a_whoever_comes_later_is_never_due_earlier(start, later):
    assert due(start) <= due(start + later)


@given(starts)
def test_C3a_before_the_end_is_in_time_and_at_the_end_is_not(start):
    limited = CaseLimitSet(
        petition=UUID(int=1), step=Step.REPLY, due=due(start), because=limit(LAW, Step.REPLY, start)[1]
    )
    for done, late in ((limited.due - timedelta(microseconds=1), False), (limited.due, True)):
        assert Case(limit=limited, stopped=done).overdue(start) is late


def test_C3a_every_day_is_off_or_not_as_an_independent_calendar_has_it():
    day = date(2011, 1, 1)
    while day <= date(2026, 12, 31):
        assert LAW.days_off.holds(day) == chinese_calendar.is_holiday(day), day
        day += timedelta(days=1)
    assert [year.year for year in LAW.days_off.years] == list(range(2011, 2027))


@pytest.mark.parametrize(
    "years",
    [
        [("2026", ["2026-01-01"], []), ("2026", [], [])],
        [("2026", ["2025-12-31"], [])],
        [("2026", ["2026-01-01"], ["2026-01-01"])],
    ],
)
def test_C3a_days_off_that_contradict_themselves_are_refused(years):
    with pytest.raises(ValidationError):
        DaysOff.model_validate(
            {"years": [{"year": y, "version": y, "sources": ["x"], "off": o, "working": w} for y, o, w in years]}
        )


def law(*limits: tuple[str, str, int]) -> Law:
    rules = [{"version": v, "since": since, "step": "reply", "days": days} for v, since, days in limits]
    return Law.model_validate({"limits": rules, "days_off": LAW.days_off})


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
