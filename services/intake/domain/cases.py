"""A case as it looks from outside: assignment decides, intake shows it and asks it who may see what (C4, P2)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from lianxin_schemas.events import cases
from lianxin_schemas.events.base import Event


class Phase(StrEnum):
    """How far a petition has come."""

    REGISTERED = "registered"
    """On record here; its case has not come yet."""
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    DECIDED = "decided"
    REPLIED = "replied"
    REOPENED = "reopened"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Step:
    """A phase and when it was reached."""

    phase: Phase
    time: datetime


@dataclass(frozen=True)
class Case:
    """A case after some of its events; None is what none of them has told."""

    phase: Phase = Phase.REGISTERED
    steps: tuple[Step, ...] = ()
    credit: cases.Credit | None = None
    due: datetime | None = None
    because: tuple[cases.SumStep, ...] = ()
    outcome: cases.Outcome | None = None
    reply: cases.CaseReplied | None = None
    closing: cases.Closing | None = None


PHASES: dict[type[Event], Phase] = {
    cases.CaseAssigned: Phase.ASSIGNED,
    cases.CaseAccepted: Phase.ACCEPTED,
    cases.CaseDecided: Phase.DECIDED,
    cases.CaseReplied: Phase.REPLIED,
    cases.CaseReopened: Phase.REOPENED,
    cases.CaseClosed: Phase.CLOSED,
    cases.CaseWithdrawn: Phase.WITHDRAWN,
}


def evolve(case: Case, event: Event, time: datetime) -> Case:
    """The case after one more event of its stream."""
    if phase := PHASES.get(type(event)):
        case = replace(case, phase=phase, steps=(*case.steps, Step(phase, time)))
    if credit := getattr(event, "credit", None):
        case = replace(case, credit=credit)
    match event:
        case cases.CaseLimitSet(step=cases.Step.REPLY):
            return replace(case, due=event.due, because=event.because)
        case cases.CaseDecided():
            return replace(case, outcome=event.outcome)
        case cases.CaseReplied():
            return replace(case, reply=event)
        case cases.CaseClosed():
            return replace(case, closing=event.because)
    return case


def fold(events: Iterable[tuple[Event, datetime]]) -> Case:
    """The case after all its events, each with the time at which it happened, in the order of their versions."""
    case = Case()
    for event, time in events:
        case = evolve(case, event, time)
    return case
