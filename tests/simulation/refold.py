"""What tables must hold, refolded from logs by plain means."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

from lianxin_schemas import codec
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.responsibility import ZoneDrawn

from services.assignment.store import inbox as case_store
from services.runtime.log import Author, Entry


@lru_cache(maxsize=20_000)
def event_of(type_: str, data: str) -> Event:
    """The event of a row. Raises Unreadable."""
    return codec.parse(type_, json.loads(data))


def cases(rows: Iterable[Any]) -> dict[UUID, dict[str, Any]]:
    """assignment's table of cases, each event by itself, by the rows of its log."""
    found: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        if row.topic != "cases":
            continue
        event = event_of(row.type, row.data)
        entry = Entry(row.id, event, row.stream, row.version, row.time, Author("", ""), None)
        for _, (petitions, texts) in case_store.rows([entry]):
            for petition, text in zip(petitions, texts, strict=True):
                changed = json.loads(text)
                known = found.get(petition, {})
                if changed.pop("assigned", False) and known["phase"] == "opened":
                    changed["phase"] = "assigned"
                found[petition] = known | changed
    return found


def zones(rows: Iterable[Any]) -> set[str]:
    """assignment's zones."""
    events = (event_of(row.type, row.data) for row in rows if row.topic == "responsibility")
    return {event.zone for event in events if isinstance(event, ZoneDrawn)}
