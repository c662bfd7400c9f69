"""Causes become notices, on a real database (N1, N3)."""

from uuid import uuid4

import psycopg
import pytest
from lianxin_schemas.events.seals import LogSealed, Span

from services.notify import operating, reactions
from services.runtime.inbox import Outcome
from tests.notify import given
from tests.notify.given import DUE, NOW, OFFICE


def test_N1_a_petition_s_way_tells_resident_and_cadre(react):
    petition = given.registered()
    react.hear(petition, *given.whole_case(petition.petition))
    assert react.outbox() == [
        ("petition-registered", "mail", "waiting", 0),
        ("case-assigned", "page", "sent", 1),
        ("case-assigned", "mail", "waiting", 0),
        ("petition-accepted", "mail", "waiting", 0),
        ("petition-replied", "mail", "waiting", 0),
    ]
    assert react.query("SELECT petition, resident, due FROM case_contact") == [(petition.petition, "p-0001", DUE)]


def test_N1_each_message_by_a_process_of_its_own_gives_the_same(react):
    petition = given.registered()
    messages = [react.world.say(event) for event in (petition, *given.whole_case(petition.petition))]
    for message in messages:
        react.take([message])
    assert len(react.outbox()) == 5


def test_N1_who_left_no_way_is_not_told(react):
    petition = given.registered(None)
    react.hear(petition, *given.whole_case(petition.petition, None))
    assert {reason for reason, *_ in react.outbox()} == {"case-assigned"}


def test_N1_an_office_is_told_in_the_pages_where_no_cadre_answers(react):
    petition = uuid4()
    react.hear(given.opened(petition), given.assigned(petition, OFFICE))
    assert react.outbox() == [("case-assigned", "page", "sent", 1)]
    assert react.query("SELECT cadre, office FROM notice") == [(None, "county-office")]


def test_N3_the_notice_names_its_cause_and_happened_with_it(react):
    [message] = react.hear(given.registered())
    [(cause, causation, time, author)] = react.query(
        "SELECT n.cause, e.causation, e.time, e.authid FROM notice n JOIN events e USING (position)"
    )
    assert str(cause).encode() in message.value
    assert (cause, time, author) == (causation, NOW, reactions.AUTHOR.id)


def test_N3_repeats_in_a_batch_and_later_change_nothing(react):
    petition = given.registered()
    messages = [react.world.say(event) for event in (petition, *given.whole_case(petition.petition))]
    again = [react.world.again(message) for message in messages]
    assert react.take([*messages, *again])[Outcome.DUPLICATE] == 7
    before, rows = react.logged(), react.outbox()
    react.take(again, messages)
    assert (react.logged(), react.outbox()) == (before, rows)


def test_N3_a_cause_in_the_log_is_told_once_also_when_the_marks_are_lost(react):
    petition = given.registered()
    messages = react.hear(petition, *given.whole_case(petition.petition))
    before = react.logged()
    react.query("DELETE FROM mark")
    fresh = given.registered()
    react.take([*messages, react.world.say(fresh)])
    assert react.logged()[: len(before)] == before
    assert len(react.logged()) == len(before) + 1


def test_N3_the_same_event_twice_in_one_batch_is_told_once(react):
    petition, id_ = given.registered(), uuid4()
    assert react.take([react.world.say(petition, id_=id_), react.world.say(petition, id_=id_)]) == {Outcome.APPLIED: 2}
    assert len(react.outbox()) == 1


def test_N3_a_case_that_comes_back_is_told_again_for_its_new_cause(react):
    petition = uuid4()
    other = given.Credit(office="office-a", cadre="c-0002")
    react.hear(given.opened(petition), *(given.assigned(petition, who) for who in (given.CADRE, other, given.CADRE)))
    assert [row[0] for row in react.query("SELECT cadre FROM notice ORDER BY position")] == [
        "c-0001",
        "c-0002",
        "c-0001",
    ]


def test_rule_11_an_event_of_a_case_that_was_not_opened_here_is_parked_with_its_key(react):
    petition, other = uuid4(), given.registered()
    messages = [react.world.say(event) for event in (given.accepted(petition), given.replied(petition), other)]
    assert react.take(messages) == {Outcome.PARKED: 2, Outcome.APPLIED: 1}
    assert react.query("SELECT reason FROM parked ORDER BY number") == [("case-not-opened",), ("behind",)]
    assert len(react.outbox()) == 1


def test_a_seal_is_nobody_s_notice(react, settings):
    assert react.take([react.world.say(LogSealed(service="intake", covers=Span(first=1, last=1), lanes=()))]) == {
        Outcome.APPLIED: 1
    }
    assert operating.verify(settings) == []


def test_the_tables_can_be_built_anew_and_are_the_same(react, settings):
    petition = given.registered()
    react.hear(petition, *given.whole_case(petition.petition))
    assert operating.verify(settings) == []
    before = tables(react)
    operating.rebuild(settings)
    assert tables(react) == before
    react.query("DELETE FROM notice")
    react.query("DELETE FROM outbox WHERE channel = 'page'")
    react.query("UPDATE outbox SET state = 'sent', attempt = 3")
    assert len(operating.verify(settings)) == 4 + 1 + 2 * 4, "four notices and a page are gone, four mails differ"
    operating.rebuild(settings)
    operating.rebuild(settings)
    assert operating.verify(settings) == []
    assert tables(react)[:2] == before[:2]


def tables(react):
    return [
        react.query(f"SELECT to_jsonb(t) FROM {table} t ORDER BY t::text")
        for table in ("case_contact", "notice", "outbox")
    ]


def test_the_database_itself_refuses_a_notice_to_nobody_or_to_two(react):
    insert = "INSERT INTO notice SELECT i, 1, 'x', i, i, %s, %s, %s, now() FROM gen_random_uuid() i"
    for who in ((None, None, None), ("p", "c", None)):
        with pytest.raises(psycopg.errors.CheckViolation):
            react.query(insert, who)
