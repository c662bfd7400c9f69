"""Who is told of what (N1): given what a case has told, when something happens, then this notice or none."""

from typing import Any
from uuid import uuid4

import pytest
from lianxin_schemas.events.notices import NoticeChannel, NoticeReason

from services.notify.domain.causes import Contact, channels, learn, notices
from tests.notify import given
from tests.notify.given import CADRE, DUE, OFFICE

PETITION, CAUSE = uuid4(), uuid4()
KNOWN = Contact(resident="p-0001", due=DUE)
PAGE, MAIL = NoticeChannel.PAGE, NoticeChannel.MAIL


@pytest.mark.parametrize(
    ("event", "contact", "reason", "who"),
    [
        (given.registered("p-7", PETITION), None, NoticeReason.PETITION_REGISTERED, {"resident": "p-7"}),
        (given.accepted(PETITION), KNOWN, NoticeReason.PETITION_ACCEPTED, {"resident": "p-0001"}),
        (given.replied(PETITION), KNOWN, NoticeReason.PETITION_REPLIED, {"resident": "p-0001"}),
        (given.assigned(PETITION, CADRE), KNOWN, NoticeReason.CASE_ASSIGNED, {"cadre": "c-0001"}),
        (given.assigned(PETITION, OFFICE), KNOWN, NoticeReason.CASE_ASSIGNED, {"office": "county-office"}),
    ],
)
def test_N1_who_is_told_of_what(event, contact, reason, who):
    raised: Any = notices(event, CAUSE, contact)[0]
    told = {name: value for name in ("resident", "cadre", "office") if (value := getattr(raised, name))}
    assert (raised.reason, raised.petition, raised.cause, told) == (reason, PETITION, CAUSE, who)


@pytest.mark.parametrize(
    ("event", "contact"),
    [
        (given.registered(None, PETITION), None),
        (given.opened(PETITION), None),
        (given.limited(PETITION), KNOWN),
        (given.decided(PETITION), KNOWN),
        (given.accepted(PETITION), Contact()),
        (given.replied(PETITION), Contact()),
    ],
)
def test_N1_nobody_is_told(event, contact):
    assert notices(event, CAUSE, contact) == []


@pytest.mark.parametrize(
    ("event", "ways"),
    [
        (given.registered(), (MAIL,)),
        (given.assigned(PETITION), (PAGE, MAIL)),
        (given.assigned(PETITION, OFFICE), (PAGE,)),
    ],
)
def test_N2_a_resident_by_mail_a_cadre_also_in_the_pages_an_office_in_the_pages_alone(event, ways):
    found: list[Any] = notices(event, CAUSE, KNOWN)
    raised, *shown = found
    assert channels(raised) == ways
    assert [event.channel for event in shown] == [PAGE] * (PAGE in ways), "in the pages it stands at once"


def test_N3_the_id_follows_from_cause_reason_and_recipient():
    again = {notices(given.replied(PETITION), CAUSE, contact)[0].notice for contact in (KNOWN, Contact("p-0001"))}
    assert len(again) == 1
    other = [
        notices(given.replied(PETITION), uuid4(), KNOWN)[0].notice,
        notices(given.accepted(PETITION), CAUSE, KNOWN)[0].notice,
        notices(given.replied(PETITION), CAUSE, Contact("p-0002"))[0].notice,
    ]
    assert len({*again, *other}) == 4


def test_N3_assigned_again_to_the_same_cadre_is_told_again_only_for_a_new_cause():
    first, same, later = (
        notices(given.assigned(PETITION), cause, KNOWN)[0].notice for cause in (CAUSE, CAUSE, uuid4())
    )
    assert first == same != later


def test_a_case_tells_whom_to_tell_and_its_newest_limit():
    contact = None
    events: list[Any] = given.whole_case(PETITION, "p-7")
    for event in events:
        contact = learn(contact, event)
    assert contact == Contact(resident="p-7", due=DUE)
    assert learn(contact, given.opened(PETITION, "p-7")) == contact, "told again it is the same"
    assert learn(None, given.accepted(PETITION)) is None
    assert learn(None, given.limited(PETITION)) is None
