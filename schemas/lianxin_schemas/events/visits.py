"""Visits of cadres to households (V1-V3), published by intake."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from lianxin_schemas.events.base import Event, Part
from lianxin_schemas.ids import CadreId, CategoryCode, Day, HouseholdId, Time, Uuid, text


class Purpose(StrEnum):
    """Why a household was visited."""

    ROUTINE = "routine"
    FESTIVAL = "festival"
    CARE = "care"
    PETITION = "petition"
    POLICY = "policy"


class WithdrawalReason(StrEnum):
    """Why an entry is taken back (V3): the entry was wrong, not the visit."""

    ENTERED_TWICE = "entered-twice"
    DID_NOT_HAPPEN = "did-not-happen"
    WRONG_PERSON = "wrong-person"


class Promise(Part):
    """A promise made on a visit: what kind of matter, and by which local day (V4)."""

    matter: CategoryCode
    due: Day


class Visit(Event):
    """A visit as it stands (V1). Words such as notes are not part of it; needs are codes."""

    visit: Uuid
    cadre: CadreId
    households: Annotated[tuple[HouseholdId, ...], Field(min_length=1, max_length=100)]
    started: Time
    ended: Time
    purpose: Purpose
    needs: Annotated[tuple[CategoryCode, ...], Field(max_length=20)] = ()
    promises: Annotated[tuple[Promise, ...], Field(max_length=20)] = ()
    companions: Annotated[tuple[CadreId, ...], Field(max_length=20)] = ()
    offline: bool = False
    """Entered without a connection and sent later (V2)."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.ended < self.started:
            raise ValueError("the visit ends before it starts")
        if len(set(self.households)) < len(self.households):
            raise ValueError("a household is named twice")
        return self

    @property
    def stream(self) -> str:
        return f"visit-{text(self.visit)}"


class VisitLogged(Visit):
    """A visit entered for the first time."""

    name = "visit.logged"


class VisitCorrected(Visit):
    """The whole visit anew (V3)."""

    name = "visit.corrected"


class VisitWithdrawn(Event):
    """The entry is taken back (V3); the log keeps what was entered."""

    name = "visit.withdrawn"
    visit: Uuid
    reason: WithdrawalReason

    @property
    def stream(self) -> str:
        return f"visit-{text(self.visit)}"
