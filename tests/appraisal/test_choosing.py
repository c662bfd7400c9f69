"""The periods that a page offers, and how they read (A5)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appraisal.domain.periods import parse
from services.appraisal.pages.choosing import MONTHS, QUARTERS, YEARS, called, last_whole_quarter, offered
from services.web.language import Words, speaking


@pytest.mark.parametrize(
    ("name", "zh", "en"),
    [
        ("2026-Q3", "2026年第三季度", "Q3 2026"),
        ("2026-03", "2026年3月", "March 2026"),
        ("2026", "2026年", "2026"),
    ],
)
def test_A5_a_period_reads_as_people_say_it(name: str, zh: str, en: str) -> None:
    for words, expected in ((Words("zh"), zh), (Words("en"), en)):
        with speaking(words):
            assert called(parse(name)) == expected


@pytest.mark.parametrize(
    ("today", "expected"),
    [("2026-01-01", "2025-Q4"), ("2026-03-31", "2025-Q4"), ("2026-04-01", "2026-Q1"), ("2026-12-31", "2026-Q3")],
)
def test_A5_unless_asked_otherwise_it_is_the_last_whole_quarter(today: str, expected: str) -> None:
    assert last_whole_quarter(date.fromisoformat(today)) == expected


@given(today=st.dates(date(2020, 1, 1), date(2100, 12, 31)))
def test_A5_every_kind_of_period_is_offered_and_none_that_lies_ahead(today: date) -> None:
    found = offered(today)
    assert len(found) == len(set(found)) == MONTHS + QUARTERS + YEARS
    assert all(parse(name).first <= today for name in found)
    assert last_whole_quarter(today) in found
