"""The editions of policies: a table written with the events that it shows, refilled from the log (A1)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString, cast
from uuid import UUID

import psycopg
from lianxin_schemas import codec
from lianxin_schemas.events.scores import PolicyAdopted

from services.runtime.database import Statement, send
from services.runtime.log import Entry

HISTORY: LiteralString = "SELECT id, type, time, data FROM events WHERE topic = 'scores' ORDER BY position"
Edition = tuple[PolicyAdopted, UUID, datetime]
"""An edition, the event that says so, and when it was adopted."""


def rows(entries: Sequence[Entry]) -> list[Statement]:
    """Statements that bring the table from before these entries to after them."""
    return [_insert(entry.event, entry.id, entry.time) for entry in entries if isinstance(entry.event, PolicyAdopted)]


def _insert(event: PolicyAdopted, id_: UUID, time: datetime) -> Statement:
    return (
        "INSERT INTO policy (policy, edition, event, adopted, data) VALUES (%s, %s, %s, %s, %s)",
        [event.policy, event.edition, id_, time, codec.to_json(event)],
    )


async def editions(connection: psycopg.AsyncConnection[Any]) -> list[Edition]:
    """All editions of all policies, by policy and edition."""
    cursor = await connection.execute("SELECT data, event, adopted FROM policy ORDER BY policy, edition")
    return [(_read(PolicyAdopted.type(), data), event, adopted) for data, event, adopted in await cursor.fetchall()]


async def _history(connection: psycopg.AsyncConnection[Any]) -> list[Edition]:
    cursor = await connection.execute(HISTORY)
    return [(_read(type_, data), id_, time) for id_, type_, time, data in await cursor.fetchall()]


def _read(type_: str, data: dict[str, Any]) -> PolicyAdopted:
    return cast(PolicyAdopted, codec.parse(type_, data))


async def rebuild(connection: psycopg.AsyncConnection[Any]) -> int:
    """Refills the table from the log in one transaction; answers with the number of editions."""
    async with connection.transaction():
        await connection.execute("SELECT FROM head FOR UPDATE")
        found = await _history(connection)
        await send(connection, [("DELETE FROM policy", []), *(_insert(*one) for one in found)])
    return len(found)


async def differences(connection: psycopg.AsyncConnection[Any]) -> list[str]:
    """Every edition in which table and log differ, a sentence each. To be asked inside one snapshot."""
    live = {(one[0].policy, one[0].edition): one for one in await editions(connection)}
    logged = {(one[0].policy, one[0].edition): one for one in await _history(connection)}
    return [
        f"policy {policy} edition {edition}: table and log differ"
        for policy, edition in sorted(live.keys() | logged.keys())
        if live.get((policy, edition)) != logged.get((policy, edition))
    ]
