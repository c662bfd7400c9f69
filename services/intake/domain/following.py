"""What a resident does about their own petition: by number and secret, without an account (U2), or by telephone and at
the counter, where staff enter it (C4, C8).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.petitions import (
    PetitionRegistered,
    PetitionVerdictGiven,
    PetitionWithdrawalAsked,
    Satisfaction,
    Solved,
)
from lianxin_schemas.ids import Time
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.intake.domain import times
from services.intake.domain.cases import Case, Phase
from services.intake.domain.vault import Words
from services.intake.domain.visits import Command
from services.refused import Refused

Typed = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class Code(BaseModel):
    """Number and secret as somebody typed them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Typed
    secret: Typed


class AskWithdrawal(Code, Command):
    """Ask for nothing any more."""


class AskErasure(Code, Command):
    """Have everything destroyed that is kept of oneself with this petition (P1)."""


class Verdict(Command):
    """What became of it (C8); the newest one holds."""

    solved: Solved
    satisfied: Satisfaction | None = None


class GiveVerdict(Code, Verdict):
    """Say what became of it."""

    words: Words | None = None


class EnterWithdrawal(Command):
    """Enter that a resident asked for nothing any more; `time` is when, now if left out."""

    time: Time | None = None


class EnterVerdict(Verdict):
    """Enter what a resident said became of it; `time` is when, now if left out."""

    time: Time | None = None


@dataclass(frozen=True)
class State:
    """A petition as far as its resident has had a hand in it."""

    registered: PetitionRegistered | None = None
    time: datetime | None = None
    withdrawal_asked: bool = False
    verdict: PetitionVerdictGiven | None = None
    verdict_time: datetime | None = None


def fold(events: Iterable[tuple[Event, datetime]]) -> State:
    """The petition after all events of its stream, each with its time."""
    state = State()
    for event, time in events:
        match event:
            case PetitionRegistered():
                state = replace(state, registered=event, time=time)
            case PetitionWithdrawalAsked():
                state = replace(state, withdrawal_asked=True)
            case PetitionVerdictGiven():
                state = replace(state, verdict=event, verdict_time=time)
            case _:
                raise AssertionError(f"{event.type()} is no event of a petition")
    return state


def ask_withdrawal(state: State, case: Case) -> list[Event]:
    """Taken at any time, once; whether it was in time, the case decides (C4)."""
    assert state.registered
    if state.withdrawal_asked:
        raise Refused("withdrawal.asked")
    if case.phase in (Phase.CLOSED, Phase.WITHDRAWN):
        raise Refused("petition.ended")
    return [PetitionWithdrawalAsked(petition=state.registered.petition)]


def give_verdict(state: State, case: Case, command: Verdict, said: str | None) -> list[Event]:
    """Taken from the reply on; on a reopened case from its next reply on. The same again says nothing new (C8)."""
    assert state.registered
    replied = [step.time for step in case.steps if step.phase is Phase.REPLIED]
    if not replied or case.phase is Phase.REOPENED:
        raise Refused("verdict.no-reply")
    last = state.verdict
    unchanged = last and (last.solved, last.satisfied) == (command.solved, command.satisfied)
    if unchanged and said is None and state.verdict_time and state.verdict_time >= replied[-1]:
        raise Refused("verdict.unchanged")
    return [
        PetitionVerdictGiven(
            petition=state.registered.petition, solved=command.solved, satisfied=command.satisfied, said=said
        )
    ]


def enter(
    state: State, case: Case, command: EnterVerdict | EnterWithdrawal, now: datetime, oldest_days: int | None
) -> list[tuple[Event, datetime]]:
    """What a resident said to somebody who enters it, each event with when it was said: not before the petition, and a
    verdict not before the reply it is about.
    """
    time = command.time or now
    times.check(time, now, oldest_days, "time")
    if isinstance(command, EnterVerdict):
        events = give_verdict(state, case, command, None)
        began = [step.time for step in case.steps if step.phase is Phase.REPLIED][-1]
    else:
        events = ask_withdrawal(state, case)
        began = state.time or time
    if command.time and command.time < began:
        raise Refused("time.before-start", "time")
    return [(event, max(time, began)) for event in events]
