"""Who answers for whom, and whose visit counts, asked of a real database (A4, Z2, Z8)."""

from datetime import date

import pytest
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.responsibility import (
    HouseholdRegistered,
    PairingEnded,
    TermEnded,
    ZoneDrawn,
    ZoneLeaderEnded,
    ZoneLeaderSet,
    ZoneLevel,
)
from lianxin_schemas.events.scores import IndicatorKind

from tests.appraisal.given import Published, Store, assigned, at, limit, opened, paired, replied, term, visit, zone


def home(number: int, group: str = "g-1") -> HouseholdRegistered:
    return HouseholdRegistered(household=f"h-{number}", group=group)


def ended(household: str, cadre: str, until: str) -> PairingEnded:
    return PairingEnded(household=household, cadre=cadre, since=date(2025, 1, 1), until=date.fromisoformat(until))


def test_A4_households_paired_on_the_last_day_and_those_visited(store: Store, log: Published) -> None:
    given: list[Event] = [term("c-1")]
    for number in range(1, 6):
        given += paired(f"h-{number}", "c-1")
    visits = [visit(1, "c-1", "2026-03-02", "h-1", "h-2"), visit(2, "c-1", "2026-02-28", "h-3")]
    store.settles(log.all(given, visits))
    assert store.counted("c-1", "2026-03") == (2, 5)
    assert store.counted("c-1", "2026-Q1") == (3, 5)


def test_D2_a_year_needs_two_visits_and_they_add_up_over_cadres_in_force(store: Store, log: Published) -> None:
    given = [term("c-1"), term("c-2"), *paired("h-1", "c-1"), ended("h-1", "c-1", "2026-03-15")]
    later = paired("h-1", "c-2", "2026-03-16")[1:]
    visits = [visit(1, "c-1", "2026-03-02", "h-1"), visit(2, "c-2", "2026-03-20", "h-1")]
    store.settles(log.all(given, later, visits))
    assert store.counted("c-2", "2026") == (1, 1)
    assert store.counted("c-1", "2026") == (0, 0)


def test_A4_Z8_hand_over_in_mid_period(store: Store, log: Published) -> None:
    given = [term("c-1"), term("c-2"), *paired("h-1", "c-1"), *paired("h-2", "c-1")]
    moved = [ended("h-1", "c-1", "2026-03-15"), *paired("h-1", "c-2", "2026-03-16")[1:]]
    visits = [
        visit(1, "c-1", "2026-03-02", "h-1"),  # c-1's own days: the household counts as visited
        visit(2, "c-1", "2026-03-20", "h-2"),
        visit(3, "c-2", "2026-03-10", "h-2"),  # before c-2 answered for anything
    ]
    store.settles(log.all(given, moved, visits))
    assert store.counted("c-2", "2026-03") == (1, 1)
    assert store.counted("c-1", "2026-03") == (1, 1)
    assert store.counted("c-1", "2026-02") == (0, 2)


def test_A4_a_visit_after_the_hand_over_by_the_old_cadre_does_not_count(store: Store, log: Published) -> None:
    given = [term("c-1"), term("c-2"), *paired("h-1", "c-1"), ended("h-1", "c-1", "2026-03-15")]
    later = paired("h-1", "c-2", "2026-03-16")[1:]
    store.settles(log.all(given, later, visit(1, "c-1", "2026-03-16", "h-1")))
    assert store.counted("c-2", "2026-03") == (0, 1)


@pytest.mark.parametrize(("day", "visited"), [("2026-03-15", 1), ("2026-03-16", 0)])
def test_R3_a_term_covers_its_last_day_and_no_more(store: Store, log: Published, day: str, visited: int) -> None:
    over = TermEnded(cadre="c-1", since=date(2025, 1, 1), until=date(2026, 3, 15))
    given = [term("c-1"), over, *paired("h-1", "c-1"), term("c-2"), *paired("h-1", "c-2")[1:]]
    store.settles(log.all(given, visit(1, "c-1", day, "h-1")))
    assert store.counted("c-1", "2026-03") == (0, 0)
    assert store.counted("c-2", "2026-03") == (visited, 1)


def test_Z2_a_household_without_pairing_belongs_to_the_leader_of_its_zone(store: Store, log: Published) -> None:
    given = [term("c-1"), term("c-2"), *zone("z-1", "c-1", "g-1"), home(1), home(2), *paired("h-3", "c-2")]
    visits = [visit(1, "c-1", "2026-03-02", "h-1", "h-3")]
    store.settles(log.all(given, visits))
    assert store.counted("c-1", "2026-03") == (1, 2)
    assert store.counted("c-2", "2026-03") == (0, 1)


def test_Z2_the_narrowest_zone_with_a_leader_in_force_answers(store: Store, log: Published) -> None:
    given = [
        *(term("c-1"), term("c-2"), term("c-3"), home(1)),
        *zone("z-1", "c-1", "g-1", "g-2", level=ZoneLevel.TOWNSHIP),
        *zone("z-2", "c-2", "g-1", level=ZoneLevel.VILLAGE),
        ZoneDrawn(zone="z-3", level=ZoneLevel.GROUP, groups=("g-1",)),
        ZoneLeaderSet(zone="z-3", cadre="c-3", since=date(2026, 4, 1)),
    ]
    store.settles(log.all(given))
    assert [store.counted(cadre, "2026-03") for cadre in ("c-1", "c-2", "c-3")] == [(0, 0), (0, 1), (0, 0)]
    assert [store.counted(cadre, "2026-04") for cadre in ("c-1", "c-2", "c-3")] == [(0, 0), (0, 0), (0, 1)]


def test_Z2_leaders_have_last_days_too(store: Store, log: Published) -> None:
    gone = ZoneLeaderEnded(zone="z-1", cadre="c-1", since=date(2025, 1, 1), until=date(2026, 3, 15))
    following = ZoneLeaderSet(zone="z-1", cadre="c-2", since=date(2026, 3, 16))
    given = [term("c-1"), term("c-2"), *zone("z-1", "c-1", "g-1"), gone, following, home(1)]
    store.settles(log.all(given, visit(1, "c-1", "2026-03-15", "h-1")))
    assert store.counted("c-1", "2026-03") == (0, 0)
    assert store.counted("c-2", "2026-03") == (1, 1)


def test_V1_a_visit_to_an_unknown_household_counts_once_it_is_known(store: Store, log: Published) -> None:
    pairing = paired("h-1", "c-1")
    store.take(log.all(term("c-1"), visit(1, "c-1", "2026-03-02", "h-1")))
    assert store.counted("c-1", "2026-03") == (0, 0)
    store.settles(log.all(pairing))
    assert store.counted("c-1", "2026-03") == (1, 1)


def test_A10_a_zone_counts_all_households_of_its_groups(store: Store, log: Published) -> None:
    given = [term("c-1"), term("c-2"), *zone("z-1", "c-1", "g-1"), home(1), *paired("h-2", "c-2"), home(9, "g-9")]
    visits = [visit(1, "c-1", "2026-03-02", "h-1"), visit(2, "c-1", "2026-03-03", "h-2")]
    store.settles(log.all(given, visits))
    assert store.counted("z-1", "2026-03", "zone") == (1, 2)


def test_C9_petitions_count_by_month_of_registration(store: Store, log: Published) -> None:
    given = [
        [opened(n, day), assigned(n, "c-1"), limit(n, "2026-12-31 00:00")]
        for n, day in ((1, "2026-01-31"), (2, "2026-02-01"), (3, "2026-04-01"))
    ]
    store.settles(log.all(*given, (replied(2, "c-1"), at("2026-05-01 09:00"))))
    asked = {
        period: store.counted("c-1", period, of=IndicatorKind.PETITIONS_IN_TIME)
        for period in ("2026-02", "2026-Q1", "2026")
    }
    assert asked == {"2026-02": (1, 1), "2026-Q1": (1, 2), "2026": (1, 3)}
    assert store.counted("z-1", "2026", "zone", IndicatorKind.PETITIONS_IN_TIME) == (1, 3)
