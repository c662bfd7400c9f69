"""Quiet hours (N2): residents get no mail at night."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.quiet import SHANGHAI, Quiet, allowed

NIGHT = Quiet(time(21), time(8))


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("moment", "then"),
    [
        (at(10, 20, 59, 59), at(10, 20, 59, 59)),
        (at(10, 21), at(11, 8)),
        (at(10, 23, 59, 59), at(11, 8)),
        (at(11, 0), at(11, 8)),
        (at(11, 7, 59, 59), at(11, 8)),
        (at(11, 8), at(11, 8)),
        (at(31, 22), datetime(2026, 4, 1, 8, tzinfo=SHANGHAI)),
        (at(10, 22).astimezone(UTC), at(11, 8)),
    ],
)
def test_N2_what_falls_into_the_night_waits_for_the_morning(moment, then):
    assert allowed(moment, NIGHT) == then


def test_N2_quiet_hours_may_lie_within_a_day_or_nowhere():
    noon = Quiet(time(12), time(14))
    assert allowed(at(10, 13), noon) == at(10, 14)
    assert allowed(at(10, 14), noon) == at(10, 14)
    assert allowed(at(10, 23), noon) == at(10, 23)
    never = Quiet(time(8), time(8))
    assert [allowed(at(10, hour), never) for hour in range(24)] == [at(10, hour) for hour in range(24)]


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.times(), st.times())
def test_N2_the_moment_allowed_is_never_before_nor_a_day_after_and_allowed_itself(moment, begins, ends):
    quiet, moment = Quiet(begins, ends), moment.replace(tzinfo=UTC)
    then = allowed(moment, quiet)
    assert moment <= then < moment + timedelta(days=1)
    assert allowed(then, quiet) == then
