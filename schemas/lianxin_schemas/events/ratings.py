"""What people think of those who answer for them (G1, G2), published by intake: sums over five answers or more.

A round is about one subject: a zone and the cadre who leads it, or a cadre alone. Whom it credits is fixed when it is
opened. No event tells of a single answer, of who was asked, or of a sum from which fewer than five could be found out:
the answers of two releases have nothing in common.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from lianxin_schemas.events.base import Event
from lianxin_schemas.ids import CadreId, Day, RegionCode, Uuid, ZoneId

Answers = Annotated[int, Field(ge=5, le=10_000_000)]
Marks = Annotated[int, Field(ge=0, le=10_000_000)]


class RatingKind(StrEnum):
    """What is rated (G1)."""

    ZONE = "zone"
    """A zone's cadre for a period, by its residents (民情测评)."""
    EVALUATION = "evaluation"
    """A cadre, by colleagues and those served: the positive form (民主测评)."""
    REVERSE = "reverse"
    """The same by the reverse form: the higher, the worse."""


class MarkLevel(StrEnum):
    """Who gives a mark from above (G1)."""

    COUNTY = "county"
    PROVINCE = "province"


class RoundEvent(Event):
    """An event of one round; `first` to `last` are the local days that are rated."""

    round: Uuid
    kind: RatingKind
    cadre: CadreId
    zone: ZoneId | None = None
    region: RegionCode | None = None
    """Where answers too few to stand alone are merged to."""
    first: Day
    last: Day

    @property
    def stream(self) -> str:
        return f"round-{self.round}"


class RoundOpened(RoundEvent):
    """People are asked; answers are taken until the end of `closes`."""

    name = "round.opened"
    invited: Answers
    closes: Day


class RoundClosed(RoundEvent):
    """No more answers are taken. `answered` is left out where it is below five."""

    name = "round.closed"
    invited: Answers
    answered: Answers | None = None


class RatingsReleased(Event):
    """A sum over five answers or more: `counts` says how often each mark from 1 to 5 was given.

    Of one round, with its cadre; or merged from rounds of a region that had too few left at their end, with neither.
    """

    name = "ratings.released"
    release: Uuid
    kind: RatingKind
    round: Uuid | None = None
    cadre: CadreId | None = None
    zone: ZoneId | None = None
    region: RegionCode | None = None
    first: Day
    last: Day
    answers: Answers
    counts: Annotated[tuple[Marks, ...], Field(min_length=5, max_length=5)]

    @property
    def stream(self) -> str:
        return f"release-{self.release}"


class MarkGiven(Event):
    """A mark from 0 to 100 by county or province for a cadre and a period; a later one of its `mark` replaces it."""

    name = "mark.given"
    mark: Uuid
    level: MarkLevel
    cadre: CadreId
    first: Day
    last: Day
    points: Annotated[int, Field(ge=0, le=100)]

    @property
    def stream(self) -> str:
        return f"mark-{self.mark}"
