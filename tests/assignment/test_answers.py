"""What the resident's word does to a case (C4, C8), whatever it crosses with."""

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from lianxin_schemas.events.cases import (
    CaseClosed,
    CaseReopened,
    Closing,
    Step,
)
from lianxin_schemas.events.petitions import PetitionWithdrawalAsked

from services.assignment.domain import answers, cases, limits
from services.assignment.domain.cases import (
    Hand,
    Phase,
)
from services.refused import Refused
from tests.assignment.given import LAW, NOW
from tests.assignment.lives import (
    ACCEPTED,
    AGAIN_DECIDED,
    AGAIN_REPLIED,
    AGAIN_UNANSWERED,
    CLOSED,
    CREDIT,
    DECIDED,
    HOUR,
    ID,
    LIFE,
    NO,
    OPENED,
    PARTLY,
    REOPENED,
    REPLIED,
    UNANSWERED,
    WITHDRAWN,
    YES,
    accept,
    assign,
    close,
    decide,
    names,
    reply,
    said,
)


def test_C8_a_no_opens_the_case_once_more_with_a_limit_from_that_moment():
    reopened, limited = REOPENED[len(REPLIED) :]
    assert reopened == (CaseReopened(petition=ID, credit=CREDIT), NOW + 4 * HOUR)
    assert limited[0].due == limits.limit(LAW, Step.REPLY, NOW + 4 * HOUR)[0]
    case = cases.fold(REOPENED)
    assert (case.phase, case.open, case.credit) == (Phase.REOPENED, True, CREDIT)
    assert case.overdue(limited[0].due)
    assert not case.overdue(limited[0].due - HOUR)
    assert not cases.fold(AGAIN_REPLIED).overdue(limited[0].due)


@pytest.mark.parametrize(
    ("given", "no", "yes"),
    [
        ([], [], []),
        (OPENED, [], []),
        (ACCEPTED, [], []),
        (DECIDED, [], []),
        (REPLIED, ["reopened", "limit_set"], ["closed"]),
        (REOPENED, [], ["closed"]),  # open already; or content before the office answered again
        (AGAIN_DECIDED, [], ["closed"]),
        (AGAIN_REPLIED, ["closed"], ["closed"]),
        (CLOSED, [], []),
        (UNANSWERED, ["reopened", "limit_set"], []),  # an office cannot close a no away
        (AGAIN_UNANSWERED, [], []),
        (WITHDRAWN, [], []),
    ],
)
def test_C8_what_a_verdict_does(given, no, yes):
    assert names(said(given, NO)[len(given) :]) == no
    for solved in (YES, PARTLY):
        heard = said(given, solved)[len(given) :]
        assert names(heard) == yes
        assert all(event.because is Closing.VERDICT for event, _ in heard)


def test_C4_a_withdrawal_ends_what_was_never_decided_and_nothing_else():
    asked = PetitionWithdrawalAsked(petition=ID)
    for given in LIFE:
        ended = answers.withdrawal(cases.fold(given), asked, NOW + 9 * HOUR)
        assert names(ended) == (["withdrawn"] if given in (OPENED[:1], OPENED, ACCEPTED) else [])


def test_C4_what_ended_is_not_overdue_later():
    for given in (CLOSED, UNANSWERED, WITHDRAWN, said(REOPENED, YES, 5)):
        case = cases.fold(given)
        assert not case.open
        assert not case.overdue(NOW + timedelta(days=1_000))


def test_C3b_a_word_from_a_clock_that_is_behind_comes_after_the_last_step():
    assert said(REPLIED, YES, hours=1)[-1][1] == NOW + 3 * HOUR
    [(_, time)] = answers.withdrawal(cases.fold(ACCEPTED), PetitionWithdrawalAsked(petition=ID), NOW)
    assert time == NOW + HOUR


def test_C8_closing_without_an_answer_says_so():
    assert close(REPLIED) == [(CaseClosed(petition=ID, because=Closing.NO_ANSWER), NOW + 10 * HOUR)]


COMMANDS = {"accept": accept, "decide": decide, "reply": reply, "close": close, "assign": assign}


def after(given, act):
    """The case after a command or a word of the resident, whatever becomes of it."""
    case = cases.fold(given)
    if act in ("no", "yes"):
        return said(given, NO if act == "no" else YES)
    if act == "withdraw":
        return [*given, *answers.withdrawal(case, PetitionWithdrawalAsked(petition=ID), NOW)]
    more = {} if act == "assign" else {"hand": Hand(any=True)}
    with contextlib.suppress(Refused):
        return [*given, *COMMANDS[act](given, **more)]
    return given


@for_all(st.lists(st.sampled_from([*COMMANDS, "no", "yes", "withdraw"]), max_size=25))
def test_C8_whatever_happens_a_case_is_opened_again_at_most_once_and_a_limit_runs_while_it_is_open(acts):
    given = OPENED
    for act in acts:
        given = after(given, act)
    case, happened = cases.fold(given), names(given)
    assert happened.count("reopened") == happened.count("limit_set") - 1 <= 1
    assert case.open == (case.phase in ("opened", "assigned", "accepted", "decided", "reopened"))
    assert case.open == (case.stopped is None)
    times = [time for _, time in given]
    assert times == sorted(times)
    if "withdrawn" in happened:
        assert happened[-1] == "withdrawn"
        assert "decided" not in happened
