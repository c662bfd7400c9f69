"""Marks by county and by province (G1): one for each level, cadre and period; a later one replaces it."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID, uuid5

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.ratings import MarkGiven, MarkLevel
from lianxin_schemas.ids import CadreId, Day
from pydantic import Field

from services.intake.domain.visits import Command
from services.refused import Refused

_NAMES = UUID("4f1f7a0e-6d3b-5f0c-9b55-2f7f0b3f3c11")


class GiveMark(Command):
    """Give a cadre a mark from 0 to 100 for the days from `first` to `last`."""

    level: MarkLevel
    cadre: CadreId
    first: Day
    last: Day
    points: Annotated[int, Field(ge=0, le=100)]

    @property
    def mark(self) -> UUID:
        """Its id follows from whose mark for what it is."""
        return uuid5(_NAMES, f"{self.level}/{self.cadre}/{self.first}/{self.last}")


def fold(events: Iterable[Event]) -> MarkGiven | None:
    """The mark as it stands."""
    last = None
    for event in events:
        assert isinstance(event, MarkGiven), f"{event.type()} is no event of a mark"
        last = event
    return last


def give_mark(before: MarkGiven | None, command: GiveMark) -> list[Event]:
    """A mark may be changed; that it was is in the log."""
    if command.last < command.first:
        raise Refused("period.backwards", "last")
    given = MarkGiven(mark=command.mark, **command.model_dump(exclude={"command"}))
    if given == before:
        raise Refused("mark.unchanged")
    return [given]
