"""What has to leave: claimed by one sender for a time, and ended with the event that says what became of it (N3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from lianxin_schemas.events.notices import NoticeChannel, NoticeReason
from psycopg.rows import class_row

from services.runtime.database import Statement


@dataclass(frozen=True)
class Claim:
    """A notice that belongs to one sender until its lease ends; `now` is the database's time of the claim."""

    notice: UUID
    channel: NoticeChannel
    epoch: int
    attempt: int
    """Which try this is, from 1."""
    now: datetime
    reason: NoticeReason
    resident: str | None
    cadre: str | None
    happened: datetime
    limit: datetime | None
    """The limit of the case, as known now."""


async def claim(connection: psycopg.AsyncConnection[Any], holder: str, lease: float) -> Claim | None:
    """Claims the notice that has been due the longest; None where none is due.

    `holder` is one task's name and never used by two at once: what it left unfinished is its own again at once.
    """
    async with connection.cursor(row_factory=class_row(Claim)) as cursor:
        await cursor.execute(
            "UPDATE outbox o SET epoch = o.epoch + 1, claimed_by = %(holder)s,"
            " claimed_until = now() + make_interval(secs => %(lease)s)"
            " FROM notice n LEFT JOIN case_contact c USING (petition)"
            " WHERE n.notice = o.notice AND (o.notice, o.channel) ="
            " (SELECT f.notice, f.channel FROM outbox f JOIN notice m USING (notice)"
            " WHERE f.state = 'waiting' AND f.due <= now() AND (f.claimed_until < now() OR f.claimed_by = %(holder)s)"
            " ORDER BY f.due, m.position LIMIT 1 FOR UPDATE OF f SKIP LOCKED)"
            " RETURNING o.notice, o.channel, o.epoch, o.attempt + 1 AS attempt, now() AS now, n.reason, n.resident,"
            " n.cadre, n.happened, c.due AS limit",
            {"holder": holder, "lease": lease},
        )
        return await cursor.fetchone()


def ended(claim: Claim, state: str, due: datetime) -> Statement:
    """The statement that ends a claim; it breaks when another sender has claimed the notice since."""
    return (
        "SELECT end_claim(%s, %s, %s, %s, %s, %s)",
        [claim.notice, claim.channel, claim.epoch, state, claim.attempt, due],
    )


async def postpone(connection: psycopg.AsyncConnection[Any], claim: Claim, due: datetime) -> None:
    """Lets go of a claim untried until a later moment; does nothing when another sender has claimed it since."""
    await connection.execute(
        "UPDATE outbox SET due = %s, claimed_by = '', claimed_until = '-infinity'"
        " WHERE notice = %s AND channel = %s AND epoch = %s AND state = 'waiting'",
        [due, claim.notice, claim.channel, claim.epoch],
    )


async def clock(connection: psycopg.AsyncConnection[Any]) -> datetime:
    """The database's time: the one clock of all senders."""
    cursor = await connection.execute("SELECT clock_timestamp()")
    [(now,)] = await cursor.fetchall()
    moment: datetime = now
    return moment
