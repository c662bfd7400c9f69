"""From events to rows: the pure fold of the projection.

Every event becomes facts: the state that it carries of one part (slot) of one row, with its stream version. The newest
version of each slot wins, so order does not matter, and the same event again changes nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from lianxin_schemas.envelope import Envelope
from lianxin_schemas.events import cases, responsibility, seals, visits
from lianxin_schemas.events.base import Event

from services.appraisal.store import merge
from services.appraisal.store.tables import TABLES, Rows
from services.runtime.inbox import Received
from services.runtime.rebuild import Projection
from services.runtime.receiver import Work

HERE = ZoneInfo("Asia/Shanghai")
LEVELS = {responsibility.ZoneLevel.GROUP: 0, responsibility.ZoneLevel.VILLAGE: 1, responsibility.ZoneLevel.TOWNSHIP: 2}


@dataclass(frozen=True, slots=True)
class Fact:
    """What an event says of one slot of one row; `values[0]` tells which of two is newer."""

    table: str
    key: tuple[Any, ...]
    slot: str
    values: tuple[Any, ...]


def local_day(moment: datetime) -> date:
    """The day that people here wrote when it happened."""
    return moment.astimezone(HERE).date()


def facts(envelope: Envelope, event: Event) -> Iterator[Fact]:
    """The facts of one event; a kind without any has none."""
    version, id_, time = envelope.streamversion, envelope.id, envelope.time
    match event:
        case visits.VisitLogged() | visits.VisitCorrected():
            said = (event.cadre, local_day(event.started), event.households)
            yield Fact(
                "visit", (event.visit,), "entry", (version, id_, envelope.type, time, envelope.recordedtime, *said)
            )
        case visits.VisitWithdrawn():
            yield Fact("visit", (event.visit,), "withdrawal", (version, id_, time, envelope.recordedtime))
        case cases.CaseEvent():
            for slot, values in _case(event, time):
                yield Fact("case_fact", (event.petition,), slot, (version, id_, *values))
        case responsibility.HouseholdRegistered():
            yield Fact("household", (event.household,), "", (version, event.group))
        case responsibility.ZoneDrawn():
            yield Fact("zone", (event.zone,), "", (version, LEVELS[event.level], event.groups))
        case responsibility.PairingStarted() | responsibility.PairingEnded():
            yield _answering("pairing", event.household, event, version)
        case responsibility.ZoneLeaderSet() | responsibility.ZoneLeaderEnded():
            yield _answering("leader", event.zone, event, version)
        case responsibility.TermStarted() | responsibility.TermEnded():
            yield _answering("term", event.cadre, event, version)


def _case(event: cases.CaseEvent, time: datetime) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Slot and values: every event that names a credit carries it, the newest holds (A4)."""
    match event:
        case cases.CaseOpened():
            month = local_day(event.registered).replace(day=1)
            yield "opened", (time, event.registered, month, event.zone)
        case cases.CaseLimitSet(step=cases.Step.REPLY):
            yield "limit", (event.due,)
        case cases.CaseAssigned() | cases.CaseAccepted() | cases.CaseDecided() | cases.CaseReplied():
            yield "credit", (event.credit.office, event.credit.cadre)
            if isinstance(event, cases.CaseReplied):
                yield "reply", (time,)


def _answering(kind: str, subject: str, event: Any, version: int) -> Fact:
    """A period as its newest event has it; one that was only begun has no last day."""
    return Fact(
        "responsibility", (kind, subject, event.cadre, event.since), "", (version, getattr(event, "until", None))
    )


def fold(received: Iterable[Received]) -> Rows:
    """The rows of a batch: for each key and slot what the newest event says."""
    rows: Rows = {table: {} for table in TABLES}
    for item in received:
        lane = (item.lane.source, item.lane.topic, item.lane.partition)
        _keep(rows, Fact("progress", lane, "", (item.envelope.recordedtime,)))
        for fact in facts(item.envelope, item.event):
            _keep(rows, fact)
    return rows


def _keep(rows: Rows, fact: Fact) -> None:
    slots = rows[fact.table].setdefault(fact.key, {})
    known = slots.get(fact.slot)
    if known is None or known[0] < fact.values[0]:
        slots[fact.slot] = fact.values


async def handler(connection: psycopg.AsyncConnection[Any], received: list[Received]) -> Work:
    """Brings the rows of a batch to the database, holding no lock; the merge runs with the marks."""
    rows = fold(received)
    await merge.stage(connection, rows)
    return Work(statements=merge.statements(rows))


KINDS: frozenset[type[Event]] = frozenset(
    {
        visits.VisitLogged,
        visits.VisitCorrected,
        visits.VisitWithdrawn,
        cases.CaseOpened,
        cases.CaseAssigned,
        cases.CaseLimitSet,
        cases.CaseAccepted,
        cases.CaseDecided,
        cases.CaseReplied,
        responsibility.TermStarted,
        responsibility.TermEnded,
        responsibility.ZoneDrawn,
        responsibility.ZoneLeaderSet,
        responsibility.ZoneLeaderEnded,
        responsibility.HouseholdRegistered,
        responsibility.PairingStarted,
        responsibility.PairingEnded,
        seals.LogSealed,
    }
)
PROJECTION = Projection(name="project", kinds=KINDS, tables=tuple(TABLES), handler=handler)
