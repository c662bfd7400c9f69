"""Answers of a round, and what leaves of them: sums over five or more that have no answer in common (G2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID, uuid5

from lianxin_schemas.events.ratings import RatingKind, RatingsReleased
from pydantic import BaseModel, ConfigDict, Field

from services.intake.domain.rounds import LEAST
from services.refused import Refused

Code = Annotated[str, Field(max_length=40)]
"""As somebody types it."""
Mark = Annotated[int, Field(ge=1, le=5)]


class Answer(BaseModel):
    """What somebody thinks, by a code: from 1 to 5, the more the better, in a reverse round the worse. No id, no name,
    no time: there is no place for them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code
    mark: Mark


class Outcome(StrEnum):
    """What became of an answer."""

    COUNTED = "counted"
    ALREADY = "already-counted"
    """The code was used before; whether with the same mark nobody can know."""


@dataclass(frozen=True)
class Found:
    """A code that is on record: its round, what the round is about, its last day, whether it still takes answers."""

    round: UUID
    kind: RatingKind
    cadre: str
    zone: str | None
    first: date
    last: date
    closes: date
    open: bool
    spent: bool


@dataclass(frozen=True)
class Round:
    """A round whose answers may leave; `released` is how many have."""

    round: UUID
    kind: RatingKind
    cadre: str
    zone: str | None
    region: str | None
    first: date
    last: date
    phase: str
    released: int = 0
    released_on: date | None = None


def good(found: Found | None, cadre: str | None, today: date) -> Found:
    """The code, if its round takes answers. `cadre` is whoever is signed in, if somebody is: nobody rates himself."""
    if found is None or not found.open or found.closes < today:
        raise Refused("rating.unknown", "code")
    if cadre == found.cadre:
        raise Refused("rating.own")
    return found


def may_release(round_: Round, waiting: int, today: date) -> bool:
    """Five are waiting, and the day's step was not taken yet: not the fifth answer decides when, the calendar does.
    What is left at the end waits for no other day.
    """
    return waiting >= LEAST and (round_.phase == "closed" or (round_.phase == "open" and round_.released_on != today))


def release(round_: Round, marks: Sequence[int]) -> RatingsReleased:
    """The sum of all answers of a round that wait."""
    return RatingsReleased(
        release=uuid5(round_.round, f"release/{round_.released}"),
        kind=round_.kind,
        round=round_.round,
        cadre=round_.cadre,
        zone=round_.zone,
        region=round_.region,
        first=round_.first,
        last=round_.last,
        answers=len(marks),
        counts=_counts(marks),
    )


def merge(rounds: Sequence[Round], rests: Mapping[UUID, Sequence[int]]) -> RatingsReleased | None:
    """The sum of what is left of rounds of one kind, region and period that are closed: fewer than five of each, so
    that five or more together are of two rounds at least. None where they are fewer: those are withheld for ever.
    """
    left = [round_ for round_ in rounds if rests.get(round_.round)]
    marks = [mark for round_ in left for mark in rests[round_.round]]
    one = rounds[0]
    assert all(len(rest) < LEAST for rest in rests.values()), "what can stand alone is released alone"
    assert {(r.kind, r.region, r.first, r.last) for r in rounds} == {(one.kind, one.region, one.first, one.last)}
    if len(marks) < LEAST or one.region is None:
        return None
    return RatingsReleased(
        release=uuid5(min(round_.round for round_ in left), "rest"),
        kind=one.kind,
        region=one.region,
        first=one.first,
        last=one.last,
        answers=len(marks),
        counts=_counts(marks),
    )


def _counts(marks: Sequence[int]) -> tuple[int, ...]:
    return tuple(marks.count(mark) for mark in range(1, 6))
