"""A database that was lost comes back from Kafka, and what it had decided in part is finished (rule 13, C3)."""

import asyncio
import gc
import weakref
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from lianxin_schemas import codec
from lianxin_schemas.events.cases import CaseAccepted, CaseReplied, Credit
from lianxin_schemas.events.petitions import Solved
from lianxin_schemas.topics import produced_by

from services.assignment import operating
from services.assignment.store import tables
from services.runtime import history, log, topics
from tests.assignment.given import NOW, opened, petition, verdict, write_files
from tests.assignment.reacting import React, load
from tests.world.restoring import lost_but_published


@pytest.fixture
def lost(settings, template, monkeypatch):
    """Loses the last events of the log for good; answers with what `log recover` says."""
    monkeypatch.setattr(topics, "EVERY", produced_by("assignment"))

    def lose(last: int):
        return lost_but_published(settings, "assignment", template, lambda c, _: tables.rebuild(c), last=last)

    return lose


def query(settings, sql):
    with psycopg.connect(settings.database("assignment")) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("last", [1, 2, 3])
def test_rule_13_C3_a_case_of_which_only_the_beginning_came_back_gets_its_office_and_limit(settings, lost, last):
    """Given a registration that has opened, assigned and limited a case; the last of these events are lost."""
    react = React(settings)
    event = petition()
    heard = [react.intake.message(petition()), react.intake.message(event)]
    react.take(heard)
    before = [(entry.id, entry.event) for entry in react.events(event)]
    assert len(lost(last).torn) == 1, "the last of what came back, which may be whole"
    react.take([react.intake.again(message) for message in heard])
    assert [(entry.id, entry.event) for entry in react.events(event)] == before
    assert query(settings, "SELECT count(due) FROM case_now") == [(2,)]
    assert query(settings, "SELECT count(*) FROM torn") == [(0,)]
    react.take([react.intake.again(message) for message in heard])
    assert operating.verify(settings) == []


def test_rule_13_C3_what_an_office_did_in_between_stands_before_the_rest(settings, lost):
    react = React(settings)
    event = petition()
    message = react.intake.message(event)
    react.take([message])
    lost(1)
    accepted = CaseAccepted(petition=event.petition, credit=Credit(office="county-office"))
    write(settings, event, accepted)
    react.take([react.intake.again(message)])
    assert [entry.event.name for entry in react.events(event)] == [
        "case.opened",
        "case.assigned",
        "case.accepted",
        "case.limit_set",
    ]
    assert operating.verify(settings) == []


def test_rule_13_C4_a_case_that_was_opened_again_in_part_gets_its_second_limit(settings, lost):
    react = React(settings)
    event = petition()
    heard = [react.intake.message(event)]
    react.take(heard)
    write(settings, event, CaseReplied(petition=event.petition, credit=Credit(office="county-office")))
    heard.append(react.intake.message(verdict(event, Solved.NOT_SOLVED), NOW + timedelta(days=1)))
    react.take(heard[1:])
    before = [entry.event for entry in react.events(event)]
    lost(1)
    assert len(react.events(event)) == len(before) - 1
    react.take([react.intake.again(message) for message in heard])
    assert [entry.event for entry in react.events(event)] == before


def write(settings, petition_, event):
    """An event of a case, as a command would have written it."""

    async def work():
        async with await opened(settings.database("assignment")) as connection:
            stream = f"case-{petition_.petition}"
            entries = (await log.load(connection, [stream]))[stream]
            facts = [log.Fact(event, NOW + timedelta(hours=1))]
            decision = log.Decision(uuid4(), log.Author("user", "c1"), facts, {stream: len(entries)})
            await log.write(connection, [decision], then=tables.rows(decision.entries))

    asyncio.run(work())


def test_rule_13_tables_are_refilled_a_page_at_a_time(settings, tmp_path, monkeypatch):
    """Whatever the size of the log, no more of its events are held at once than a few pages have."""
    load(settings.database("assignment"), write_files(tmp_path / "register"))
    react = React(settings)
    react.take([react.intake.message(petition()) for _ in range(20)])
    alive: list[weakref.ref[object]] = []
    most = [0]
    parse = codec.parse

    def counted(*given):
        gc.collect()
        alive[:] = [each for each in alive if each() is not None]
        most[0] = max(most[0], len(alive))
        event = parse(*given)
        alive.append(weakref.ref(event))
        return event

    monkeypatch.setattr(history, "PAGE", 4)
    monkeypatch.setattr(codec, "parse", counted)
    assert operating.rebuild(settings) == 0
    monkeypatch.setattr(codec, "parse", parse)
    assert query(settings, "SELECT count(*) >= 80 FROM events") == [(True,)]
    assert most[0] <= 3 * 4
    assert operating.verify(settings) == []
