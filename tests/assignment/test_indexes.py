"""What every page of the desk asks is found by an index, however many offices, cadres and ended cases there are."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from services.assignment.domain.tabs import Tab, tabs
from services.assignment.store import inbox, responsible
from services.assignment.store.inbox import Scope
from tests.plans import plans

ALL = Scope("s1")
DAY = date(2026, 3, 2)
REGISTER = """
INSERT INTO cadre SELECT 'c-' || n, 'o-' || n % 300, 'clerk' FROM generate_series(1, 5000) n;
INSERT INTO responsibility SELECT 'term', 'c-' || n, '2020-01-01', 'c-' || n FROM generate_series(1, 5000) n;
INSERT INTO responsibility SELECT 'leader', 'z-' || n, '2020-01-01', 'c-' || n FROM generate_series(1, 5000) n
"""
CASES = """
INSERT INTO case_now (petition, phase, reopened, channel, category, registered, due, ended)
SELECT gen_random_uuid(), CASE WHEN open THEN 'accepted' ELSE 'closed' END, false, 'web', '01', at, at,
    CASE WHEN NOT open THEN at END
FROM (
    SELECT n <= 300 AS open, timestamptz '2026-01-31' + n % 60 * interval '1 day' AS at FROM generate_series(1, 20000) n
) x
"""
NOW = tabs(datetime(2026, 3, 2, tzinfo=UTC), 7)


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda connection: responsible.members(connection, "o-7", DAY), "cadre_of_office"),
        (lambda connection: responsible.led_by(connection, "c-7", DAY), "responsibility_of_cadre"),
    ],
)
def test_Z2_cadres_of_an_office_and_zones_of_a_cadre_are_found_by_an_index(info, ask, index):
    assert index in asyncio.run(plans(info, REGISTER, ask))


@pytest.mark.parametrize("tab", [Tab.OVERDUE, Tab.TODAY, Tab.NEAR, Tab.LATER, Tab.WAITING])
def test_C3_what_has_not_ended_is_listed_by_an_index_of_its_own(info, tab):
    plan = asyncio.run(plans(info, CASES, lambda connection: inbox.page(connection, ALL, NOW, tab, 50, 1)))
    assert "case_now_open" in plan


@pytest.mark.parametrize("tab", [Tab.ENDED, Tab.ALL])
def test_C3_a_page_of_all_cases_is_read_in_its_order(info, tab):
    plan = asyncio.run(plans(info, CASES, lambda connection: inbox.page(connection, ALL, NOW, tab, 50, 1)))
    assert "case_now_listed" in plan
    assert "Sort" not in plan


def test_C3_tabs_are_counted_without_reading_all_that_has_ended(info):
    plan = asyncio.run(plans(info, CASES, lambda connection: inbox.counts(connection, ALL, NOW)))
    assert "case_now_open" in plan
    assert "Limit" in plan
