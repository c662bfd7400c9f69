"""A registered petition becomes a case, on a real database (C3, A4): assigned once, to whoever led on the day."""

from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from lianxin_schemas.events.cases import Credit

from services.assignment import reactions
from services.assignment.domain.days import SHANGHAI
from services.runtime.inbox import Outcome
from tests.assignment.given import NOW, changed, logged, petition, write_files
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
