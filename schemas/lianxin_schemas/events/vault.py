"""What happened to personal data (P1, P2), published by intake, restricted readers. Never the data."""

from enum import StrEnum

from lianxin_schemas.events.base import Event
from lianxin_schemas.ids import Day, OpaqueId, PersonId, VaultRef


class PersonKind(StrEnum):
    """Whose data they are."""

    RESIDENT = "resident"
    CADRE = "cadre"
    HOUSEHOLD = "household"


class Datum(StrEnum):
    """What was read."""

    SAID = "said"
    NAME = "name"
    TELEPHONE = "telephone"
    MAIL = "mail"
    CARE = "care"
    """Why a household needs care (R4)."""


class RevealReason(StrEnum):
    """Why it was read (P2)."""

    HANDLING = "handling"
    NOTICE = "notice"
    INSPECTION = "inspection"
    RESIDENT_ASKED = "resident-asked"


STREAMS = {PersonKind.RESIDENT: "person", PersonKind.CADRE: "official", PersonKind.HOUSEHOLD: "home"}
"""What a stream begins with; other words than in the register's streams, which are about the same ids."""


class PersonEvent(Event):
    """An event of one person of the vault, or of one household, whose data have a key like a person's."""

    person: PersonId
    kind: PersonKind

    @property
    def stream(self) -> str:
        return f"{STREAMS[self.kind]}-{self.person}"


class TextRevealed(PersonEvent):
    """Somebody read a datum, and said why (P2)."""

    name = "text.revealed"
    datum: Datum
    ref: VaultRef | None = None
    """Which words, where the datum is `said`."""
    by: OpaqueId
    reason: RevealReason


class PersonErased(PersonEvent):
    """The person's key was destroyed; complete when the backups of keys have run out, at the end of `complete` (P1)."""

    name = "person.erased"
    complete: Day
