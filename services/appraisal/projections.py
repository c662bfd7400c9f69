"""From events to rows: the pure fold of the projection.

Every event becomes facts: the state that it carries of one part (slot) of one row, with its stream version. The newest
version of each slot wins (in some the oldest), so order does not matter, and the same event again changes nothing.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from lianxin_schemas.envelope import Envelope
from lianxin_schemas.events import cases, petitions, ratings, responsibility, seals, visits
from lianxin_schemas.events.base import Event

from services import categories
from services.appraisal.store import filling, merge
from services.appraisal.store.tables import TABLES, Rows
from services.runtime.database import Connection, Statement
from services.runtime.filling import Filling
from services.runtime.inbox import Lane, Received
from services.runtime.rebuild import Projection
from services.runtime.receiver import InTwo, Work

HERE = ZoneInfo("Asia/Shanghai")
LEVELS = {responsibility.ZoneLevel.GROUP: 0, responsibility.ZoneLevel.VILLAGE: 1, responsibility.ZoneLevel.TOWNSHIP: 2}


class Fact(NamedTuple):
    """What an event says of one slot of one row; by `values[0]` one of two holds: see `Table`."""

    table: str
    key: tuple[Any, ...]
    slot: str
    values: tuple[Any, ...]


def local_day(moment: datetime) -> date:
    """The day that people here wrote when it happened."""
    return moment.astimezone(HERE).date()


def facts(envelope: Envelope, event: Event) -> Iterator[Fact]:
    """The facts of one event; a kind without any has none."""
    version, id_, time, recorded = (
        envelope.streamversion,
        envelope.id_text,
        envelope.time_text,
        envelope.recordedtime_text,
    )
    match event:
        case visits.VisitLogged() | visits.VisitCorrected():
            said = (event.cadre, local_day(event.started), event.households)
            yield Fact("visit", _own(envelope), "entry", (version, id_, envelope.type, time, recorded, *said))
        case visits.VisitWithdrawn():
            yield Fact("visit", _own(envelope), "withdrawal", (version, id_, time, recorded))
        case cases.CaseEvent():
            for slot, values in _case(event, id_, time):
                yield Fact("case_fact", _own(envelope), slot, (version, *values))
        case petitions.PetitionRegistered():
            about = event.complaint is True or categories.about_officials(event.category)
            yield Fact("case_fact", _own(envelope), "petition", (version, about))
        case petitions.PetitionVerdictGiven():
            yield Fact("case_fact", _own(envelope), "verdict", (version, id_, time, event.solved, event.satisfied))
        case ratings.RatingsReleased():
            subject = (event.kind, event.cadre, event.zone, event.first, event.last)
            yield Fact("rating", _own(envelope), "", (version, id_, time, *subject, event.counts))
        case ratings.MarkGiven():
            given = (event.level, event.cadre, event.first, event.last, event.points)
            yield Fact("mark_given", _own(envelope), "", (version, id_, time, *given))
        case _:
            yield from _register(event, version)


def _own(envelope: Envelope) -> tuple[str]:
    """The key of a row that a stream has to itself: its id, as text like all that is only passed on."""
    return (envelope.subject.partition("-")[2],)


def _register(event: Event, version: int) -> Iterator[Fact]:
    """Regions, cadres, households, zones, and who answers for them."""
    match event:
        case responsibility.RegionRegistered():
            yield Fact("region", (event.region,), "", (version, event.level, event.parent))
        case responsibility.CadreRegistered():
            yield Fact("cadre", (event.cadre,), "", (version, event.office, event.rank))
        case responsibility.HouseholdRegistered():
            yield Fact("household", (event.household,), "", (version, event.group))
        case responsibility.ZoneDrawn():
            yield Fact("zone", (event.zone,), "", (version, LEVELS[event.level], event.groups, event.region))
        case responsibility.PairingStarted() | responsibility.PairingEnded():
            yield _answering("pairing", event.household, event, version)
        case responsibility.ZoneLeaderSet() | responsibility.ZoneLeaderEnded():
            yield _answering("leader", event.zone, event, version)
        case responsibility.TermStarted() | responsibility.TermEnded():
            yield _answering("term", event.cadre, event, version)


def _case(event: cases.CaseEvent, id_: str, time: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Slot and values: every event that names a credit carries it, the newest holds (A4)."""
    match event:
        case cases.CaseOpened():
            month = local_day(event.registered).replace(day=1)
            yield "opened", (id_, time, event.registered, month, event.zone)
        case cases.CaseLimitSet(step=cases.Step.REPLY):
            yield "limit", (id_, event.due)
            yield "first_limit", (event.due,)
        case cases.CaseReplied():
            yield "credit", (id_, event.credit.office, event.credit.cadre)
            yield "reply", (id_, time)
            yield "first_reply", (time,)
        case cases.CaseReopened():
            yield "credit", (id_, event.credit.office, event.credit.cadre)
            yield "reopened", (id_, time)
        case cases.CaseAssigned() | cases.CaseAccepted() | cases.CaseDecided():
            yield "credit", (id_, event.credit.office, event.credit.cadre)
        case cases.CaseWithdrawn():
            yield "withdrawn", (id_, time)


def _answering(kind: str, subject: str, event: Any, version: int) -> Fact:
    """A period as its newest event has it; one that was only begun has no last day."""
    return Fact(
        "responsibility", (kind, subject, event.cadre, event.since), "", (version, getattr(event, "until", None))
    )


def fold(received: Iterable[Received]) -> Rows:
    """The rows of a batch: for each key and slot what the newest event says."""
    rows: Rows = {table: {} for table in TABLES}
    heard: dict[Lane, str] = {}
    for item in received:
        recorded = item.envelope.recordedtime_text
        if heard.get(item.lane, "") < recorded:
            heard[item.lane] = recorded
        for fact in facts(item.envelope, item.event):
            _keep(rows, fact)
    rows["progress"] = {lane: {"": (recorded,)} for lane, recorded in heard.items()}
    return rows


def _keep(rows: Rows, fact: Fact) -> None:
    table, key, slot, values = fact
    slots = rows[table].setdefault(key, {})
    if (known := slots.get(slot)) is not None:
        older, newer = (values, known) if slot in TABLES[table].lowest else (known, values)
        if not older[0] < newer[0]:
            return
    slots[slot] = values


class Prepared(NamedTuple):
    """A batch as the database takes it."""

    staged: merge.Texts
    merges: list[Statement]


def prepare(received: list[Received]) -> Prepared:
    """Folds a batch and writes it down."""
    rows = fold(received)
    return Prepared({} if merge.few(rows) else merge.written(rows), merge.statements(rows))


async def keep(connection: Connection, batch: Prepared) -> Work:
    """Brings the rows of a batch to the database, holding no lock; the merge runs with the marks."""
    await merge.stage(connection, batch.staged)
    return Work(statements=batch.merges)


async def fill(connection: Connection, received: list[Received]) -> Work:
    """The same while empty tables are filled: rows are only added."""
    await merge.copy(connection, merge.written(fold(received)))
    return Work()


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
        cases.CaseReopened,
        cases.CaseWithdrawn,
        petitions.PetitionRegistered,
        petitions.PetitionVerdictGiven,
        ratings.RatingsReleased,
        ratings.MarkGiven,
        responsibility.RegionRegistered,
        responsibility.CadreRegistered,
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
PROJECTION = Projection(
    name="project",
    kinds=KINDS,
    tables=tuple(TABLES),
    handler=InTwo(prepare, keep),
    filling=Filling(fill, filling.STEPS),
)
