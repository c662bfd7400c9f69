"""A petition's way through the offices: one case per petition (C3, C4, A4)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from lianxin_schemas.events.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseClosed,
    CaseDecided,
    CaseEvent,
    CaseLimitSet,
    CaseOpened,
    CaseReopened,
    CaseReplied,
    CaseWithdrawn,
    Closing,
    Credit,
    Outcome,
    Step,
)
from lianxin_schemas.events.petitions import PetitionRegistered
from lianxin_schemas.ids import CadreId, OfficeId, Time, Uuid, VaultRef
from pydantic import BaseModel, ConfigDict

from services.assignment.domain import limits, times
from services.assignment.domain.complaints import Complaint
from services.assignment.domain.limits import Law
from services.refused import Refused


class Command(BaseModel):
    """What someone asks for. `command` is the client's id; `time` is when it was done, now if left out (C3b)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: Uuid
    time: Time | None = None


class AssignCase(Command):
    """Let an office answer for the case, or one cadre of it."""

    office: OfficeId
    cadre: CadreId | None = None


class AcceptCase(Command):
    """The office takes the petition up."""


class DecideCase(Command):
    """The office has decided."""

    outcome: Outcome


class ReplyCase(Command):
    """The resident was told the decision, in words that lie in the vault where `said` names them."""

    said: VaultRef | None = None


class CloseCase(Command):
    """The resident was asked and has said nothing (C8)."""


class Phase(StrEnum):
    """How far a case has come."""

    NONE = "none"
    OPENED = "opened"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    DECIDED = "decided"
    REPLIED = "replied"
    REOPENED = "reopened"
    """Open again: the office decides once more. It need not accept again."""
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


ENDED = (Phase.CLOSED, Phase.WITHDRAWN)


@dataclass(frozen=True)
class Case:
    """A case as decisions and answers need it. `last` is when the newest step was done; `stopped` is when the limit in
    force ceased to run, by the reply or because nobody waits for one any more.
    """

    phase: Phase = Phase.NONE
    credit: Credit | None = None
    limit: CaseLimitSet | None = None
    last: datetime | None = None
    stopped: datetime | None = None
    reopened: bool = False
    """Whether it was opened a second time, ever."""
    closing: Closing | None = None

    @property
    def open(self) -> bool:
        """Whether a reply is owed."""
        return self.phase not in (Phase.NONE, Phase.REPLIED, *ENDED)

    @property
    def movable(self) -> bool:
        """Whether another may still be given it."""
        return self.phase not in (Phase.DECIDED, Phase.REPLIED, *ENDED)

    def overdue(self, now: datetime) -> bool:
        """Whether the limit in force had passed when the reply came, or has passed and none has come."""
        return self.limit is not None and (self.stopped or now) >= self.limit.due


def evolve(case: Case, event: CaseEvent, time: datetime) -> Case:  # noqa: PLR0911 - one return per event reads best
    """The case after one more event of its stream, which happened at `time`."""
    match event:
        case CaseOpened():
            return replace(case, phase=Phase.OPENED, last=time)
        case CaseAssigned():
            # A hand-over keeps what was reached: the new one goes on from there.
            phase = Phase.ASSIGNED if case.phase is Phase.OPENED else case.phase
            return replace(case, phase=phase, credit=event.credit, last=time)
        case CaseLimitSet():
            return replace(case, limit=event)
        case CaseAccepted():
            return replace(case, phase=Phase.ACCEPTED, last=time)
        case CaseDecided():
            return replace(case, phase=Phase.DECIDED, last=time)
        case CaseReplied():
            return replace(case, phase=Phase.REPLIED, last=time, stopped=time)
        case CaseReopened():
            return replace(case, phase=Phase.REOPENED, last=time, stopped=None, reopened=True, closing=None)
        case CaseClosed():
            stopped = case.stopped or time
            return replace(case, phase=Phase.CLOSED, last=time, stopped=stopped, closing=event.because)
        case CaseWithdrawn():
            return replace(case, phase=Phase.WITHDRAWN, last=time, stopped=time)
        case _:
            raise AssertionError(f"{event.type()} is no event of a case")


def fold(facts: Iterable[tuple[CaseEvent, datetime]]) -> Case:
    """The case after all events of its stream, each with the time it happened."""
    case = Case()
    for event, time in facts:
        case = evolve(case, event, time)
    return case


@dataclass(frozen=True)
class Hand:
    """Who acts: as a cadre, as staff of an office, or with the right to enter whatever was done."""

    cadre: str | None = None
    office: str | None = None
    any: bool = False

    def answers_for(self, credit: Credit) -> bool:
        """Whether the case is theirs to handle."""
        cadre = self.cadre is not None and self.cadre == credit.cadre
        return self.any or cadre or (self.office is not None and self.office == credit.office)


@dataclass(frozen=True)
class Moment:
    """When a command is decided, and how far back its `time` may lie; None for those who may import."""

    now: datetime
    oldest_days: int | None


Decided = tuple[CaseEvent, datetime]
"""An event and when it happened."""


def open_case(petition: PetitionRegistered, registered: datetime, credit: Credit, law: Law) -> list[CaseEvent]:
    """A registered petition has a case, someone who answers for it and a limit, all at once."""
    due, because = limits.limit(law, Step.REPLY, registered)
    id_ = petition.petition
    return [
        CaseOpened(
            petition=id_,
            channel=petition.channel,
            category=petition.category,
            zone=petition.zone,
            registered=registered,
            resident=petition.resident,
            said=petition.said,
        ),
        CaseAssigned(petition=id_, credit=credit),
        CaseLimitSet(petition=id_, step=Step.REPLY, due=due, because=because),
    ]


@dataclass(frozen=True)
class Named:
    """What is known of those whom an assignment names, on its day."""

    office: bool
    """Whether the register has the office."""
    office_of: str | None
    """The office of the cadre; None out of office, or where no cadre is named."""


def assign(
    case: Case, petition: Uuid, command: AssignCase, moment: Moment, named: Named, complaint: Complaint
) -> list[Decided]:
    """Another answers for the case from now on."""
    _standing(case)
    if not case.movable:
        raise Refused(f"case.already-{case.phase}")
    complaint.check(command.cadre)
    if not named.office:
        raise Refused("case.office-unknown", "office")
    if command.cadre is not None and named.office_of != command.office:
        raise Refused("case.cadre-elsewhere", "cadre")
    credit = Credit(office=command.office, cadre=command.cadre)
    if credit == case.credit:
        raise Refused("case.already-assigned", "office")
    return [(CaseAssigned(petition=petition, credit=credit), _when(case, command, moment))]


def accept(case: Case, petition: Uuid, command: AcceptCase, moment: Moment, hand: Hand) -> list[Decided]:
    """The office takes up what it was assigned."""
    credit = _own(case, hand)
    if case.phase is Phase.REOPENED:
        raise Refused("case.already-accepted")
    if case.phase is not Phase.ASSIGNED:
        raise Refused(f"case.already-{case.phase}")
    return [(CaseAccepted(petition=petition, credit=credit), _when(case, command, moment))]


def decide(case: Case, petition: Uuid, command: DecideCase, moment: Moment, hand: Hand) -> list[Decided]:
    """The office decides what it has accepted, or what was opened again."""
    credit = _own(case, hand)
    if case.phase is Phase.ASSIGNED:
        raise Refused("case.not-accepted")
    if case.phase not in (Phase.ACCEPTED, Phase.REOPENED):
        raise Refused(f"case.already-{case.phase}")
    event = CaseDecided(petition=petition, outcome=command.outcome, credit=credit)
    return [(event, _when(case, command, moment))]


def reply(case: Case, petition: Uuid, command: ReplyCase, moment: Moment, hand: Hand) -> list[Decided]:
    """The resident hears what was decided."""
    credit = _own(case, hand)
    if case.phase in (Phase.ASSIGNED, Phase.ACCEPTED, Phase.REOPENED):
        raise Refused("case.not-decided")
    if case.phase is not Phase.DECIDED:
        raise Refused(f"case.already-{case.phase}")
    return [(CaseReplied(petition=petition, credit=credit, said=command.said), _when(case, command, moment))]


def close(case: Case, petition: Uuid, command: CloseCase, moment: Moment, hand: Hand) -> list[Decided]:
    """Nobody has answered, and nothing more is to come, unless the resident says "not solved" after all."""
    _own(case, hand)
    if case.open:
        raise Refused("case.not-replied")
    if case.phase is not Phase.REPLIED:
        raise Refused(f"case.already-{case.phase}")
    return [(CaseClosed(petition=petition, because=Closing.NO_ANSWER), _when(case, command, moment))]


def _standing(case: Case) -> None:
    if case.phase is Phase.NONE:
        raise Refused("case.not-found")


def _own(case: Case, hand: Hand) -> Credit:
    """Who is credited; refuses those whose case it is not before it says anything of how it stands."""
    _standing(case)
    if case.credit is None:
        raise Refused("case.not-assigned")
    if not hand.answers_for(case.credit):
        raise Refused("auth.scope")
    return case.credit


def _when(case: Case, command: Command, moment: Moment) -> datetime:
    assert case.last is not None
    return times.done_at(command.time, case.last, moment.now, moment.oldest_days)
