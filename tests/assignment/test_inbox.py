"""The cases that somebody has to do with: the table beside the log, and its pages over HTTP (C3, C4)."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lianxin_schemas.events.petitions import Solved

from deploy.local.keys import make_key
from services.assignment import operating
from services.assignment.api.app import application
from services.assignment.domain.days import SHANGHAI, day_of
from services.assignment.domain.tabs import Tab, tabs
from services.assignment.queries import inbox
from services.assignment.store import inbox as store
from services.assignment.store import tables
from services.runtime import topics
from tests.assignment.given import complaint, opened, petition, verdict, withdrawal, write_files
from tests.assignment.reacting import load
from tests.assignment.served import served
from tests.assignment.test_api import Api, code

HANDLED: tuple[tuple[str, dict[str, str]], ...] = (
    ("acceptance", {}),
    ("decision", {"outcome": "partly"}),
    ("reply", {}),
)


@pytest.fixture
def api(settings, tmp_path):
    """An application in a space of the test's own: its lists are whole."""
    own = settings.model_copy(update={"jwks": make_key(tmp_path / "keys")})
    load(own.database("assignment"), write_files(tmp_path / "register"))
    topics.apply(own)
    with served(application(own)) as client:
        yield Api(own, client, own.jwks.parent)


def listed(api, who, of, tab, **more) -> list[str]:
    answer = api.get(who, "/cases", of=of, tab=tab, **more)
    assert answer.status_code == 200, answer.text
    assert answer.json()["counts"].keys() == set(Tab)
    return [item["petition"] for item in answer.json()["items"]]


def days_ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def due_in(api, days: int) -> str:
    """A case of c2, made due on the local day `days` from today, whatever day of the week it is."""
    case = api.case(time=days_ago(1))
    due = tabs(datetime.now(UTC), max(days, 1)).near if days > 0 else tabs(datetime.now(UTC), 1).today
    with psycopg.connect(api.react.info) as connection:
        due = due if days >= 0 else datetime.now(UTC) + timedelta(days=days)
        connection.execute("UPDATE case_now SET due = %s WHERE petition = %s", [due, case])
    return case


def test_C3_the_pages_are_by_what_is_due_first(api):
    cadre = api.as_("c2", "cadre")
    late, today, near, later = (due_in(api, days) for days in (-3, 0, 7, 8))
    later_still, very_late = due_in(api, 40), due_in(api, -30)
    assert listed(api, cadre, "mine", "overdue") == [very_late, late]
    assert listed(api, cadre, "mine", "today") == [today]
    assert listed(api, cadre, "mine", "near") == [near]
    assert listed(api, cadre, "mine", "later") == [later, later_still]
    counts = api.get(cadre, "/cases", of="mine", tab="today").json()["counts"]
    assert counts == {"overdue": 2, "today": 1, "near": 1, "later": 2, "waiting": 0, "ended": 0, "all": 6}


def test_C8_what_was_replied_to_waits_for_the_resident_and_comes_back_when_reopened(api):
    cadre, event = api.as_("c2", "cadre"), petition(resident="r-1", said="w-1")
    api.hear(event, time=days_ago(2))
    for act, more in HANDLED:
        assert listed(api, cadre, "mine", "later") == [str(event.petition)]
        after = api.post(cadre, event.petition, act, **more).json()["after"]
    assert listed(api, cadre, "mine", "waiting", after=after) == [str(event.petition)]
    [item] = api.get(cadre, "/cases", of="mine", tab="waiting").json()["items"]
    assert [item[key] for key in ("resident", "said", "office", "cadre")] == ["r-1", "w-1", "office-a", "c2"]
    limit = api.get(cadre, f"/cases/{event.petition}").json()["limit"]
    assert datetime.fromisoformat(item["due"]) == datetime.fromisoformat(limit["due"])
    api.hear(verdict(event, Solved.NOT_SOLVED), time=datetime.now(UTC))
    assert listed(api, cadre, "mine", "waiting") == []
    [item] = api.get(cadre, "/cases", of="mine", tab="later").json()["items"]
    assert (item["phase"], item["reopened"], item["replied"]) == ("reopened", True, None)
    api.hear(verdict(event, Solved.SOLVED), time=datetime.now(UTC))
    assert listed(api, cadre, "mine", "ended") == [str(event.petition)]


def test_C4_everybody_sees_the_own_scope_and_nothing_else(api):
    mine, other, county = api.case("z1"), api.case("z2"), api.case(None)
    staff = {office: api.as_("s1", "office", office=office) for office in ("office-a", "office-b", "county-office")}
    assert listed(api, api.as_("c2", "cadre"), "mine", "later") == [mine]
    assert listed(api, api.as_("c3", "cadre"), "mine", "later") == [other]
    assert listed(api, staff["office-a"], "office", "later") == [mine]
    assert listed(api, staff["county-office"], "office", "later") == [county]
    for who in (staff["county-office"], api.as_("o", "organisation")):
        assert {*listed(api, who, "all", "later")} == {mine, other, county}
    for who, of in [
        (staff["office-a"], "all"),
        (staff["office-a"], "mine"),
        (api.as_("c2", "cadre"), "office"),
        (api.as_("c2", "cadre"), "all"),
        (api.as_("s9", "office"), "office"),
        (api.as_("o", "organisation"), "mine"),
    ]:
        assert code(api.get(who, "/cases", of=of, tab="later")) == (403, "auth.scope")
    assert code(api.get(api.as_("i", "import"), "/cases", of="all", tab="later")) == (403, "auth.role")
    assert code(api.get({"authorization": ""}, "/cases", of="all", tab="later")) == (401, "auth.missing")


def test_C4_no_list_and_no_count_betrays_a_complaint_to_those_it_is_about(api):
    event, organisation = petition(complaint=True), api.as_("o", "organisation")
    county = api.as_("dispatcher", "office", office="county-office")
    api.hear(event)
    for of, who in (("office", county), ("all", county), ("all", organisation)):
        assert listed(api, who, of, "later") == [], "the names have not come"
    api.hear(complaint(event, "c2", "c3"))
    for of, who in (("office", county), ("all", county), ("all", organisation)):
        assert listed(api, who, of, "later") == [str(event.petition)]
    both = api.as_("c2", "cadre", "office", "organisation", office="county-office")
    for of in ("mine", "office", "all"):
        for tab in Tab:
            shown = api.get(both, "/cases", of=of, tab=tab).json()
            assert (shown["items"], sum(shown["counts"].values())) == ([], 0)


def test_C3_among_all_those_that_have_ended_come_last(api):
    cadre, event = api.as_("c2", "cadre"), petition()
    api.hear(event, withdrawal(event))
    near, late = due_in(api, 5), due_in(api, -5)
    with psycopg.connect(api.react.info) as connection:
        connection.execute("UPDATE case_now SET due = due - interval '90 days' WHERE petition = %s", [event.petition])
    assert listed(api, cadre, "mine", "all") == [late, near, str(event.petition)]


def test_C4_pages_hold_so_many_and_no_case_is_on_two(api, monkeypatch):
    monkeypatch.setattr(inbox, "SIZE", 3)
    events = [petition() for _ in range(7)]
    api.hear(*events, time=days_ago(1))
    cadre = api.as_("c2", "cadre")
    found = [listed(api, cadre, "mine", "later", page=page) for page in (1, 2, 3, 4)]
    assert [len(page) for page in found] == [3, 3, 1, 0]
    assert Counter(case for page in found for case in page) == Counter(str(event.petition) for event in events)
    assert api.get(cadre, "/cases", of="mine", tab="later").json()["pages"] == 3
    assert api.get(cadre, "/cases", of="mine", tab="today").json()["pages"] == 1
    for wrong in ({"page": 0}, {"tab": "soon"}, {"of": "theirs"}):
        assert code(api.get(cadre, "/cases", **{"of": "mine", "tab": "later"} | wrong)) == (422, "body.invalid")


def test_C3_of_those_that_have_ended_so_many_are_counted_and_all_are_listed(api, monkeypatch):
    monkeypatch.setattr(store, "MOST", 2)
    ended, cadre = [petition() for _ in range(3)], api.as_("c2", "cadre")
    api.hear(*ended, *(withdrawal(event) for event in ended))
    case = due_in(api, 5)
    counts = api.get(cadre, "/cases", of="mine", tab="all").json()["counts"]
    assert counts == {"overdue": 0, "today": 0, "near": 1, "later": 0, "waiting": 0, "ended": 2, "all": 3}
    assert {*listed(api, cadre, "mine", "ended")} == {str(event.petition) for event in ended}
    assert listed(api, cadre, "mine", "all")[0] == case


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)), st.integers(1, 30))
def test_C3_tabs_follow_each_other_and_end_with_local_days(now, near_days):
    found = tabs(now, near_days)
    assert now < found.today <= now + timedelta(days=1)
    assert found.near - found.today == timedelta(days=near_days)
    assert found.today.astimezone(SHANGHAI).time() == datetime.min.time()
    assert day_of(found.today - timedelta(microseconds=1)) == day_of(now)


# -- the table


def held(info):
    async def work():
        async with await opened(info) as connection:
            return (await tables.snapshot(connection))[0]["case_now"]

    return asyncio.run(work())


@pytest.fixture
def lives(api, settings):
    """Cases in every phase, made by the reaction and over HTTP; answers with how to connect."""
    cadre, events = api.as_("c2", "cadre"), [petition() for _ in range(7)]
    api.hear(*events, withdrawal(events[0]))
    for event, steps in zip(events[1:], (1, 2, 3, 3, 3, 3), strict=True):
        for act, more in HANDLED[:steps]:
            assert api.post(cadre, event.petition, act, **more).status_code == 201
    api.hear(verdict(events[4], Solved.NOT_SOLVED), verdict(events[5], Solved.SOLVED), time=datetime.now(UTC))
    assert api.post(cadre, events[6].petition, "closing").status_code == 201
    county = api.as_("dispatcher", "office", office="county-office")
    assert api.post(county, events[1].petition, "assignment", office="office-b", cadre="c3").status_code == 201
    return settings.database("assignment")


def test_C4_the_table_is_what_the_log_says_and_is_rebuilt_from_it(settings, lives):
    before = held(lives)
    assert {row[1] for row in before} == {"accepted", "decided", "replied", "reopened", "closed", "withdrawn"}
    assert operating.verify(settings) == []
    with psycopg.connect(lives) as connection:
        connection.execute("UPDATE case_now SET phase = 'opened' WHERE phase = 'closed'")
        connection.execute("DELETE FROM case_now WHERE phase = 'withdrawn'")
    assert len(operating.verify(settings)) == 2 * 2 + 1
    assert operating.rebuild(settings) == 0
    assert operating.verify(settings) == []
    assert held(lives) == before


def test_C4_applying_the_same_entries_again_changes_nothing(settings, lives):
    before = held(lives)

    async def again() -> None:
        async with await opened(lives) as connection:
            _, entries = await tables.snapshot(connection)
            for sql, parameters in tables.rows(entries):
                await connection.execute(sql, parameters)

    asyncio.run(again())
    assert held(lives) == before


def test_C4_a_step_of_a_case_older_than_the_table_is_kept_and_its_row_comes_by_rebuild(api, settings):
    case, cadre = api.case(), api.as_("c2", "cadre")
    with psycopg.connect(settings.database("assignment")) as connection:
        connection.execute("DELETE FROM case_now")
    assert api.post(cadre, case, "acceptance").status_code == 201
    assert listed(api, cadre, "mine", "later") == []
    assert operating.rebuild(settings) == 0
    assert listed(api, cadre, "mine", "later") == [case]
