"""Who may read what in the vault, and what is kept of it (P1, P2). Every read is an event with who and why."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Self
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from lianxin_schemas.events.cases import Credit
from lianxin_schemas.events.vault import Datum, PersonErased, PersonKind, RevealReason, TextRevealed
from lianxin_schemas.ids import PersonId, Uuid, VaultRef
from pydantic import StringConstraints, model_validator

from services.intake.domain.sealing import Person, Place
from services.intake.domain.visits import Command
from services.refused import Refused

HERE = ZoneInfo("Asia/Shanghai")
AGAIN = timedelta(minutes=10)
"""A repeat of a reveal is answered for so long; after that the reader says anew who and why."""
CONTACT = frozenset({Datum.NAME, Datum.TELEPHONE, Datum.MAIL})

Words = Annotated[str, StringConstraints(min_length=1, max_length=5_000, strip_whitespace=True)]
"""What somebody says: up to 5,000 signs."""
Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,60}$", strip_whitespace=True)]
Telephone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 -]{3,23}$", strip_whitespace=True)]
Mail = Annotated[str, StringConstraints(pattern=r"^[^@\s,;<>]{1,64}@[^@\s,;<>]{1,190}$", strip_whitespace=True)]


class Reveal(Command):
    """Read one text: what was said by its reference, a name or an address by its person."""

    kind: PersonKind
    datum: Datum
    person: PersonId | None = None
    ref: VaultRef | None = None
    reason: RevealReason

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.ref is None) == (self.datum is Datum.SAID):
            raise ValueError("what was said is named by ref, anything else by person")
        if self.ref is None and self.person is None:
            raise ValueError("whose it is, person tells")
        if (self.kind is PersonKind.HOUSEHOLD) != (self.datum is Datum.CARE):
            raise ValueError("of a household its care needs alone are kept, and of nobody else")
        return self


class KeepText(Command):
    """Keep words about a petition, such as a reply's, under the key of its resident."""

    petition: Uuid
    text: Words


class ErasePerson(Command):
    """Destroy a person's key, and so everything kept of them."""

    kind: PersonKind


@dataclass(frozen=True)
class Asker:
    """Who wants to read, as far as it decides what."""

    id: str
    cadre: bool = False
    office: str | None = None
    """The office whose staff it is."""
    organisation: bool = False
    service: bool = False


@dataclass(frozen=True)
class Matter:
    """What the data came with: a petition, who is credited with its case and whom it is about; or a household, and the
    cadres who answer for it.
    """

    credit: Credit | None = None
    about: Collection[str] = ()
    answering: Collection[str] = ()

    def handled_by(self, asker: Asker) -> bool:
        """Whether the case lies with the asker; never with one it is about."""
        if self.credit is None or asker.id in self.about:
            return False
        return (asker.cadre and self.credit.cadre == asker.id) or asker.office == self.credit.office

    def answered_by(self, asker: Asker) -> bool:
        """Whether the asker is a cadre who answers for the household."""
        return asker.cadre and asker.id in self.answering


def unnamed(petition: UUID) -> Person:
    """The resident of a petition that came with nothing personal: what is said later is kept under this one."""
    return Person(PersonKind.RESIDENT, str(uuid5(petition, "resident")))


def may_read(asker: Asker, kind: PersonKind, datum: Datum, reason: RevealReason, matter: Matter) -> None:
    """Refuses whoever is not entitled, or gives a reason that is not theirs."""
    match reason:
        case RevealReason.NOTICE:
            entitled = asker.service and datum in CONTACT
        case RevealReason.HANDLING:
            handled = kind is PersonKind.RESIDENT and matter.handled_by(asker)
            entitled = handled or (kind is PersonKind.HOUSEHOLD and matter.answered_by(asker))
        case RevealReason.INSPECTION:
            entitled = asker.organisation and asker.id not in matter.about
        case _:
            entitled = False  # a resident asks by number and secret
    if not entitled:
        raise Refused("vault.not-entitled")


def may_write(asker: Asker, matter: Matter) -> None:
    """Refuses whoever does not handle the case."""
    if not matter.handled_by(asker):
        raise Refused("vault.not-entitled")


def may_erase(asker: Asker, kind: PersonKind, matter: Matter) -> None:
    """A resident's data are erased by who handles the case or by the organisation, all others by the organisation."""
    handling = kind is PersonKind.RESIDENT and asker.office is not None and matter.handled_by(asker)
    if not handling and not (asker.organisation and asker.id not in matter.about):
        raise Refused("vault.not-entitled")


def revealed(place: Place, by: str, reason: RevealReason) -> TextRevealed:
    """The event of a read."""
    return TextRevealed(
        person=place.person.id,
        kind=place.person.kind,
        datum=place.datum,
        ref=place.ref or None,
        by=by,
        reason=reason,
    )


def erased(person: Person, now: datetime, backup_days: int) -> PersonErased:
    """The event of an erasure: complete once no backup holds the key any more."""
    return PersonErased(person=person.id, kind=person.kind, complete=complete(now, backup_days))


def complete(now: datetime, backup_days: int) -> date:
    """The local day at whose end the last backup of a key destroyed now has run out."""
    return now.astimezone(HERE).date() + timedelta(days=backup_days)
