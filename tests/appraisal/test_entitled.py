"""What a cadre is shown of what residents said: nothing below five, and nothing to take off from one another (G2)."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.appraisal.domain.entitled import shown
from services.appraisal.domain.periods import Period, parse

PERIODS = [parse("2026"), *(parse(f"2026-Q{n}") for n in range(1, 5)), *(parse(f"2026-{n:02}") for n in range(1, 13))]
MONTHS = st.lists(st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 11]), min_size=12, max_size=12)
Line = list[Fraction]


def by_month(answers: list[int]) -> dict[date, int]:
    return {date(2026, month, 1): count for month, count in enumerate(answers, 1) if count}


def months(period: Period) -> range:
    return range(period.first.month - 1, period.last.month)


@pytest.mark.parametrize(
    ("answers", "name", "expected"),
    [
        ([5, 5, 5], "2026-01", True),
        ([5, 5, 2], "2026-01", False),  # March would be what is left of the quarter
        ([5, 5, 2], "2026-03", False),
        ([5, 5, 2], "2026-Q1", True),
        ([2, 2, 0], "2026-Q1", False),
        ([2, 2, 1], "2026-Q1", True),
        ([2, 2, 1, 9], "2026", True),
        ([2, 2, 0, 9], "2026", False),  # the first quarter would be what is left of the year
        ([2, 2, 0, 9], "2026-Q2", True),
        ([], "2026", True),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4], "2026-01", True),
    ],
)
def test_G2_where_a_sum_is_shown(answers: list[int], name: str, expected: bool) -> None:
    assert shown(parse(name), by_month(answers)) is expected


@settings(max_examples=40, deadline=None)
@given(answers=MONTHS)
def test_G2_no_shown_sums_added_and_taken_off_leave_one_to_four(answers: list[int]) -> None:
    lines = []
    for period in PERIODS:
        if shown(period, by_month(answers)):
            assert sum(answers[month] for month in months(period)) not in range(1, 5)
            lines.append([Fraction(month in months(period)) for month in range(12)])
            if not any(answers[month] for month in months(period)):  # nothing in all says: nothing in each
                lines += [[Fraction(other == month) for other in range(12)] for month in months(period)]
    known = list(steps(lines))
    for chosen in product((0, 1), repeat=12):
        if sum(count for count, taken in zip(answers, chosen, strict=True) if taken) in range(1, 5):
            assert not follows([Fraction(taken) for taken in chosen], known)


def steps(lines: list[Line]) -> Iterator[tuple[int, Line]]:
    """The lines reduced by Gauss, each with its leading place."""
    found: list[tuple[int, Line]] = []
    for line in lines:
        rest = reduced(line, found)
        if any(rest):
            lead = next(place for place, value in enumerate(rest) if value)
            found.append((lead, [value / rest[lead] for value in rest]))
            yield found[-1]


def reduced(line: Line, known: list[tuple[int, Line]]) -> Line:
    for lead, other in known:
        if times := line[lead]:
            line = [value - times * own for value, own in zip(line, other, strict=True)]
    return line


def follows(line: Line, known: list[tuple[int, Line]]) -> bool:
    """Whether a sum over months can be made of the shown ones."""
    return not any(reduced(line, known))
