"""Compares the register's tables with a plain refold of the log: no SQL, no code of what fills them."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from services.assignment.domain.days import SHANGHAI
from services.runtime.log import Entry

Tables = dict[str, set[tuple[Any, ...]]]
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
    for entry in entries:
        event: Any = entry.event
        subject = entry.stream.partition("-")[2]
        since = date.min if entry.version == 1 else entry.time.astimezone(SHANGHAI).date()
        if event.name == "region.registered":
            regions[subject] = (subject, event.level, event.parent)
        elif event.name == "office.registered":
            offices[subject] = (subject, event.sector, event.region)
        elif event.name == "cadre.registered":
            cadres[subject] = (subject, event.office, event.rank)
        elif event.name == "zone.drawn":
            zones[subject, since] = (subject, since, event.level, event.groups, event.region)
        elif event.name == "household.registered":
            households[subject, since] = (subject, since, event.group)
        elif kind := STARTED.get(event.name):
            periods[kind, subject, event.since, event.cadre] = None
        elif kind := ENDED.get(event.name):
            periods[kind, subject, event.since, event.cadre] = event.until
    return {
        "region": set(regions.values()),
        "office": set(offices.values()),
        "cadre": set(cadres.values()),
        "zone": set(zones.values()),
        "household": set(households.values()),
        "responsibility": {(*key, until) for key, until in periods.items()},
    }


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
