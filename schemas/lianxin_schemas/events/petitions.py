"""What residents ask for and say (C1, C8), published by intake. How it is handled, assignment's case events tell."""

from enum import StrEnum
from typing import Literal

from lianxin_schemas.events.base import Event
from lianxin_schemas.ids import CategoryCode, PersonId, Uuid, VaultRef, ZoneId, text


class Channel(StrEnum):
    """The way a petition came in (C1)."""

    RECEPTION = "reception"
    VISIT = "visit"
    WEB = "web"
    TELEPHONE = "telephone"
    LETTER = "letter"
    HOTLINE = "hotline"
    IMPORT = "import"


class Solved(StrEnum):
    """What the resident says became of it (C8)."""

    SOLVED = "solved"
    PARTLY = "partly"
    NOT_SOLVED = "not-solved"


class Satisfaction(StrEnum):
    """How satisfied the resident is with the handling (C8)."""

    VERY_SATISFIED = "very-satisfied"
    SATISFIED = "satisfied"
    NEUTRAL = "neutral"
    DISSATISFIED = "dissatisfied"
    VERY_DISSATISFIED = "very-dissatisfied"


class PetitionEvent(Event):
    """Something that a resident did about one petition."""

    petition: Uuid

    @property
    def stream(self) -> str:
        return f"petition-{text(self.petition)}"


class PetitionRegistered(PetitionEvent):
    """A petition is on record; the envelope's `time` is when it was registered."""

    name = "petition.registered"
    channel: Channel
    category: CategoryCode
    zone: ZoneId | None = None
    """Where it belongs, as far as known. Unknown or absent, its case goes to the county's office."""
    resident: PersonId | None = None
    """Whom to tell about it: one id a petition, so that nobody can be followed from one to another (C7)."""
    said: VaultRef | None = None
    """What the resident said, in the vault."""
    visit: Uuid | None = None
    """The visit on which the need was heard (V4)."""
    complaint: Literal[True] | None = None
    """About officials. Who must not handle it is on the restricted topic `leads`: no official is assigned by itself."""


class PetitionWithdrawalAsked(PetitionEvent):
    """The resident asks for nothing any more (C4). Whether it was in time, the case decides."""

    name = "petition.withdrawal_asked"


class PetitionVerdictGiven(PetitionEvent):
    """What the resident says of the reply (C8); the newest one holds."""

    name = "petition.verdict_given"
    solved: Solved
    satisfied: Satisfaction | None = None
    said: VaultRef | None = None
