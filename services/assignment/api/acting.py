"""Commands on cases, as every route that takes them carries them out: one or many (C3, C4)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any, cast
from uuid import UUID

from fastapi import Request
from lianxin_schemas.events.cases import CaseEvent
from lianxin_schemas.ids import Uuid
from pydantic import BaseModel, ConfigDict

from services.assignment.domain import cases
from services.assignment.domain.cases import (
    AcceptCase,
    AssignCase,
    Case,
    CloseCase,
    Command,
    DecideCase,
    Decided,
    Hand,
    Moment,
    Named,
    ReplyCase,
)
from services.assignment.domain.complaints import Complaint
from services.assignment.domain.days import day_of
from services.assignment.store import complaints, responsible
from services.assignment.store.cases import stream_of
from services.refused import Refused
from services.runtime import log
from services.runtime.execute import Loaded, execute, look
from services.runtime.log import Entry, Fact
from services.web.principals import Principal, Role
from services.web.receipts import Receipt


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


async def one(petition: UUID, command: Command, principal: Principal, request: Request, after: str | None) -> Receipt:
    """Carries out a command by itself. Raises Refused as `carry_out` does."""
    await _arrived(request, after)
    task = Task(petition, command)
    return await carry_out(task, await look_at(request, [task]), principal, request)


async def look_at(request: Request, tasks: Sequence[Task]) -> Before:
    """How the cases of some commands stand."""
    pool = request.app.state.pool
    async with pool.connection() as connection:
        about = await complaints.of(connection, [task.petition for task in tasks])
    return Before(about, await look(pool, [task.command.command for task in tasks], [task.stream for task in tasks]))


async def carry_out(task: Task, before: Before, principal: Principal, request: Request) -> Receipt:
    """Carries out a command. `before` has its case; two that share it and a case come one after the other.

    Raises Refused `case.…`, `auth.scope`, `time.…`, and what `execute` raises.
    """
    complaint = open_to(before.complaints.get(task.petition), principal, assigns=isinstance(task.command, AssignCase))
    decide = await _decision(task, complaint, principal, request)

    def facts(entries: dict[str, list[Entry]]) -> list[Fact]:
        case = cases.fold((cast(CaseEvent, entry.event), entry.time) for entry in entries[task.stream])
        return [Fact(event, time) for event, time in decide(case)]

    receipt = await execute(
        request.app.state.pool,
        request.app.state.log,
        command=task.command.command,
        hash_=log.content_hash(task.command, f"{ACTS[type(task.command)]} {task.stream}"),
        author=principal.author,
        streams=[task.stream],
        decide=facts,
        loaded=before.loaded,
    )
    return Receipt.of(receipt)


async def _decision(
    task: Task, complaint: Complaint, principal: Principal, request: Request
) -> Callable[[Case], Sequence[Decided]]:
    """What a command does to its case."""
    petition, moment, hand = task.petition, _moment(principal, request), hand_of(principal)
    match task.command:
        case AssignCase() as command:
            named = await _named(command, moment, request)
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


async def _named(command: AssignCase, moment: Moment, request: Request) -> Named:
    async with request.app.state.pool.connection() as connection:
        county = command.office == request.app.state.settings.county_office
        office = county or await responsible.office_exists(connection, command.office)
        day = day_of(command.time or moment.now)
        return Named(office, command.cadre and await responsible.office_of(connection, command.cadre, day))


def open_to(complaint: Complaint | None, principal: Principal, *, assigns: bool = False) -> Complaint:
    """Whom the petition is about. Refuses where there is no case, and in the same words those it is hidden from."""
    if complaint is None or complaint.hides_from(principal.id, assigns=assigns):
        raise Refused("case.not-found")
    return complaint


async def _arrived(request: Request, after: str | None) -> None:
    """Waits for what the case follows from. What has not come by then is told by the case itself: a command is never
    answered 202, which would read as accepted.
    """
    try:
        await request.app.state.arrivals.wait(after)
    except Refused as refused:
        if refused.code != "after.not-yet":
            raise


def _moment(principal: Principal, request: Request) -> Moment:
    oldest = None if principal.has(Role.IMPORT) else request.app.state.settings.oldest_days
    return Moment(datetime.now(UTC), oldest)


def hand_of(principal: Principal) -> Hand:
    """As whom a principal acts."""
    return Hand(
        cadre=principal.id if principal.has(Role.CADRE) else None,
        office=principal.office if principal.has(Role.OFFICE) else None,
        any=principal.has(Role.IMPORT),
    )
