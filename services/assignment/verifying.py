"""Compares the tables of register and cases with a plain refold of the log: no SQL, no code of what fills them."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from services.assignment.domain.days import SHANGHAI
from services.runtime.log import Entry

Tables = dict[str, set[tuple[Any, ...]]]
CASE = (
    *("petition", "phase", "reopened", "channel", "category", "zone", "registered", "resident", "said"),
    *("office", "cadre", "due", "outcome", "replied", "ended"),
)
"""The columns of case_now."""
STARTED = {"term.started": "term", "zone.leader_set": "leader", "pairing.started": "pairing"}
ENDED = {"term.ended": "term", "zone.leader_ended": "leader", "pairing.ended": "pairing"}


def refold(entries: Iterable[Entry]) -> Tables:
    """The rows that the tables should have after these entries."""
    regions: dict[str, tuple[Any, ...]] = {}
    offices: dict[str, tuple[Any, ...]] = {}
    cadres: dict[str, tuple[Any, ...]] = {}
    zones: dict[tuple[str, date], tuple[Any, ...]] = {}
    households: dict[tuple[str, date], tuple[Any, ...]] = {}
    periods: dict[tuple[Any, ...], date | None] = {}
    cases: dict[str, dict[str, Any]] = {}
    for entry in entries:
        event: Any = entry.event
        subject = entry.stream.partition("-")[2]
        since = date.min if entry.version == 1 else entry.time.astimezone(SHANGHAI).date()
        if event.name == "region.registered":
            regions[subject] = (subject, event.level, event.parent)
        elif event.name == "office.registered":
            offices[subject] = (subject, event.sector, event.region)
        elif event.name == "cadre.registered":
            cadres[subject] = (subject, event.office, event.rank, event.strengths)
        elif event.name == "zone.drawn":
            zones[subject, since] = (subject, since, event.level, event.groups, event.region)
        elif event.name == "household.registered":
            households[subject, since] = (subject, since, event.group, event.care)
        elif kind := STARTED.get(event.name):
            periods[kind, subject, event.since, event.cadre] = None
        elif kind := ENDED.get(event.name):
            periods[kind, subject, event.since, event.cadre] = event.until
        elif event.name.startswith("case."):
            _case(cases.setdefault(subject, {}), event, entry.time)
    return {
        "region": set(regions.values()),
        "office": set(offices.values()),
        "cadre": set(cadres.values()),
        "zone": set(zones.values()),
        "household": set(households.values()),
        "case_now": {tuple(case.get(column) for column in CASE) for case in cases.values()},
        "responsibility": {(*key, until) for key, until in periods.items()},
    }


def _case(case: dict[str, Any], event: Any, time: datetime) -> None:
    """Takes one more event of a case in."""
    happened = event.name.removeprefix("case.")
    if happened == "opened":
        case |= {column: getattr(event, column) for column in CASE if hasattr(event, column)} | {"reopened": False}
    elif happened == "assigned":
        case |= {"office": event.credit.office, "cadre": event.credit.cadre}
    elif happened == "limit_set":
        case["due"] = event.due
    elif happened == "decided":
        case["outcome"] = event.outcome
    elif happened == "replied":
        case["replied"] = time
    elif happened == "reopened":
        case |= {"reopened": True, "replied": None, "ended": None}
    elif happened in ("closed", "withdrawn"):
        case["ended"] = time
    if happened != "limit_set" and (happened != "assigned" or case["phase"] == "opened"):
        case["phase"] = happened


def differences(live: Tables, plain: Tables) -> list[str]:
    """Every row that only one of the two has, a sentence each."""
    return [
        sentence
        for table in plain
        for sentence in (
            *(f"{table}: {_text(row)} is not in the table" for row in plain[table] - live[table]),
            *(f"{table}: {_text(row)} is in the table alone" for row in live[table] - plain[table]),
        )
    ]


def _text(row: tuple[Any, ...]) -> str:
    return ", ".join("" if value is None else str(value) for value in row)
