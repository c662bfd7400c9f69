"""A visit's entry and a petition at every point of their lives, for the tables in the README (`services/states.py`)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from lianxin_schemas.events import cases
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.petitions import Channel, PetitionRegistered, Solved
from lianxin_schemas.events.visits import Purpose, VisitCorrected, VisitLogged, WithdrawalReason

from services.intake.domain import following
from services.intake.domain.cases import Case
from services.intake.domain.cases import fold as fold_case
from services.intake.domain.following import GiveVerdict
from services.intake.domain.visits import (
    CorrectVisit,
    State,
    WithdrawVisit,
    correct_visit,
    evolve,
    fold,
    withdraw_visit,
)
from services.states import Table

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
ID = UUID(int=1)
LOGGED = VisitLogged(visit=ID, cadre="c-1", households=("h-1",), started=NOON, ended=NOON, purpose=Purpose.ROUTINE)
OTHER = VisitCorrected.model_validate(LOGGED.model_dump() | {"purpose": Purpose.CARE})
WITHDRAW = WithdrawVisit(command=ID, reason=WithdrawalReason.DID_NOT_HAPPEN)

BY = cases.Credit(office="o-1", cadre="c-1")
REPLIED = [cases.CaseAssigned(petition=ID, credit=BY), cases.CaseReplied(petition=ID, credit=BY)]
REOPENED = [*REPLIED, cases.CaseReopened(petition=ID, credit=BY)]
CLOSED = [*REPLIED, cases.CaseClosed(petition=ID, because=cases.Closing.VERDICT)]
VERDICT = GiveVerdict(command=ID, number="1", secret="1", solved=Solved.SOLVED)
REGISTERED = PetitionRegistered(petition=ID, channel=Channel.WEB, category="03")

Petition = tuple[following.State, Case]


def _petition(case: Sequence[Event], *done: Event) -> Petition:
    """A petition whose case has come so far; what its resident did came after that."""
    after = NOON + timedelta(days=1)
    own = following.fold([(REGISTERED, NOON), *((event, after) for event in done)])
    return own, fold_case((event, NOON) for event in case)


def _withdraw(petition: Petition) -> list[Event]:
    return following.ask_withdrawal(*petition)


def _judge(petition: Petition) -> list[Event]:
    return following.give_verdict(*petition, VERDICT, None)


PETITIONS: dict[str, Petition] = {
    "no reply has been heard of": _petition(REPLIED[:1]),
    "the same, withdrawal asked": _petition(REPLIED[:1], *_withdraw(_petition([]))),
    "replied": _petition(REPLIED),
    "the same, verdict given": _petition(REPLIED, *_judge(_petition(REPLIED))),
    "reopened": _petition(REOPENED),
    "replied once more": _petition([*REOPENED, REPLIED[1]]),
    "closed": _petition(CLOSED),
    "withdrawn": _petition([REPLIED[0], cases.CaseWithdrawn(petition=ID)]),
}

TABLES = (
    Table(
        "entry of a visit",
        {
            "corrections": lambda state: correct_visit(state, CorrectVisit(command=ID, visit=OTHER), NOON, None),
            "withdrawal": lambda state: withdraw_visit(state, WITHDRAW),
        },
        {
            "none": State(),
            "logged": fold([LOGGED]),
            "withdrawn": evolve(fold([LOGGED]), withdraw_visit(fold([LOGGED]), WITHDRAW)[0]),
        },
    ),
    Table("a petition", {"follow/withdrawal": _withdraw, "follow/verdict": _judge}, PETITIONS),
)
