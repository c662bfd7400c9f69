"""A registered petition becomes a case, on a real database (C3, A4): assigned once, to whoever led on the day."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from lianxin_schemas.events import cases
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.cases import CaseAccepted, CaseDecided, CaseReplied, Credit, Step
from lianxin_schemas.events.petitions import Channel, Solved

from services.assignment import reactions
from services.assignment.domain.complaints import Complaint
from services.assignment.domain.days import SHANGHAI
from services.assignment.domain.limits import limit
from services.assignment.store import complaints, tables
from services.runtime import log
from services.runtime.inbox import Outcome
from services.runtime.log import Author, Decision, Fact
from tests.assignment.given import (
    LAW,
    NOW,
    changed,
    complaint,
    logged,
    opened,
    petition,
    verdict,
    withdrawal,
    write_files,
)
from tests.assignment.reacting import React, load

COUNTY = Credit(office="county-office")


@pytest.fixture
def react(settings, tmp_path) -> React:
    load(settings.database("assignment"), write_files(tmp_path / "register"))
    return React(settings)


@pytest.mark.parametrize(
    ("zone", "time", "credit"),
    [
        ("z1", datetime(2024, 12, 31, 23, 59, 59, tzinfo=SHANGHAI), Credit(office="office-a", cadre="c1")),
        ("z1", datetime(2025, 1, 1, 0, 0, 0, tzinfo=SHANGHAI), Credit(office="office-a", cadre="c2")),
        ("z1", datetime(2024, 12, 31, 15, 59, 59, tzinfo=UTC), Credit(office="office-a", cadre="c1")),
        ("z1", datetime(2024, 12, 31, 16, 0, 0, tzinfo=UTC), Credit(office="office-a", cadre="c2")),
        ("z2", NOW, Credit(office="office-b", cadre="c3")),
        ("z2", datetime(2021, 5, 31, 12, tzinfo=SHANGHAI), COUNTY),  # before anybody led
        ("z9", NOW, COUNTY),
        (None, NOW, COUNTY),
    ],
)
def test_A4_credit_goes_to_whoever_led_on_the_local_day_of_registration(react, zone, time, credit):
    event = petition(zone=zone)
    react.take([react.intake.message(event, time)])
    assert react.credit(event) == credit


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("category", ["05", "05.02", "05.02.01"])
def test_C4_what_is_about_officials_goes_to_the_county_and_no_cadre_by_every_channel(react, channel, category):
    about, other = petition(channel=channel, category=category), petition(channel=channel, category="15.05")
    react.take([react.intake.message(about), react.intake.message(other)])
    assert react.credit(about) == COUNTY
    assert react.credit(other).cadre, "the zone has a leader"


def test_A4_a_leader_out_of_office_is_not_credited(settings, tmp_path, react):
    terms = changed(terms=["c1,2020-01-01,2024-12-31", "c2,2020-01-01,2026-03-09", "c3,2021-06-01,"])
    load(settings.database("assignment"), write_files(tmp_path / "register", terms))
    event = petition()
    react.take([react.intake.message(event)])
    assert react.credit(event) == COUNTY


def test_C3_a_case_is_opened_assigned_and_limited_in_one_by_the_system(react):
    event = petition()
    message = react.intake.message(event)
    react.take([message])
    entries = react.events(event)
    assert [entry.event.name for entry in entries] == ["case.opened", "case.assigned", "case.limit_set"]
    assert {entry.time for entry in entries} == {NOW}
    assert {entry.author for entry in entries} == {reactions.AUTHOR}


def test_C3_repeats_in_a_batch_and_later_change_nothing(react):
    messages = [react.intake.message(petition(zone=zone)) for zone in ("z1", "z2", "z1", None)]
    again = [react.intake.again(message) for message in messages]
    assert react.take([*messages, *again]) == {Outcome.APPLIED: 4, Outcome.DUPLICATE: 4}
    before = logged(react.info)
    assert react.take(again, messages) == {Outcome.DUPLICATE: 8}
    assert logged(react.info) == before


def test_C3_a_cause_that_stands_in_the_log_decides_nothing_when_the_marks_are_lost(react):
    messages = [react.intake.message(petition()) for _ in range(3)]
    react.take(messages)
    before = logged(react.info)
    with psycopg.connect(react.info) as connection:
        connection.execute("DELETE FROM mark")
    new = petition()
    counts = react.take([*messages, react.intake.message(new)])
    assert counts == {Outcome.APPLIED: 4}
    assert logged(react.info)[: len(before)] == before
    assert len(logged(react.info)) == len(before) + 3


def test_C3_the_same_event_twice_in_one_batch_counts_once(react):
    event, id_ = petition(), uuid4()
    counts = react.take([react.intake.message(event, id_=id_), react.intake.message(event, id_=id_)])
    assert counts == {Outcome.APPLIED: 2}
    assert len(react.events(event)) == 3


def test_C3_a_petition_registered_under_two_events_is_parked_the_second_time(react):
    event = petition()
    counts = react.take([react.intake.message(event), react.intake.message(event, id_=uuid4())])
    assert counts == {Outcome.APPLIED: 1, Outcome.PARKED: 1}
    assert parked(react) == ["registered-twice"]
    assert len(react.events(event)) == 3


def test_C3_a_limit_that_no_event_can_name_is_parked(react):
    event, late = petition(), datetime(2199, 12, 1, tzinfo=UTC)
    other = petition()
    counts = react.take([react.intake.message(event, late), react.intake.message(other)])
    assert counts == {Outcome.APPLIED: 1, Outcome.PARKED: 1}
    assert parked(react) == ["limit-out-of-range"]
    assert len(react.events(other)) == 3


def names(react, event) -> list[str]:
    return [entry.event.name.removeprefix("case.") for entry in react.events(event)]


OPENED = ["opened", "assigned", "limit_set"]


def handled(react, event, hours=1) -> None:
    """Somebody accepts, decides and replies, as over HTTP."""
    credit = react.credit(event)

    async def work() -> None:
        async with await opened(react.info) as connection:
            stream = f"case-{event.petition}"
            version = len((await log.load(connection, [stream]))[stream])
            steps: list[Event] = [
                CaseAccepted(petition=event.petition, credit=credit),
                CaseDecided(petition=event.petition, outcome=cases.Outcome.PARTLY, credit=credit),
                CaseReplied(petition=event.petition, credit=credit),
            ]
            steps = steps if version == 3 else steps[1:]
            facts = [Fact(step, NOW + timedelta(hours=hours)) for step in steps]
            decision = Decision(uuid4(), Author("user", "c2"), facts, {stream: version})
            await log.write(connection, [decision], then=tables.rows(decision.entries))

    asyncio.run(work())


def test_C8_a_no_opens_again_with_a_new_limit_and_a_second_closes(react):
    event, intake = petition(), react.intake
    react.take([intake.message(event)])
    handled(react, event)
    later = NOW + timedelta(days=3)
    react.take([intake.message(verdict(event, Solved.NOT_SOLVED), later)])
    assert names(react, event)[6:] == ["reopened", "limit_set"]
    reopened, limited = react.events(event)[6:]
    assert {reopened.time, limited.time} == {later}
    assert limited.event.due == limit(LAW, Step.REPLY, later)[0]
    handled(react, event, hours=100)
    react.take([intake.message(verdict(event, Solved.NOT_SOLVED), later + timedelta(days=9))])
    assert names(react, event)[8:] == ["decided", "replied", "closed"]


@pytest.mark.parametrize("solved", [Solved.SOLVED, Solved.PARTLY])
def test_C8_what_is_solved_closes(react, solved):
    event = petition()
    react.take([react.intake.message(event)])
    handled(react, event)
    message = react.intake.message(verdict(event, solved), NOW + timedelta(days=1))
    react.take([message])
    assert names(react, event)[6:] == ["closed"]
    before = logged(react.info)
    assert react.take([react.intake.again(message)]) == {Outcome.DUPLICATE: 1}
    assert logged(react.info) == before


def test_C4_a_withdrawal_in_the_same_batch_as_the_petition_ends_it(react):
    event = petition()
    messages = [react.intake.message(event), react.intake.message(withdrawal(event), NOW + timedelta(minutes=5))]
    assert react.take(messages) == {Outcome.APPLIED: 2}
    assert names(react, event) == [*OPENED, "withdrawn"]


def test_C8_what_does_not_fit_any_more_has_no_event_and_is_not_parked(react):
    event, unknown = petition(), petition()
    react.take([react.intake.message(event)])
    words = [verdict(event, Solved.SOLVED), verdict(unknown, Solved.NOT_SOLVED), withdrawal(unknown)]
    assert react.take([react.intake.message(word) for word in words]) == {Outcome.APPLIED: 3}
    assert names(react, event) == OPENED
    handled(react, event)
    assert react.take([react.intake.message(withdrawal(event))]) == {Outcome.APPLIED: 1}
    assert names(react, event)[3:] == ["accepted", "decided", "replied"]
    assert names(react, unknown) == []
    assert parked(react) == []


def test_C8_a_word_that_stands_in_the_log_decides_nothing_when_the_marks_are_lost(react):
    event = petition()
    messages = [react.intake.message(event)]
    react.take(messages)
    handled(react, event)
    messages.append(react.intake.message(verdict(event, Solved.NOT_SOLVED), NOW + timedelta(days=1)))
    react.take(messages[1:])
    before = logged(react.info)
    with psycopg.connect(react.info) as connection:
        connection.execute("DELETE FROM mark")
    assert react.take(messages) == {Outcome.APPLIED: 2}
    assert logged(react.info) == before


def about(react, event) -> Complaint | None:
    async def work() -> Complaint | None:
        async with await opened(react.info) as connection:
            return (await complaints.of(connection, [event.petition])).get(event.petition)

    return asyncio.run(work())


@pytest.mark.parametrize("list_first", [True, False])
def test_C4_a_complaint_goes_to_the_county_and_its_list_may_come_before_or_after(react, list_first):
    event = petition(zone="z1", complaint=True)
    messages = [react.intake.message(event), react.intake.message(complaint(event, "c2", "c3"))]
    for message in reversed(messages) if list_first else messages:
        react.take([message])
        if message is messages[0] and not list_first:
            assert about(react, event) == Complaint(awaited=True)
        elif message is messages[1] and list_first:
            assert about(react, event) is None, "there is no case yet"
    assert react.credit(event) == COUNTY
    assert about(react, event) == Complaint(frozenset({"c2", "c3"}))
    assert '"c3"' not in str(logged(react.info)[-3:]), "whom it is about stands in no event"
    react.take([react.intake.again(message) for message in messages], messages)
    assert about(react, event) == Complaint(frozenset({"c2", "c3"}))


def test_C4_a_petition_about_no_official_hides_from_nobody(react):
    event = petition()
    react.take([react.intake.message(event)])
    assert about(react, event) == Complaint()


def parked(react) -> list[str]:
    with psycopg.connect(react.info) as connection:
        return [row[0] for row in connection.execute("SELECT reason FROM parked").fetchall()]


def test_C3_many_petitions_are_a_few_queries(react):
    batches = [[react.intake.message(petition(zone=zone)) for zone in ["z1", "z2"] * 250] for _ in range(4)]
    began = datetime.now(UTC)
    assert react.take(*batches) == {Outcome.APPLIED: 2_000}
    took = (datetime.now(UTC) - began).total_seconds()
    print(f"{2_000 / took:.0f} reactions/s")
    assert len([row for row in logged(react.info) if str(row[4]).startswith("lianxin.case.")]) == 6_000
