"""A petition as it comes in (C1). What becomes of it is assignment's."""

from datetime import datetime

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.petitions import PetitionRegistered
from lianxin_schemas.ids import Time

from services.intake.domain import times
from services.intake.domain.visits import Command


class RegisterPetition(Command):
    """Put a petition on record; `time` is when it came in, now if left out."""

    petition: PetitionRegistered
    time: Time | None = None


def register_petition(command: RegisterPetition, now: datetime, oldest_days: int | None) -> list[Event]:
    """A petition is taken as it comes: nobody is turned away for where or what."""
    times.check(command.time or now, now, oldest_days, "time")
    return [command.petition]
