"""How the cases of an inbox are told apart: by what is owed, and how soon (C3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.assignment.domain.days import day_of, end_of


class Tab(StrEnum):
    """Every case is on one of them, and on the last."""

    OVERDUE = "overdue"
    """A reply is owed, and its limit has passed."""
    TODAY = "today"
    """Today is the last day."""
    NEAR = "near"
    LATER = "later"
    WAITING = "waiting"
    """The resident was told, and has the word."""
    ENDED = "ended"
    ALL = "all"


@dataclass(frozen=True)
class Tabs:
    """The instants between the tabs."""

    now: datetime
    today: datetime
    """24:00 of the local day."""
    near: datetime
    """24:00 of the last day that is near."""


def tabs(now: datetime, near_days: int) -> Tabs:
    """The tabs at a moment; the next `near_days` after today are near."""
    day = day_of(now)
    return Tabs(now, end_of(day), end_of(day + timedelta(days=near_days)))
