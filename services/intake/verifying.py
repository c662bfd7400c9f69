"""The projection's tables as they should be: a second, plain fold from JSON. It shares nothing with the first.

All events of a key are kept until the end, then gone through in the order of their versions.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from services.intake.settings import Settings
from services.runtime import rebuild
from services.runtime.inbox import Message

SHOWN = 20
CONSUMER = "project"
SELECTS = {
    "case_event": "SELECT petition, version, type, time, data FROM case_event",
    "zone": "SELECT zone, version, level, region, groups FROM zone",
    "leader": "SELECT zone, cadre, since, version, until FROM zone_leader",
    "household": "SELECT household, version, of_group FROM household",
    "pairing": "SELECT household, cadre, since, version, until FROM pairing",
    "term": "SELECT cadre, since, version, until FROM term",
    "office": "SELECT office, version, sector, region FROM office",
    "region": "SELECT region, version, level, parent FROM region",
}
REGISTERED = {
    "zone.drawn": ("zone", "level", "region", "groups"),
    "household.registered": ("household", "group"),
    "office.registered": ("office", "sector", "region"),
    "region.registered": ("region", "level", "parent"),
}
"""What is kept of the newest; the first names the table and is its key."""
PERIODS = {
    "zone.leader_set": ("leader", "zone", "cadre"),
    "zone.leader_ended": ("leader", "zone", "cadre"),
    "pairing.started": ("pairing", "household", "cadre"),
    "pairing.ended": ("pairing", "household", "cadre"),
    "term.started": ("term", "cadre"),
    "term.ended": ("term", "cadre"),
}
"""The table, and what the key is beside the first day."""
Lane = tuple[str, str, int]
Rows = set[tuple[Any, ...]]


@dataclass
class Refold:
    """What the topics say up to some marks, leaving out the numbers set aside."""

    marks: dict[Lane, int]
    aside: set[tuple[Lane, int]]
    seen: Counter[Lane] = field(default_factory=Counter)
    """How many numbers of each lane were read."""
    _known: set[tuple[Lane, int]] = field(default_factory=set)
    _events: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def take(self, messages: Iterable[Message]) -> None:
        """Takes in messages in whatever order they come."""
        for message in messages:
            try:
                body = json.loads(message.value or b"")
                lane, number = (body["source"], message.topic, message.partition), body["lanenumber"]
            except (ValueError, LookupError, TypeError):
                continue  # outside a lane, and parked alone by whoever reads it
            if number <= self.marks.get(lane, 0) and (lane, number) not in self._known:
                self._known.add((lane, number))
                self.seen[lane] += 1
                if (lane, number) not in self.aside:
                    self._events[body["subject"]].append(body)

    def tables(self) -> dict[str, Rows]:
        """All tables, each a set of rows; a case's data as sorted JSON."""
        found: dict[str, dict[Any, tuple[Any, ...]]] = {name: {} for name in SELECTS}
        for events in self._events.values():
            for body in sorted(events, key=lambda body: int(body["streamversion"])):
                _apply(found, body)
        return {name: set(rows.values()) for name, rows in found.items()}


def _apply(found: dict[str, dict[Any, tuple[Any, ...]]], body: dict[str, Any]) -> None:
    name, data, version = body["type"].removeprefix("lianxin.").removesuffix(".v1"), body["data"], body["streamversion"]
    if name.startswith("case."):
        time = datetime.fromisoformat(body["time"])
        row = (UUID(data["petition"]), version, body["type"], time, json.dumps(data, sort_keys=True))
        found["case_event"][row[:2]] = row
    elif name in REGISTERED:
        table, *columns = REGISTERED[name]
        found[table][data[table]] = _plain((data[table], version, *map(data.get, columns)))
    elif name in PERIODS:
        table, *columns = PERIODS[name]
        key = (*(data[column] for column in columns), date.fromisoformat(data["since"]))
        until = date.fromisoformat(data["until"]) if "until" in data else None
        found[table][key] = (*key, version, until)


async def _look(settings: Settings) -> tuple[Refold, dict[str, Rows]]:
    """Marks, numbers set aside and all tables, of one moment."""
    info = settings.database("intake", guarded=False)
    async with await psycopg.AsyncConnection.connect(info) as connection:
        await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)

        async def rows(sql: str) -> list[tuple[Any, ...]]:
            cursor = await connection.execute(sql)
            return await cursor.fetchall()

        marks = await rows(f"SELECT source, topic, partition, number FROM mark WHERE consumer = '{CONSUMER}'")
        aside = await rows(f"SELECT source, topic, partition, number FROM parked WHERE consumer = '{CONSUMER}'")
        tables = {name: set(map(_plain, await rows(sql))) for name, sql in SELECTS.items()}
    reached = {(source, topic, partition): number for source, topic, partition, number in marks}
    left_out = {((source, topic, partition), number) for source, topic, partition, number in aside}
    return Refold(reached, left_out), tables


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value for value in row)


def differences(refold: Refold, live: dict[str, Rows]) -> Iterator[str]:
    """The sentences, once `refold` has taken in the topics."""
    for lane, number in sorted(refold.marks.items()):
        if (seen := refold.seen[lane]) < number:
            yield f"the lane {lane[0]} {lane[1]}/{lane[2]} is applied up to {number}, Kafka holds {seen} of these"
    for name, rows in refold.tables().items():
        yield from (f"{name}: live alone has {row}" for row in sorted(live[name] - rows, key=str))
        yield from (f"{name}: refolded alone has {row}" for row in sorted(rows - live[name], key=str))


async def _looked(settings: Settings) -> tuple[Refold, dict[str, Rows]]:
    refold, live = await _look(settings)
    async for messages in rebuild.history(settings, "intake", lambda _done, _of: None):
        refold.take(messages)
    return refold, live


def verify(settings: Settings) -> list[str]:
    """Every difference, a sentence each. More than 20 end in a count."""
    refold, live = asyncio.run(_looked(settings))
    found = list(differences(refold, live))
    return found if len(found) <= SHOWN else [*found[:SHOWN], f"and {len(found) - SHOWN} more"]
