"""The life of a notice (N3): given its events, when a try ends, then this event."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lianxin_schemas.events.notices import (
    NoticeChannel,
    NoticeFailed,
    NoticeGivenUp,
    NoticeRaised,
    NoticeReason,
    NoticeSent,
    Problem,
)

from services.notify.domain.notices import FINAL, EndTry, Phase, end_try, evolve, fold
from services.refused import Refused

ID = uuid4()
MAIL, PAGE = NoticeChannel.MAIL, NoticeChannel.PAGE
RAISED = NoticeRaised(notice=ID, reason=NoticeReason.CASE_ASSIGNED, petition=uuid4(), cause=uuid4(), cadre="c-0001")
SHOWN = NoticeSent(notice=ID, channel=PAGE)
SENT = NoticeSent(notice=ID, channel=MAIL)
AWAY = Problem.SERVER_AWAY
RETRIES = (60.0, 300.0)


def failed(attempt: int) -> NoticeFailed:
    return NoticeFailed(notice=ID, channel=MAIL, attempt=attempt, problem=AWAY)


def gave_up(attempts: int, problem: Problem) -> NoticeGivenUp:
    return NoticeGivenUp(notice=ID, channel=MAIL, attempts=attempts, problem=problem)


@pytest.mark.parametrize(
    ("before", "attempt", "problem", "event", "wait"),
    [
        ([], 1, None, SENT, None),
        ([failed(1)], 2, None, SENT, None),
        ([], 1, AWAY, failed(1), 60.0),
        ([failed(1)], 2, AWAY, failed(2), 300.0),
        ([failed(1), failed(2)], 3, AWAY, gave_up(3, AWAY), None),
        ([], 1, Problem.REFUSED, gave_up(1, Problem.REFUSED), None),
        ([failed(1)], 2, Problem.NO_ADDRESS, gave_up(2, Problem.NO_ADDRESS), None),
    ],
)
def test_N3_what_becomes_of_a_try(before, attempt, problem, event, wait):
    notice = fold([RAISED, SHOWN, *before])
    assert end_try(notice, EndTry(ID, MAIL, attempt, problem), RETRIES) == (event, wait)


@pytest.mark.parametrize(
    ("before", "attempt"),
    [([], 1), ([RAISED], 2), ([RAISED, failed(1)], 1), ([RAISED, SENT], 2), ([RAISED, gave_up(1, AWAY)], 2)],
)
def test_B16_a_try_whose_end_is_known_ends_once(before, attempt):
    with pytest.raises(Refused) as refused:
        end_try(fold(before), EndTry(ID, MAIL, attempt), RETRIES)
    assert refused.value.code == "notice.ended"


def test_B16_the_same_try_has_the_same_command_and_no_other_has():
    tries = [EndTry(ID, MAIL, 1), EndTry(ID, MAIL, 2), EndTry(ID, PAGE, 1), EndTry(uuid4(), MAIL, 1)]
    assert len({one.id for one in tries}) == 4
    assert EndTry(ID, MAIL, 1, AWAY).id == EndTry(ID, MAIL, 1).id, "whatever became of it"


@given(st.lists(st.sampled_from([None, *Problem]), min_size=10, max_size=10), st.lists(st.floats(1, 9), max_size=8))
def test_N3_every_notice_comes_to_an_end_by_the_schedule(problems, retries):
    notice, ends = fold([RAISED]), []
    for attempt, problem in enumerate(problems, 1):
        if notice.on(MAIL).phase is not Phase.WAITING:
            break
        event, wait = end_try(notice, EndTry(ID, MAIL, attempt, problem), retries)
        notice = evolve(notice, event)
        ends.append((problem, wait))
        assert notice.on(MAIL).tries == attempt
    *failures, (last, _) = ends
    assert [wait for _, wait in failures] == list(retries[: len(failures)]), "one pause after the other"
    assert not {problem for problem, _ in failures} & {None, *FINAL}
    phase = notice.on(MAIL).phase
    assert phase is (Phase.SENT if last is None else Phase.GIVEN_UP)
    assert last in {None, *FINAL} or len(ends) == len(retries) + 1
