"""Cases at every point of their lives, for the tables in the README (`services/states.py`)."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.cases import CaseOpened, Credit, Outcome, Step
from lianxin_schemas.events.petitions import (
    Channel,
    PetitionRegistered,
    PetitionVerdictGiven,
    PetitionWithdrawalAsked,
    Solved,
)

from services.assignment.domain import answers, cases
from services.assignment.domain.cases import (
    AcceptCase,
    AssignCase,
    Case,
    CloseCase,
    DecideCase,
    Decided,
    Hand,
    Moment,
    Named,
    ReplyCase,
)
from services.assignment.domain.complaints import Complaint
from services.assignment.domain.days_off import DaysOff
from services.assignment.domain.limits import Law, Rule
from services.states import Act, Table

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
ID = UUID(int=1)
LAW = Law(limits=(Rule(version="1", since=date(2026, 1, 1), step=Step.REPLY, days=60),), days_off=DaysOff(years=()))
HERE = Credit(office="office-a")
PETITION = PetitionRegistered(petition=ID, channel=Channel.WEB, category="03")
MOMENT, ANY = Moment(NOON, None), Hand(any=True)


def _said(solved: Solved) -> Callable[[Case], list[Decided]]:
    given = PetitionVerdictGiven(petition=ID, solved=solved)
    return lambda case: answers.verdict(case, given, NOON, LAW)


COMMANDS: dict[str, Callable[[Case], list[Decided]]] = {
    "assignment": lambda case: cases.assign(
        case, ID, AssignCase(command=ID, office="office-b"), MOMENT, Named(True, None), Complaint()
    ),
    "acceptance": lambda case: cases.accept(case, ID, AcceptCase(command=ID), MOMENT, ANY),
    "decision": lambda case: cases.decide(case, ID, DecideCase(command=ID, outcome=Outcome.SOLVED), MOMENT, ANY),
    "reply": lambda case: cases.reply(case, ID, ReplyCase(command=ID), MOMENT, ANY),
    "closing": lambda case: cases.close(case, ID, CloseCase(command=ID), MOMENT, ANY),
}
WORDS: dict[str, Callable[[Case], list[Decided]]] = {
    "verdict: not solved": _said(Solved.NOT_SOLVED),
    "verdict: solved or partly": _said(Solved.SOLVED),
    "withdrawal asked": lambda case: answers.withdrawal(case, PetitionWithdrawalAsked(petition=ID), NOON),
}


def _after(case: Case, *acts: str) -> Case:
    for act in acts:
        for event, time in {**COMMANDS, **WORDS}[act](case):
            case = cases.evolve(case, event, time)
    return case


OPENED = cases.open_case(PETITION, NOON, HERE, LAW)
ASSIGNED = cases.fold((event, NOON) for event in OPENED)
REPLIED = _after(ASSIGNED, "acceptance", "decision", "reply")
REOPENED = _after(REPLIED, "verdict: not solved")
STATES = {
    "none": Case(),
    "opened": cases.fold((event, NOON) for event in OPENED if isinstance(event, CaseOpened)),
    "assigned": ASSIGNED,
    "accepted": _after(ASSIGNED, "acceptance"),
    "decided": _after(ASSIGNED, "acceptance", "decision"),
    "replied": REPLIED,
    "reopened": REOPENED,
    "reopened, decided": _after(REOPENED, "decision"),
    "reopened, replied": _after(REOPENED, "decision", "reply"),
    "closed by a verdict": _after(REPLIED, "verdict: solved or partly"),
    "closed, no answer": _after(REPLIED, "closing"),
    "reopened, closed, no answer": _after(REOPENED, "decision", "reply", "closing"),
    "withdrawn": _after(ASSIGNED, "withdrawal asked"),
}


def _events(act: Callable[[Case], list[Decided]]) -> Act:
    def run(case: Case) -> Sequence[Event]:
        return [event for event, _ in act(case)]

    return run


TABLES = (
    Table("command on a case", {name: _events(act) for name, act in COMMANDS.items()}, STATES),
    Table("a resident's word on it", {name: _events(act) for name, act in WORDS.items()}, STATES),
)
