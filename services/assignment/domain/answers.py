"""What a resident's word does to a case (C4, C8). It may cross with what the office does at the same time: the order of
the log decides, and what does not fit any more has no event.
"""

from datetime import datetime

from lianxin_schemas.events.cases import (
    CaseClosed,
    CaseEvent,
    CaseLimitSet,
    CaseReopened,
    CaseWithdrawn,
    Closing,
    Step,
)
from lianxin_schemas.events.petitions import PetitionVerdictGiven, PetitionWithdrawalAsked, Solved

from services.assignment.domain import limits
from services.assignment.domain.cases import Case, Decided, Phase
from services.assignment.domain.limits import Law


def withdrawal(case: Case, asked: PetitionWithdrawalAsked, time: datetime) -> list[Decided]:
    """Ends a case that was never decided; a decision that was quicker stands, and so does a case that it reopened."""
    if case.phase not in (Phase.OPENED, Phase.ASSIGNED, Phase.ACCEPTED):
        return []
    return [(CaseWithdrawn(petition=asked.petition), _after(case, time))]


def verdict(case: Case, given: PetitionVerdictGiven, time: datetime, law: Law) -> list[Decided]:
    """Closes a case that was replied to, or opens it once more with a limit counted from that moment.

    Raises ValueError or OverflowError for a limit that no event can name.
    """
    time = _after(case, time)
    events: list[CaseEvent] = []
    if given.solved is Solved.NOT_SOLVED:
        unheard = case.phase is Phase.CLOSED and case.closing is Closing.NO_ANSWER
        if case.phase is Phase.REPLIED and case.reopened:
            events = [CaseClosed(petition=given.petition, because=Closing.VERDICT)]
        elif (case.phase is Phase.REPLIED or unheard) and not case.reopened:
            events = _reopen(case, given, time, law)
    elif case.phase is Phase.REPLIED or (case.reopened and case.open):
        events = [CaseClosed(petition=given.petition, because=Closing.VERDICT)]
    return [(event, time) for event in events]


def _reopen(case: Case, given: PetitionVerdictGiven, time: datetime, law: Law) -> list[CaseEvent]:
    assert case.credit is not None, "a case that was replied to was assigned"
    due, because = limits.limit(law, Step.REPLY, time)
    return [
        CaseReopened(petition=given.petition, credit=case.credit),
        CaseLimitSet(petition=given.petition, step=Step.REPLY, due=due, because=because),
    ]


def _after(case: Case, time: datetime) -> datetime:
    """When it happened; no earlier than the last step, whose clock may have been ahead."""
    return max(time, case.last or time)
