"""How a petition is handled (C3-C4), published by assignment: one case a petition."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from lianxin_schemas.events.base import Event, Part
from lianxin_schemas.events.petitions import Channel
from lianxin_schemas.ids import CadreId, CategoryCode, Day, OfficeId, PersonId, Time, Uuid, VaultRef, ZoneId, text


class Outcome(StrEnum):
    """What the office decided (C4)."""

    SOLVED = "solved"
    PARTLY = "partly"
    EXPLAINED = "explained"
    REFUSED = "refused"


class Step(StrEnum):
    """What a limit is set for."""

    REPLY = "reply"


class SumRule(StrEnum):
    """The conventions a limit is added up by (C3a)."""

    STARTING_DAY_NOT_COUNTED = "starting-day-not-counted"
    DAYS_ADDED = "days-added"
    MOVED_OFF_A_DAY_OFF = "moved-off-a-day-off"
    END_OF_LAST_DAY = "end-of-last-day"


class Closing(StrEnum):
    """Why nothing more is to come (C4, C8)."""

    VERDICT = "verdict"
    """The resident said that it was solved, wholly or in part; or not, a second time."""
    NO_ANSWER = "no-answer"
    """The resident was asked and said nothing. It counts as no answer, not as content."""


class SumStep(Part):
    """One line of the sum behind a limit: the rule, the days it adds, the local day reached."""

    rule: SumRule
    days: Annotated[int, Field(ge=0, le=3660)] = 0
    reached: Day


class Credit(Part):
    """Who is credited with the case (A4). No cadre: the office as a whole answers."""

    office: OfficeId
    cadre: CadreId | None = None


class CaseEvent(Event):
    """An event of the case of one petition."""

    petition: Uuid

    @property
    def stream(self) -> str:
        return f"case-{text(self.petition)}"


class CaseOpened(CaseEvent):
    """A case begins; `registered` is when the petition was registered."""

    name = "case.opened"
    channel: Channel
    category: CategoryCode
    zone: ZoneId | None = None
    registered: Time
    resident: PersonId | None = None
    """Whom to tell, as the petition has it."""
    said: VaultRef | None = None
    """What the resident said, in the vault."""


class CaseAssigned(CaseEvent):
    """Somebody answers for the case from now on: always an office, a cadre where one is in force."""

    name = "case.assigned"
    credit: Credit


class CaseLimitSet(CaseEvent):
    """A limit in force: an act before `due` is in time. `because` is the sum, line by line (C3)."""

    name = "case.limit_set"
    step: Step
    due: Time
    because: Annotated[tuple[SumStep, ...], Field(min_length=1, max_length=50)]


class CaseAccepted(CaseEvent):
    """The office takes the petition up (C4)."""

    name = "case.accepted"
    credit: Credit


class CaseDecided(CaseEvent):
    """The office has decided (C4)."""

    name = "case.decided"
    outcome: Outcome
    credit: Credit


class CaseReplied(CaseEvent):
    """The resident was told the decision (C4)."""

    name = "case.replied"
    credit: Credit
    said: VaultRef | None = None
    """What the office said, in the vault."""


class CaseReopened(CaseEvent):
    """The resident said that it was not solved; that opens a case once more (C8), with the limit set after it."""

    name = "case.reopened"
    credit: Credit


class CaseClosed(CaseEvent):
    """Nothing more is to come (C4)."""

    name = "case.closed"
    because: Closing


class CaseWithdrawn(CaseEvent):
    """The resident took the petition back before it was decided (C4)."""

    name = "case.withdrawn"
