"""A round in which a cadre is rated: opened, closed (G1). Whom it credits is fixed when it is opened (A4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.ratings import RatingKind, RoundClosed, RoundOpened

from services.intake.domain.visits import Command
from services.refused import Refused

LEAST = 5
"""Answers that a figure needs (G2)."""
MOST_INVITED = 1_000
"""Each answer writes anew those of its round that wait; more people are asked in several rounds."""
SHANGHAI = ZoneInfo("Asia/Shanghai")


class OpenRound(Command):
    """Ask `invited` people about a cadre; the answer holds a code for each."""

    round: RoundOpened


class CloseRound(Command):
    """Take no more answers."""


@dataclass(frozen=True)
class State:
    """A round as its events have it."""

    opened: RoundOpened | None = None
    closed: bool = False


def evolve(state: State, event: Event) -> State:
    """The round after one more event of its stream."""
    match event:
        case RoundOpened():
            return State(opened=event)
        case RoundClosed():
            return State(state.opened, closed=True)
        case _:
            raise AssertionError(f"{event.type()} is no event of a round")


def fold(events: Iterable[Event]) -> State:
    """The round after all events of its stream."""
    state = State()
    for event in events:
        state = evolve(state, event)
    return state


def local_day(moment: datetime) -> date:
    """The day in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).date()


def open_round(command: OpenRound, today: date) -> list[Event]:
    """A second round under one id is refused by the log itself."""
    asked = command.round
    if asked.last < asked.first:
        raise Refused("period.backwards", "round.last")
    if asked.closes < today:
        raise Refused("round.closes-past", "round.closes")
    if asked.kind is RatingKind.ZONE and asked.zone is None:
        raise Refused("round.zone-missing", "round.zone")
    if asked.invited > MOST_INVITED:
        raise Refused("round.too-many", "round.invited", most=MOST_INVITED)
    return [asked]


def close_round(state: State, today: date, released: int, waiting: int) -> list[Event]:
    """Answers are taken until the end of `closes`, and everybody is told that day: it does not end before.

    `answered` counts those that leave under the round's own name: `released` did, and `waiting` will if they are five
    or more. A rest of fewer is in no figure, so that none can be found by taking one figure from another (G2).
    """
    if state.opened is None:
        raise Refused("round.not-found")
    if state.closed:
        raise Refused("round.closed")
    if today <= state.opened.closes:
        raise Refused("round.still-open", closes=state.opened.closes)
    answered = released + (waiting if waiting >= LEAST else 0)
    return [RoundClosed(**state.opened.model_dump(exclude={"closes"}), answered=answered or None)]
