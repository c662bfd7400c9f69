"""What happened to personal data (P1, P2), published by intake, restricted readers. Never the data."""

from enum import StrEnum

from lianxin_schemas.events.base import Event
from lianxin_schemas.ids import Day, OpaqueId, PersonId, VaultRef


class PersonKind(StrEnum):
    """Whose data they are."""

    RESIDENT = "resident"
    CADRE = "cadre"


class Datum(StrEnum):
    """What was read."""

    SAID = "said"
    NAME = "name"
    TELEPHONE = "telephone"
    MAIL = "mail"


class RevealReason(StrEnum):
    """Why it was read (P2)."""

    HANDLING = "handling"
    NOTICE = "notice"
    INSPECTION = "inspection"
    RESIDENT_ASKED = "resident-asked"


class PersonEvent(Event):
    """An event of one person of the vault."""

    person: PersonId
    kind: PersonKind

    @property
    def stream(self) -> str:
        return f"{'person' if self.kind is PersonKind.RESIDENT else 'official'}-{self.person}"


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
