"""A visit: logged, corrected, withdrawn (V1-V3). The log keeps all that was ever said of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.visits import Visit, VisitCorrected, VisitLogged, VisitWithdrawn, WithdrawalReason
from lianxin_schemas.ids import Uuid
from pydantic import BaseModel, ConfigDict

from services import categories
from services.intake.domain import times
from services.refused import Refused


class Command(BaseModel):
    """What someone asks for. `command` is the client's id: the same one sent twice counts once (V2)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: Uuid


class LogVisit(Command):
    """Enter a visit, at once or later."""

    visit: VisitLogged


class CorrectVisit(Command):
    """Enter the whole visit anew."""

    visit: VisitCorrected


class WithdrawVisit(Command):
    """Take the entry back."""

    reason: WithdrawalReason


class Phase(StrEnum):
    """Where the entry of a visit stands."""

    NONE = "none"
    LOGGED = "logged"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class State:
    """The entry of one visit."""

    phase: Phase = Phase.NONE
    visit: Visit | None = None


def evolve(state: State, event: Event) -> State:
    """The entry after one more event of its stream."""
    match event:
        case VisitLogged() | VisitCorrected():
            return State(Phase.LOGGED, event)
        case VisitWithdrawn():
            return State(Phase.WITHDRAWN, state.visit)
        case _:
            raise AssertionError(f"{event.type()} is no event of a visit")


def fold(events: Iterable[Event]) -> State:
    """The entry after all events of its stream."""
    state = State()
    for event in events:
        state = evolve(state, event)
    return state


def log_visit(command: LogVisit, now: datetime, oldest_days: int | None) -> list[Event]:
    """Whoever logs needs no state: a second entry under one id is refused by the log itself."""
    times.check(command.visit.started, now, oldest_days, "visit.started")
    times.check(command.visit.ended, now, None, "visit.ended")
    _check_matters(command.visit)
    return [command.visit]


def correct_visit(state: State, command: CorrectVisit, now: datetime, oldest_days: int | None) -> list[Event]:
    """The new entry replaces the old one as a whole (V3)."""
    old = _logged(state)
    times.check(command.visit.started, now, oldest_days, "visit.started")
    times.check(command.visit.ended, now, None, "visit.ended")
    _check_matters(command.visit)
    if old.model_dump() == command.visit.model_dump():
        raise Refused("visit.unchanged")
    return [command.visit]


def withdraw_visit(state: State, command: WithdrawVisit) -> list[Event]:
    """The entry no longer counts (V3)."""
    return [VisitWithdrawn(visit=_logged(state).visit, reason=command.reason)]


def _check_matters(visit: Visit) -> None:
    """Refuses what is about officials: it would stand beside a household, where everybody may read it (C4)."""
    matters = {f"needs.{nth}": need for nth, need in enumerate(visit.needs)}
    matters |= {f"promises.{nth}.matter": promise.matter for nth, promise in enumerate(visit.promises)}
    for field, matter in matters.items():
        if categories.about_officials(matter):
            raise Refused("need.about-officials", f"visit.{field}")


def _logged(state: State) -> Visit:
    if state.visit is None:
        raise Refused("visit.not-found")
    if state.phase is Phase.WITHDRAWN:
        raise Refused("visit.withdrawn")
    return state.visit
