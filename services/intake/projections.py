"""From events to rows: what a resident is shown of a case, who may ask the vault, which zones and households there are.

Each row is a newest state with the stream version it came from, so order does not matter and the same event again
changes nothing; of a case every event is kept, for what it says together is a decision of `domain/cases.py`.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from lianxin_schemas import codec
from lianxin_schemas.envelope import Envelope
from lianxin_schemas.events import cases, responsibility
from lianxin_schemas.events.base import Event

from services.intake.store.tables import TABLES, Key, Row, merge
from services.runtime.inbox import Received
from services.runtime.rebuild import Projection
from services.runtime.receiver import Work

Rows = dict[str, dict[Key, Row]]


def rows_of(envelope: Envelope, event: Event) -> Iterator[tuple[str, Row]]:
    """Table and row of one event; a kind without any has none."""
    version = envelope.streamversion
    until = getattr(event, "until", None)  # a period that was only begun has no last day
    match event:
        case cases.CaseEvent():
            yield "case_event", (event.petition, version, envelope.type, envelope.time, codec.to_json(event))
        case responsibility.ZoneDrawn():
            yield "zone", (event.zone, version, event.level, event.region, json.dumps(event.groups))
        case responsibility.ZoneLeaderSet() | responsibility.ZoneLeaderEnded():
            yield "zone_leader", (event.zone, event.cadre, event.since, version, until)
        case responsibility.HouseholdRegistered():
            yield "household", (event.household, version, event.group)
        case responsibility.PairingStarted() | responsibility.PairingEnded():
            yield "pairing", (event.household, event.cadre, event.since, version, until)
        case responsibility.TermStarted() | responsibility.TermEnded():
            yield "term", (event.cadre, event.since, version, until)
        case responsibility.OfficeRegistered():
            yield "office", (event.office, version, event.sector, event.region)
        case responsibility.RegionRegistered():
            yield "region", (event.region, version, event.level, event.parent)


def fold(received: Iterable[Received]) -> Rows:
    """The rows of a batch: for each key the newest."""
    rows: Rows = {}
    for item in received:
        for name, row in rows_of(item.envelope, item.event):
            table, known = TABLES[name], rows.setdefault(name, {})
            key = row[: table.key]
            if key not in known or table.version(known[key]) < table.version(row):
                known[key] = row
    return rows


async def handler(_: psycopg.AsyncConnection[Any], received: list[Received]) -> Work:
    """The rows of a batch, written with the marks."""
    rows = fold(received)
    return Work(statements=[merge(name, rows[name]) for name in TABLES if name in rows])


KINDS: frozenset[type[Event]] = frozenset(
    {
        cases.CaseOpened,
        cases.CaseAssigned,
        cases.CaseLimitSet,
        cases.CaseAccepted,
        cases.CaseDecided,
        cases.CaseReplied,
        cases.CaseReopened,
        cases.CaseClosed,
        cases.CaseWithdrawn,
        responsibility.ZoneDrawn,
        responsibility.ZoneLeaderSet,
        responsibility.ZoneLeaderEnded,
        responsibility.HouseholdRegistered,
        responsibility.PairingStarted,
        responsibility.PairingEnded,
        responsibility.TermStarted,
        responsibility.TermEnded,
        responsibility.OfficeRegistered,
        responsibility.RegionRegistered,
    }
)
PROJECTION = Projection(name="project", kinds=KINDS, tables=tuple(TABLES), handler=handler)
