"""A petition as it comes in (C1, V4). What becomes of it is assignment's."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid5

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.leads import ComplaintReceived
from lianxin_schemas.events.petitions import Channel, PetitionRegistered
from lianxin_schemas.events.vault import Datum, PersonKind
from lianxin_schemas.ids import CadreId, CategoryCode, Time, Uuid, ZoneId
from pydantic import BaseModel, ConfigDict, Field

from services import categories
from services.intake.domain import times, visits
from services.intake.domain.sealing import Person, Place
from services.intake.domain.vault import Mail, Name, Telephone, Words
from services.intake.domain.visits import Command
from services.refused import Refused

About = Annotated[tuple[CadreId, ...], Field(max_length=20)]


class RegisterPetition(Command):
    """Put a petition on record; `time` is when it came in, now if left out. `about`: the officials it is about."""

    petition: PetitionRegistered
    time: Time | None = None
    about: About = ()


class Told(BaseModel):
    """What a resident tells, as far as they want to: words, and how to reach them. All of it goes into the vault."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: Words | None = None
    name: Name | None = None
    telephone: Telephone | None = None
    mail: Mail | None = None

    @property
    def personal(self) -> bool:
        """Whether there is anything that has to be sealed."""
        return any((self.words, self.name, self.telephone, self.mail))

    def texts(self, ids: "Ids") -> dict[Place, str]:
        """What has to be sealed, each at its place."""
        person = Person(PersonKind.RESIDENT, ids.resident)
        found = {
            Place(person, Datum.SAID, ids.said): self.words,
            Place(person, Datum.NAME): self.name,
            Place(person, Datum.TELEPHONE): self.telephone,
            Place(person, Datum.MAIL): self.mail,
        }
        return {place: text for place, text in found.items() if text}


@dataclass(frozen=True)
class Ids:
    """What a resident and their words are called, for the nth petition of a command. They follow from its cause, not
    from the petition: of two commands that raise one need at once, the second overwrites nothing of the first.
    """

    resident: str
    said: str

    @classmethod
    def of(cls, cause: UUID, nth: int) -> "Ids":
        """The ids of the nth."""
        return cls(str(uuid5(cause, f"resident/{nth}")), str(uuid5(cause, f"said/{nth}")))


class ReceivePetition(Command):
    """Take a petition in from a resident (C1). `about` are the officials it complains about."""

    channel: Channel = Channel.RECEPTION
    category: CategoryCode
    zone: ZoneId | None = None
    time: Time | None = None
    about: About = ()
    told: Told = Told()


class Need(Told):
    """A need heard on a visit that becomes a petition, with what the resident told of it."""

    category: CategoryCode
    petition: Uuid | None = None
    """The one it becomes (`candidates`); the first of its category that is none yet, if left out."""


class RaiseNeeds(Command):
    """Make petitions from needs of a visit in one step; each need once (V4)."""

    needs: Annotated[tuple[Need, ...], Field(min_length=1, max_length=20)]
    zone: ZoneId | None = None


def register_petition(command: RegisterPetition, now: datetime, oldest_days: int | None) -> list[Event]:
    """A petition is taken as it comes: nobody is turned away for where or what. A complaint says about whom, and no
    visit leads from what is about officials to a household.
    """
    times.check(command.time or now, now, oldest_days, "time")
    petition = command.petition
    if bool(petition.complaint) != bool(command.about):
        raise Refused("complaint.about-whom", "about")
    if petition.visit and (petition.complaint or categories.about_officials(petition.category)):
        raise Refused("need.about-officials", "petition.visit")
    return [petition, *_lead(petition.petition, command.about)]


def receive_petition(
    command: ReceivePetition, petition: UUID, ids: Ids, now: datetime, oldest_days: int | None
) -> list[Event]:
    """The petition under this id."""
    times.check(command.time or now, now, oldest_days, "time")
    registered = PetitionRegistered(
        petition=petition,
        channel=command.channel,
        category=command.category,
        zone=command.zone,
        resident=ids.resident if command.told.personal else None,
        said=ids.said if command.told.words else None,
        complaint=True if command.about else None,
    )
    return [registered, *_lead(petition, command.about)]


def need_id(visit: UUID, category: str, nth: int) -> UUID:
    """The petition that the nth need of a category becomes: the same need twice is the same petition."""
    return uuid5(visit, f"need/{category}/{nth}")


def raise_needs(
    state: visits.State, visit: UUID, command: RaiseNeeds, raised: Collection[UUID], cause: UUID
) -> list[PetitionRegistered]:
    """A petition for each need, in their order; `raised` are those made before."""
    if state.visit is None:
        raise Refused("visit.not-found")
    if state.phase is visits.Phase.WITHDRAWN:
        raise Refused("visit.withdrawn")
    taken = set(raised)
    found = []
    for number, need in enumerate(command.needs):
        if categories.about_officials(need.category):
            raise Refused("need.about-officials", f"needs.{number}.category")
        petition = _free(visit, state.visit.needs, need, taken, f"needs.{number}.category")
        taken.add(petition)
        ids = Ids.of(cause, number)
        found.append(
            PetitionRegistered(
                petition=petition,
                channel=Channel.VISIT,
                category=need.category,
                zone=command.zone,
                resident=ids.resident if need.personal else None,
                said=ids.said if need.words else None,
                visit=visit,
            )
        )
    return found


def candidates(visit: UUID, needs: Sequence[str]) -> list[UUID]:
    """The petition that each need of a visit becomes, in their order."""
    return [need_id(visit, need, needs[:nth].count(need)) for nth, need in enumerate(needs)]


def _free(visit: UUID, heard: Sequence[str], need: Need, taken: Collection[UUID], field: str) -> UUID:
    """The petition that a need becomes. Refuses what was not heard, and what is one already."""
    there = [
        id_
        for category, id_ in zip(heard, candidates(visit, heard), strict=True)
        if category == need.category and need.petition in (None, id_)
    ]
    if not there:
        raise Refused("need.not-heard", field)
    free = [id_ for id_ in there if id_ not in taken]
    if not free:
        raise Refused("need.raised", field)
    return free[0]


def _lead(petition: UUID, about: Sequence[str]) -> list[Event]:
    """Who must not handle it, on the restricted topic."""
    return [ComplaintReceived(petition=petition, about=tuple(dict.fromkeys(about)))] if about else []
