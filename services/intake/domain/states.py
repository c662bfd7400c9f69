"""The entry of a visit at every point of its life, for the table in the README (`services/states.py`)."""

from datetime import UTC, datetime
from uuid import UUID

from lianxin_schemas.events.visits import Purpose, VisitCorrected, VisitLogged, WithdrawalReason

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
)
