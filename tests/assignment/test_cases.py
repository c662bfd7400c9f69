"""What becomes of a case (C3, C3b, C4, A4): given events, when a command, then events or a refusal."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
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
from services.assignment.domain.cases import AcceptCase, AssignCase, DecideCase, Hand, Moment, Phase, ReplyCase
from services.assignment.refusals import TEXTS
from services.refused import Refused
from tests.assignment.given import LAW, NOW, petition

ID = UUID("00000000-0000-4000-8000-000000000001")
CREDIT = Credit(office="office-a", cadre="c1")
OTHER = Credit(office="office-b")
CADRE = Hand(cadre="c1")
HOUR = timedelta(hours=1)
OPENED = [(event, NOW) for event in cases.open_case(petition(ID), NOW, CREDIT, LAW)]
ACCEPTED = [*OPENED, (CaseAccepted(petition=ID, credit=CREDIT), NOW + HOUR)]
DECIDED = [*ACCEPTED, (CaseDecided(petition=ID, outcome=Outcome.SOLVED, credit=CREDIT), NOW + 2 * HOUR)]
REPLIED = [*DECIDED, (CaseReplied(petition=ID, credit=CREDIT), NOW + 3 * HOUR)]
LIFE = [[], OPENED[:1], OPENED, ACCEPTED, DECIDED, REPLIED]


def at(hours: float = 10, oldest_days: int | None = 90) -> Moment:
    return Moment(NOW + hours * HOUR, oldest_days)


def accept(given, hand=CADRE, moment=None, time=None):
    command = AcceptCase(command=uuid4(), time=time)
    return cases.accept(cases.fold(given), ID, command, moment or at(), hand)


def decide(given, hand=CADRE, moment=None):
    command = DecideCase(command=uuid4(), outcome=Outcome.PARTLY)
    return cases.decide(cases.fold(given), ID, command, moment or at(), hand)


def reply(given, hand=CADRE, moment=None):
    return cases.reply(cases.fold(given), ID, ReplyCase(command=uuid4()), moment or at(), hand)


def assign(given, office="office-b", cadre=None, office_of=None):
    command = AssignCase(command=uuid4(), office=office, cadre=cadre)
    return cases.assign(cases.fold(given), ID, command, at(), office_of)


def code(act, given, **more) -> str:
    with pytest.raises(Refused) as refused:
        act(given, **more)
    return refused.value.code


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


@pytest.mark.parametrize(
    ("act", "codes"),
    [
        (assign, ["case.not-found", None, None, None, "case.already-decided", "case.already-replied"]),
        (
            accept,
            [
                "case.not-found",
                "case.not-assigned",
                None,
                "case.already-accepted",
                "case.already-decided",
                "case.already-replied",
            ],
        ),
        (
            decide,
            [
                "case.not-found",
                "case.not-assigned",
                "case.not-accepted",
                None,
                "case.already-decided",
                "case.already-replied",
            ],
        ),
        (
            reply,
            [
                "case.not-found",
                "case.not-assigned",
                "case.not-decided",
                "case.not-decided",
                None,
                "case.already-replied",
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
@pytest.mark.parametrize(("act", "given"), [(accept, OPENED), (accept, ACCEPTED), (decide, ACCEPTED), (reply, DECIDED)])
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
    given = {code(act, life) for act in (assign, accept, decide, reply) for life in LIFE if refuses(act, life)}
    assert {c for c in given if c.startswith("case.")} <= TEXTS.keys()
    assert not [text for text in TEXTS.values() for word in ("请", "抱歉", "无效") if word in text.zh]


def refuses(act, given) -> bool:
    try:
        act(given)
    except Refused:
        return True
    return False
