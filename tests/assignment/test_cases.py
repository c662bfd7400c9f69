"""What becomes of a case (C3, C3b, C4, A4): given events, when a command, then events or a refusal."""

from datetime import timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from lianxin_schemas.events.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseDecided,
    CaseLimitSet,
    CaseOpened,
    CaseReplied,
    Credit,
    Outcome,
)

from services.assignment.domain import cases
from services.assignment.domain.cases import (
    Hand,
    Phase,
)
from services.assignment.domain.complaints import Complaint
from services.assignment.refusals import TEXTS
from services.refused import Refused
from tests.assignment.given import LAW, NOW, petition
from tests.assignment.lives import (
    ACCEPTED,
    CLOSED,
    CREDIT,
    DECIDED,
    HOUR,
    ID,
    LIFE,
    OPENED,
    OTHER,
    REOPENED,
    REPLIED,
    accept,
    assign,
    at,
    close,
    code,
    decide,
    reply,
)


def test_C3_a_registered_petition_has_a_case_somebody_who_answers_and_a_limit():
    opened, assigned, limited = (event for event, _ in OPENED)
    assert isinstance(opened, CaseOpened)
    assert opened.registered == NOW
    assert assigned == CaseAssigned(petition=ID, credit=CREDIT)
    assert isinstance(limited, CaseLimitSet)
    assert limited.because[-1].reached.isoformat() == "2026-05-09"


def test_C4_the_way_from_assigned_to_replied():
    assert accept(OPENED) == [(CaseAccepted(petition=ID, credit=CREDIT), NOW + 10 * HOUR)]
    assert decide(ACCEPTED) == [
        (CaseDecided(petition=ID, outcome=Outcome.PARTLY, credit=CREDIT), NOW + 10 * HOUR),
    ]
    assert reply(DECIDED) == [(CaseReplied(petition=ID, credit=CREDIT), NOW + 10 * HOUR)]
    assert cases.fold(REPLIED).phase is Phase.REPLIED


A, C = "case.already-", "case.not-"
ENDS = [f"{A}closed", f"{A}withdrawn"]
DONE = [f"{A}decided", f"{A}replied"]


@pytest.mark.parametrize(
    ("act", "codes"),
    [
        (assign, [f"{C}found", None, None, None, *DONE, None, *DONE, *ENDS]),
        (accept, [f"{C}found", f"{C}assigned", None, f"{A}accepted", *DONE, f"{A}accepted", *DONE, *ENDS]),
        (decide, [f"{C}found", f"{C}assigned", f"{C}accepted", None, *DONE, None, *DONE, *ENDS]),
        (
            reply,
            [
                *[f"{C}found", f"{C}assigned", f"{C}decided", f"{C}decided", None, f"{A}replied"],
                *[f"{C}decided", None, f"{A}replied", *ENDS],
            ],
        ),
        (
            close,
            [
                *[f"{C}found", f"{C}assigned", f"{C}replied", f"{C}replied", f"{C}replied", None],
                *[f"{C}replied", f"{C}replied", None, *ENDS],
            ],
        ),
    ],
)
def test_C4_every_step_has_its_place(act, codes):
    for given, expected in zip(LIFE, codes, strict=True):
        if expected is None:
            assert len(act(given)) == 1
        else:
            assert code(act, given) == expected


@pytest.mark.parametrize("hand", [Hand(cadre="c1"), Hand(office="office-a"), Hand(any=True)])
def test_C4_the_cadre_the_office_and_the_import_may_act(hand):
    assert accept(OPENED, hand=hand)


@pytest.mark.parametrize("hand", [Hand(), Hand(cadre="c2"), Hand(office="office-b"), Hand(cadre="office-a")])
@pytest.mark.parametrize(
    ("act", "given"),
    [(accept, OPENED), (accept, ACCEPTED), (decide, REOPENED), (reply, DECIDED), (close, REPLIED), (close, CLOSED)],
)
def test_C4_nobody_else_may_or_learns_how_it_stands(hand, act, given):
    assert code(act, given, hand=hand) == "auth.scope"


def test_A4_a_hand_over_changes_who_is_credited_and_not_how_far_it_is():
    given = [*ACCEPTED, *assign(ACCEPTED)]
    case = cases.fold(given)
    assert (case.phase, case.credit) == (Phase.ACCEPTED, OTHER)
    assert code(decide, given) == "auth.scope"
    [(event, _)] = decide(given, hand=Hand(office="office-b"))
    assert event.credit == OTHER


def test_C4_a_cadre_is_assigned_in_the_own_office_alone():
    assert code(assign, OPENED, cadre="c9", office_of=None) == "case.cadre-elsewhere"
    assert code(assign, OPENED, cadre="c9", office_of="office-a") == "case.cadre-elsewhere"
    [(event, _)] = assign(OPENED, cadre="c9", office_of="office-b")
    assert event.credit == Credit(office="office-b", cadre="c9")


def test_C4_the_same_assignment_again_is_refused():
    assert code(assign, OPENED, office="office-a", cadre="c1", office_of="office-a") == "case.already-assigned"


def test_C4_an_office_that_the_register_does_not_have_is_refused():
    assert code(assign, OPENED, known=False) == "case.office-unknown"


def test_C4_nobody_whom_a_petition_is_about_is_assigned_it():
    about = Complaint(frozenset({"c9"}))
    assert code(assign, OPENED, cadre="c9", office_of="office-b", complaint=about) == "case.complained-about"
    assert assign(OPENED, cadre="c8", office_of="office-b", complaint=about)
    assert assign(OPENED, complaint=about)
    awaited = Complaint(awaited=True)
    for cadre in ("c8", "c9"):
        assert code(assign, OPENED, cadre=cadre, office_of="office-b", complaint=awaited) == "case.complaint-not-here"
    assert assign(OPENED, complaint=awaited)


@for_all(st.frozensets(st.sampled_from("abc")), st.sampled_from("abcd"))
def test_C4_while_names_are_awaited_a_case_is_hidden_from_all_and_then_from_those_named(about, id_):
    assert Complaint(awaited=True).hides_from(id_)
    assert not Complaint(awaited=True).hides_from(id_, assigns=True)
    for assigns in (True, False):
        assert Complaint(about).hides_from(id_, assigns=assigns) == (id_ in about)


def test_C4_the_case_carries_whom_to_tell_and_where_their_words_lie():
    registered = petition(ID, resident="r-1", said="w-1")
    opened = cases.open_case(registered, NOW, CREDIT, LAW)[0]
    assert isinstance(opened, CaseOpened)
    assert (opened.resident, opened.said) == ("r-1", "w-1")
    [(replied, _)] = reply(DECIDED, said="w-2")
    assert replied == CaseReplied(petition=ID, credit=CREDIT, said="w-2")


def test_C3b_a_step_is_not_done_in_the_future():
    assert accept(OPENED, moment=at(10), time=NOW + 10 * HOUR + timedelta(minutes=5))
    assert code(accept, OPENED, moment=at(10), time=NOW + 10 * HOUR + timedelta(minutes=5, seconds=1)) == (
        "time.in-future"
    )


def test_C3b_a_step_is_not_done_before_the_last_one():
    assert accept(OPENED, time=NOW)
    assert code(accept, OPENED, time=NOW - timedelta(seconds=1)) == "time.before-start"


def test_C3b_old_steps_need_the_import_role():
    later = 24 * 91
    assert code(accept, OPENED, moment=at(later), time=NOW) == "time.too-old"
    assert accept(OPENED, moment=at(later, oldest_days=None), time=NOW) == [
        (CaseAccepted(petition=ID, credit=CREDIT), NOW)
    ]


def test_C3b_without_a_time_a_clock_that_was_ahead_blocks_nothing():
    assert accept(OPENED, moment=at(-0.05))[0][1] == NOW


def test_C3_overdue_once_the_limit_has_passed_without_a_reply():
    case = cases.fold(DECIDED)
    assert case.limit
    assert not case.overdue(case.limit.due - timedelta(microseconds=1))
    assert case.overdue(case.limit.due)
    assert not cases.fold(REPLIED).overdue(case.limit.due)
    late = [*DECIDED, (CaseReplied(petition=ID, credit=CREDIT), case.limit.due)]
    assert cases.fold(late).overdue(NOW)


def test_every_refusal_has_its_words():
    given = {"case.office-unknown", "case.complaint-not-here", "case.complained-about", "case.cadre-elsewhere"} | {
        code(act, life) for act in (assign, accept, decide, reply, close) for life in LIFE if refuses(act, life)
    }
    assert {c for c in given if c.startswith("case.")} <= TEXTS.keys()
    assert not [text for text in TEXTS.values() for word in ("请", "抱歉", "无效") if word in text.zh]


def refuses(act, given) -> bool:
    try:
        act(given)
    except Refused:
        return True
    return False
