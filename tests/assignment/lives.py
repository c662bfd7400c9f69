"""Cases at every point of their lives, and what may be done to them, for tests of decisions."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from lianxin_schemas.events.cases import (
    CaseAccepted,
    CaseClosed,
    CaseDecided,
    CaseReplied,
    CaseWithdrawn,
    Closing,
    Credit,
    Outcome,
)
from lianxin_schemas.events.petitions import PetitionVerdictGiven, Solved

from services.assignment.domain import answers, cases
from services.assignment.domain.cases import (
    AcceptCase,
    AssignCase,
    CloseCase,
    DecideCase,
    Hand,
    Moment,
    Named,
    ReplyCase,
)
from services.assignment.domain.complaints import Complaint
from services.refused import Refused
from tests.assignment.given import LAW, NOW, petition

ID = UUID("00000000-0000-4000-8000-000000000001")
CREDIT = Credit(office="office-a", cadre="c1")
OTHER = Credit(office="office-b")
NOBODY = Complaint()
CADRE = Hand(cadre="c1")
HOUR = timedelta(hours=1)
OPENED = [(event, NOW) for event in cases.open_case(petition(ID), NOW, CREDIT, LAW)]
ACCEPTED = [*OPENED, (CaseAccepted(petition=ID, credit=CREDIT), NOW + HOUR)]
DECIDED = [*ACCEPTED, (CaseDecided(petition=ID, outcome=Outcome.SOLVED, credit=CREDIT), NOW + 2 * HOUR)]
REPLIED = [*DECIDED, (CaseReplied(petition=ID, credit=CREDIT), NOW + 3 * HOUR)]


def said(given, solved, hours=4):
    """The case after the resident's verdict."""
    event = PetitionVerdictGiven(petition=ID, solved=solved)
    return [*given, *answers.verdict(cases.fold(given), event, NOW + hours * HOUR, LAW)]


NO, YES, PARTLY = Solved.NOT_SOLVED, Solved.SOLVED, Solved.PARTLY
REOPENED = said(REPLIED, Solved.NOT_SOLVED)
AGAIN_DECIDED = [*REOPENED, (CaseDecided(petition=ID, outcome=Outcome.SOLVED, credit=CREDIT), NOW + 5 * HOUR)]
AGAIN_REPLIED = [*AGAIN_DECIDED, (CaseReplied(petition=ID, credit=CREDIT), NOW + 6 * HOUR)]
CLOSED = said(REPLIED, Solved.SOLVED)
UNANSWERED = [*REPLIED, (CaseClosed(petition=ID, because=Closing.NO_ANSWER), NOW + 4 * HOUR)]
AGAIN_UNANSWERED = [*AGAIN_REPLIED, (CaseClosed(petition=ID, because=Closing.NO_ANSWER), NOW + 7 * HOUR)]
WITHDRAWN = [*OPENED, (CaseWithdrawn(petition=ID), NOW + 4 * HOUR)]
LIFE = [[], OPENED[:1], OPENED, ACCEPTED, DECIDED, REPLIED, REOPENED, AGAIN_DECIDED, AGAIN_REPLIED, CLOSED, WITHDRAWN]


def at(hours: float = 10, oldest_days: int | None = 90) -> Moment:
    return Moment(NOW + hours * HOUR, oldest_days)


def accept(given, hand=CADRE, moment=None, time=None):
    command = AcceptCase(command=uuid4(), time=time)
    return cases.accept(cases.fold(given), ID, command, moment or at(), hand)


def decide(given, hand=CADRE, moment=None):
    command = DecideCase(command=uuid4(), outcome=Outcome.PARTLY)
    return cases.decide(cases.fold(given), ID, command, moment or at(), hand)


def reply(given, hand=CADRE, moment=None, said=None):
    return cases.reply(cases.fold(given), ID, ReplyCase(command=uuid4(), said=said), moment or at(), hand)


def close(given, hand=CADRE, moment=None):
    return cases.close(cases.fold(given), ID, CloseCase(command=uuid4()), moment or at(), hand)


def assign(given, office="office-b", cadre=None, office_of=None, known=True, complaint=NOBODY):
    command = AssignCase(command=uuid4(), office=office, cadre=cadre)
    return cases.assign(cases.fold(given), ID, command, at(), Named(known, office_of), complaint)


def code(act, given, **more) -> str:
    with pytest.raises(Refused) as refused:
        act(given, **more)
    return refused.value.code


def names(given) -> list[str]:
    return [event.name.partition(".")[2] for event, _ in given]
