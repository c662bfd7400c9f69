"""Commands on cases, as all routes and pages that take them carry them out: one or many (C3, C4)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, cast
from uuid import UUID

from lianxin_schemas.events.cases import CaseEvent, Outcome
from lianxin_schemas.ids import Uuid
from pydantic import BaseModel, ConfigDict

from services.assignment.desk import Desk, hand_of, open_to
from services.assignment.domain import cases
from services.assignment.domain.cases import (
    AcceptCase,
    AssignCase,
    Case,
    CloseCase,
    Command,
    DecideCase,
    Decided,
    Moment,
    Named,
    ReplyCase,
)
from services.assignment.domain.complaints import Complaint
from services.assignment.domain.days import day_of
from services.assignment.queries.cases import Found
from services.assignment.store import complaints, responsible
from services.assignment.store.cases import stream_of
from services.refused import Refused
from services.runtime import log
from services.runtime.execute import Loaded, execute, look
from services.runtime.log import Entry, Fact, Receipt
from services.web.principals import Principal, Role


class Kind(StrEnum):
    """What is to be done about a case."""

    ASSIGN = "assign"
    ACCEPT = "accept"
    DECIDE = "decide"
    REPLY = "reply"
    CLOSING = "closing"


COMMANDS: dict[Kind, type[Command]] = {
    Kind.ASSIGN: AssignCase,
    Kind.ACCEPT: AcceptCase,
    Kind.DECIDE: DecideCase,
    Kind.REPLY: ReplyCase,
    Kind.CLOSING: CloseCase,
}
ACTS: dict[type[Command], str] = {
    AssignCase: "assignment",
    AcceptCase: "acceptance",
    DecideCase: "decision",
    ReplyCase: "reply",
    CloseCase: "closing",
}
"""What they are called in addresses, and in what makes two commands the same."""


class Item(BaseModel):
    """Which case something is to be done about; the other fields are the command's."""

    model_config = ConfigDict(extra="allow")

    petition: Uuid
    kind: Kind


@dataclass(frozen=True)
class Task:
    """A command on a case."""

    petition: UUID
    command: Command

    @property
    def stream(self) -> str:
        """The case's."""
        return stream_of(self.petition)


@dataclass(frozen=True)
class Before:
    """How cases stand before commands on them; one without a case has no complaint, not even an empty one."""

    complaints: dict[UUID, Complaint]
    loaded: Loaded


def task_of(given: Any) -> Task:
    """The task in an item of a batch. Raises ValidationError."""
    item = Item.model_validate(given)
    return Task(item.petition, COMMANDS[item.kind].model_validate(item.model_extra))


async def one(desk: Desk, petition: UUID, command: Command, principal: Principal, now: datetime) -> Receipt:
    """Carries out a command by itself. Raises Refused as `carry_out` does, and `auth.scope` for a hand-over by others
    than the organisation department and the county's office; an import hands over in batches.
    """
    if isinstance(command, AssignCase) and not desk.dispatches(principal):
        raise Refused("auth.scope")
    task = Task(petition, command)
    return await carry_out(desk, task, await look_at(desk, [task]), principal, now)


async def look_at(desk: Desk, tasks: Sequence[Task]) -> Before:
    """How the cases of some commands stand."""
    async with desk.pool.connection() as connection:
        about = await complaints.of(connection, [task.petition for task in tasks])
    commands, streams = [task.command.command for task in tasks], [task.stream for task in tasks]
    return Before(about, await look(desk.pool, commands, streams))


async def carry_out(desk: Desk, task: Task, before: Before, principal: Principal, now: datetime) -> Receipt:
    """Carries out a command. `before` has its case; two that share it and a case come one after the other.

    Raises Refused `case.…`, `auth.scope`, `time.…`, and what `execute` raises.
    """
    complaint = open_to(before.complaints.get(task.petition), principal, assigns=isinstance(task.command, AssignCase))
    decide = await _decision(desk, task, complaint, principal, now)

    def facts(entries: dict[str, list[Entry]]) -> list[Fact]:
        case = cases.fold((cast(CaseEvent, entry.event), entry.time) for entry in entries[task.stream])
        return [Fact(event, time) for event, time in decide(case)]

    return await execute(
        desk.pool,
        desk.log,
        command=task.command.command,
        hash_=log.content_hash(task.command, f"{ACTS[type(task.command)]} {task.stream}"),
        author=principal.author,
        streams=[task.stream],
        decide=facts,
        loaded=before.loaded,
    )


def possible(desk: Desk, found: Found, petition: UUID, principal: Principal, now: datetime) -> list[str]:
    """What somebody may do to a case as it stands now, in the order in which it is done."""
    case, moment, hand = found.case, Moment(now, None), hand_of(principal)
    outcome = Outcome.SOLVED  # whichever
    steps: dict[type[Command], Callable[[], Sequence[Decided]]] = {
        AcceptCase: lambda: cases.accept(case, petition, AcceptCase(command=petition), moment, hand),
        DecideCase: lambda: cases.decide(case, petition, DecideCase(command=petition, outcome=outcome), moment, hand),
        ReplyCase: lambda: cases.reply(case, petition, ReplyCase(command=petition), moment, hand),
        CloseCase: lambda: cases.close(case, petition, CloseCase(command=petition), moment, hand),
    }
    acts = [ACTS[step] for step, decide in steps.items() if _passes(decide)]
    return [*acts, ACTS[AssignCase]] if case.movable and desk.dispatches(principal) else acts


def _passes(decide: Callable[[], Sequence[Decided]]) -> bool:
    try:
        decide()
    except Refused:
        return False
    return True


async def _decision(
    desk: Desk, task: Task, complaint: Complaint, principal: Principal, now: datetime
) -> Callable[[Case], Sequence[Decided]]:
    """What a command does to its case."""
    oldest_days = None if principal.has(Role.IMPORT) else desk.settings.oldest_days
    petition, moment, hand = task.petition, Moment(now, oldest_days), hand_of(principal)
    match task.command:
        case AssignCase() as command:
            named = await _named(desk, command, now)
            return partial(
                cases.assign, petition=petition, command=command, moment=moment, named=named, complaint=complaint
            )
        case AcceptCase() as command:
            return partial(cases.accept, petition=petition, command=command, moment=moment, hand=hand)
        case DecideCase() as command:
            return partial(cases.decide, petition=petition, command=command, moment=moment, hand=hand)
        case ReplyCase() as command:
            return partial(cases.reply, petition=petition, command=command, moment=moment, hand=hand)
        case CloseCase() as command:
            return partial(cases.close, petition=petition, command=command, moment=moment, hand=hand)
    raise AssertionError(f"{type(task.command).__name__} is no command on a case")


async def _named(desk: Desk, command: AssignCase, now: datetime) -> Named:
    async with desk.pool.connection() as connection:
        county = command.office == desk.settings.county_office
        office = county or await responsible.office_exists(connection, command.office)
        day = day_of(command.time or now)
        return Named(office, command.cadre and await responsible.office_of(connection, command.cadre, day))
