"""Who answered for a household or a zone on any day (Z2), asked of PostgreSQL."""

import asyncio
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from lianxin_schemas.events.cases import Credit
from lianxin_schemas.events.responsibility import Care, HouseholdRegistered, ZoneDrawn, ZoneLevel

from services.assignment import loading
from services.assignment.store import responsible
from services.runtime.log import Fact
from tests.assignment.given import NOW, SMALL, changed, keep, opened, write_files

C1, C2 = (Credit(office="office-a", cadre=cadre) for cadre in ("c1", "c2"))
C3 = Credit(office="office-b", cadre="c3")


@pytest.fixture
def ask(info, tmp_path):
    """Loads registers, one after the other, each at its own time, and asks."""

    def work(question, *loads):
        async def run():
            async with await opened(info) as connection:
                for files, now in loads:
                    folder = write_files(tmp_path / "register", files)
                    await loading.load(connection, folder, now, lambda _done, _of: None)
                return await question(connection)

        return asyncio.run(run())

    return work


def household(id_: str, *days: str):
    async def question(connection):
        return [await responsible.for_household(connection, id_, date.fromisoformat(day)) for day in days]

    return question


def who(found) -> list[tuple[str, tuple[Credit, ...]]]:
    return [(one.by, one.credits) for one in found]


def test_Z2_paired_cadres_answer_while_they_are_paired_and_in_office(ask):
    days = ("2021-12-31", "2022-01-01", "2023-05-31", "2023-06-01", "2023-12-31", "2024-01-01")
    assert who(ask(household("h1", *days), (SMALL, NOW))) == [
        ("leader", (C1,)),
        ("pairing", (C1,)),
        ("pairing", (C1,)),
        ("pairing", (C1, C3)),
        ("pairing", (C1, C3)),
        ("pairing", (C3,)),
    ]


def test_Z2_without_a_pair_the_leader_of_the_zone_answers(ask):
    days = ("2019-12-31", "2020-01-01", "2024-12-31", "2025-01-01")
    assert who(ask(household("h2", *days), (SMALL, NOW))) == [
        ("leader", ()),
        ("leader", (C1,)),
        ("leader", (C1,)),
        ("leader", (C2,)),
    ]


def test_Z2_a_paired_cadre_out_of_office_leaves_the_household_to_the_leader(ask):
    files = changed(terms=["c1,2020-01-01,2022-06-30", "c2,2020-01-01,", "c3,2021-06-01,"])
    assert who(ask(household("h1", "2022-06-30", "2022-07-01", "2025-01-01"), (files, NOW))) == [
        ("pairing", (C1,)),
        ("leader", ()),  # the leader was c1 as well
        ("pairing", (C3,)),
    ]


def test_Z2_a_household_that_moves_keeps_its_past(ask):
    moved = changed(households=["h2,g3"])
    found = ask(household("h2", "2026-03-10", "2026-03-11"), (SMALL, NOW), (moved, NOW + timedelta(days=1)))
    assert [(one.zone, one.credits) for one in found] == [("z1", (C2,)), ("z2", (C3,))]


def test_R4_care_holds_from_the_day_it_was_loaded(ask):
    some, much = changed(households=["h2,g2,some"]), changed(households=["h2,g2,much"])
    days = ("2020-01-01", "2026-03-10", "2026-03-11", "2026-03-12", "2026-03-13")
    loads = [(SMALL, NOW), (some, NOW + timedelta(days=1)), (SMALL, NOW + timedelta(days=2))]
    found = ask(household("h2", *days), *loads, (much, NOW + timedelta(days=3)))
    assert [one.care for one in found] == ["none", "none", "some", "some", "much"]
    assert {one.zone for one in found} == {"z1"}


def test_Z2_a_zone_drawn_anew_keeps_its_past(ask):
    redrawn = changed(groups=["g2,z2"])
    found = ask(household("h2", "2024-06-01", "2026-03-10", "2026-03-11"), (SMALL, NOW), (redrawn, NOW + timedelta(1)))
    assert [(one.zone, one.credits) for one in found] == [("z1", (C1,)), ("z1", (C2,)), ("z2", (C3,))]


def test_Z2_nobody_knows_a_household_that_is_not_registered(ask):
    assert ask(household("h9", "2026-01-01"), (SMALL, NOW)) == [None]


def test_Z2_a_group_in_no_zone_leaves_nobody_named(ask):
    async def question(connection):
        await keep(connection, [Fact(HouseholdRegistered(household="h8", group="g8"), NOW)])
        return await responsible.for_household(connection, "h8", date(2026, 1, 1))

    assert ask(question) == responsible.Responsible(by="leader", zone=None, credits=(), care=Care.NONE)


def test_Z1_a_zone_drawn_twice_on_a_day_holds_as_drawn_last(ask):
    async def question(connection):
        drawn = [ZoneDrawn(zone="z1", level=ZoneLevel.GROUP, groups=groups) for groups in (("g1",), ("g2",), ("g3",))]
        await keep(
            connection, [Fact(HouseholdRegistered(household="h1", group="g3"), NOW), *(Fact(d, NOW) for d in drawn)]
        )
        return [
            getattr(await responsible.for_household(connection, "h1", day), "zone", None)
            for day in (date(2026, 3, 9), date(2026, 3, 10))
        ]

    assert ask(question) == [None, "z1"]


def test_Z2_leaders_of_many_zones_and_days_are_one_query(ask):
    async def question(connection):
        days = [date(2019, 1, 1), date(2024, 12, 31), date(2025, 1, 1)]
        return await responsible.leaders(connection, [(zone, day) for zone in ("z1", "z2", "z9") for day in days])

    assert ask(question, (SMALL, NOW)) == {
        ("z1", date(2024, 12, 31)): C1,
        ("z1", date(2025, 1, 1)): C2,
        ("z2", date(2024, 12, 31)): C3,
        ("z2", date(2025, 1, 1)): C3,
    }


def test_Z2_the_office_of_a_cadre_is_told_while_in_office(ask):
    async def question(connection):
        days = (date(2019, 12, 31), date(2024, 12, 31), date(2025, 1, 1))
        return [await responsible.office_of(connection, "c1", day) for day in days]

    assert ask(question, (SMALL, NOW)) == [None, "office-a", None]


def test_Z2_the_query_says_what_the_files_say(ask):
    ask(household("h1", "2026-01-01"), (SMALL, NOW))

    @hypothesis(max_examples=60, deadline=None)
    @given(st.dates(date(2019, 1, 1), date(2026, 12, 31)), st.sampled_from(["h1", "h2", "h3"]))
    def says(day, id_):
        [found] = ask(household(id_, day.isoformat()))
        paired = on(day, "pairings.csv", id_)
        leader = on(day, "leaders.csv", "z2" if id_ == "h3" else "z1")
        assert [credit.cadre for credit in found.credits] == (paired or leader)

    says()


def on(day: date, file: str, subject: str) -> list[str]:
    """The cadres that the small register's file has for a subject on a day, being in office."""
    in_office = {cadre for cadre, since, until in split("terms.csv") if since <= str(day) <= (until or "9")}
    return [
        cadre
        for name, cadre, since, until in split(file)
        if name == subject and since <= str(day) <= (until or "9") and cadre in in_office
    ]


def split(file: str) -> list[list[str]]:
    return [line.split(",") for line in SMALL[file]]
