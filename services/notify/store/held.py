"""Notices that are held back until somebody decides, with grounds (protocol rule 13)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from services.runtime.database import Connection

HOLD: LiteralString = "INSERT INTO hold (since, until, made_by, grounds) VALUES (%s, coalesce(%s, now()), %s, %s)"
HELD: LiteralString = "UPDATE outbox SET state = 'held', epoch = epoch + 1, claimed_by = '' WHERE state = 'waiting'"
CHOSEN: LiteralString = "state = 'held' AND (%(all)s OR notice = ANY(%(notices)s))"


def hold(connection: psycopg.Connection[Any], since: datetime, until: datetime | None, by: str, grounds: str) -> int:
    """Holds back every notice whose cause was recorded in between, raised already or not; `until` is now if left out.

    Answers with how many that wait are held now. One that a sender has in hand goes its way. Raises CheckViolation
    unless `since` lies before `until`.
    """
    with connection.transaction():
        # The reaction locks head when it raises: what it is raising now is held by the row, or by the update.
        connection.execute("SELECT FROM head FOR UPDATE")
        connection.execute(HOLD, [since, until, by, grounds])
        return connection.execute(
            f"{HELD} AND claimed_until < now() AND recorded >= %s AND recorded < coalesce(%s, now())", [since, until]
        ).rowcount


async def hold_all(connection: Connection, by: str, grounds: str) -> None:
    """Holds back every notice that waits, and every one whose cause was recorded before now; while head is locked."""
    await connection.execute(HOLD, ["-infinity", None, by, grounds])
    await connection.execute(HELD)


def held(connection: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """What is held back, in the order in which the causes were recorded."""
    cursor = connection.execute(
        "SELECT o.notice, o.channel, n.reason, n.petition, o.recorded, o.attempt"
        " FROM outbox o JOIN notice n USING (notice) WHERE o.state = 'held' ORDER BY o.recorded, o.notice"
    )
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def decide(
    connection: psycopg.Connection[Any], state: str, notices: Sequence[UUID] | None, by: str, grounds: str
) -> int:
    """Releases (`waiting`) or drops (`dropped`) held notices, all of them for None; answers with how many."""
    return connection.execute(
        "UPDATE outbox SET state = %(state)s, due = now(), decided_by = %(by)s, grounds = %(grounds)s, decided = now()"
        f" WHERE {CHOSEN}",
        {"state": state, "all": notices is None, "notices": list(notices or ()), "by": by, "grounds": grounds},
    ).rowcount
