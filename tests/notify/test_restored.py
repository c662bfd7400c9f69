"""A database that was lost comes back from Kafka, and a notice that was raised in part is finished (rule 13, N1)."""

from uuid import uuid4

import pytest
from lianxin_schemas.topics import produced_by

from services.notify import operating
from services.runtime import history, topics
from tests.notify import given
from tests.world.restoring import lost_but_published


@pytest.fixture
def lost(settings, template, monkeypatch):
    """Loses the last events of the log for good; answers with what `log recover` says."""
    monkeypatch.setattr(topics, "EVERY", produced_by("notify"))
    return lambda last: lost_but_published(
        settings, "notify", template, lambda connection, _: operating.refill(connection), last=last
    )


def test_rule_13_N1_a_notice_that_is_not_in_the_pages_yet_gets_there_and_its_mail_is_held(react, lost, settings):
    """Given a notice to a cadre that came back without the event that says that the pages show it."""
    messages = react.hear(given.opened(petition := uuid4()), given.assigned(petition))
    before = [row[1:6] for row in react.logged()]
    done = lost(1)
    assert [len(done.torn), len(react.outbox())] == [1, 1]
    assert operating.verify(settings) == []
    react.take([react.world.again(message) for message in messages])
    assert [row[1:6] for row in react.logged() if row[1] != "log-notify"] == before
    assert [row[1:] for row in react.outbox()] == [("page", "sent", 1), ("mail", "held", 0)]
    assert react.query("SELECT count(*) FROM torn") == [(0,)]
    assert operating.verify(settings) == []


def test_rule_13_tables_are_refilled_page_by_page(react, office, settings, monkeypatch):
    """Given pages of two events, notices whose ends lie pages behind their beginnings are as they were."""
    petition = given.registered()
    react.hear(petition, *given.whole_case(petition.petition))
    office.send()
    tables = ("notice", "outbox")
    before = [react.query(f"SELECT to_jsonb(t) FROM {table} t ORDER BY t::text") for table in tables]
    react.query("DELETE FROM notice; UPDATE outbox SET state = 'given-up', attempt = 7")
    monkeypatch.setattr(history, "PAGE", 2)
    operating.rebuild(settings)
    assert [react.query(f"SELECT to_jsonb(t) FROM {table} t ORDER BY t::text") for table in tables] == before
