"""Notices as the pages show them, written with the events that raise them; and refilled from the log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from lianxin_schemas.events.notices import NoticeChannel, NoticeRaised, NoticeReason
from psycopg.rows import class_row

from services.runtime.database import Statement
from services.runtime.log import Entry

INSERT: LiteralString = (
    "INSERT INTO notice"
    " SELECT n.notice, e.position, n.reason, n.petition, n.cause, n.resident, n.cadre, n.office, e.time"
    " FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[])"
    " AS n (id, notice, reason, petition, cause, resident, cadre, office) JOIN events e USING (id)"
)
MINE: LiteralString = "(n.cadre = %(cadre)s OR n.office = %(office)s)"
SHOWN: LiteralString = "n.notice, n.position, n.reason, n.petition, n.office, n.happened, r.read"


@dataclass(frozen=True)
class Reader:
    """Who looks: as a cadre, as staff of an office, or both."""

    cadre: str | None
    office: str | None


@dataclass(frozen=True)
class Shown:
    """A notice in the pages; `office` where it is an office's, `read` is when it was marked as read."""

    notice: UUID
    position: int
    reason: NoticeReason
    petition: UUID
    office: str | None
    happened: datetime
    read: datetime | None


def rows(entries: Iterable[Entry]) -> list[Statement]:
    """Statements that show what was raised; run behind the append in its transaction."""
    found = [
        (entry.id, event.notice, event.reason, event.petition, event.cause, event.resident, event.cadre, event.office)
        for entry in entries
        if isinstance(event := entry.event, NoticeRaised)
    ]
    return [(INSERT, [list(column) for column in zip(*found, strict=True)])] if found else []


def post(raised: Mapping[UUID, datetime], ways: Iterable[tuple[UUID, NoticeChannel]]) -> list[Statement]:
    """The statement that puts notices into the outbox; `raised` says when each one's cause was recorded.

    In the pages it stands at once. What falls into a hold is held back.
    """
    found = [(id_, channel, channel is NoticeChannel.PAGE, raised[id_]) for id_, channel in ways]
    if not found:
        return []
    return [
        (
            "INSERT INTO outbox (notice, channel, state, attempt, recorded, due)"
            " SELECT n.notice, n.channel, CASE WHEN n.shown THEN 'sent' WHEN EXISTS (SELECT FROM hold h"
            " WHERE h.since <= n.recorded AND n.recorded < h.until) THEN 'held' ELSE 'waiting' END,"
            " n.shown::int, n.recorded, now()"
            " FROM unnest(%s::uuid[], %s::text[], %s::bool[], %s::timestamptz[])"
            " AS n (notice, channel, shown, recorded)",
            [list(column) for column in zip(*found, strict=True)],
        )
    ]


async def shown(
    connection: psycopg.AsyncConnection[Any],
    reader: Reader,
    *,
    unread: bool = False,
    before: int | None = None,
    limit: int,
    skip: int = 0,
) -> list[Shown]:
    """The reader's notices, newest first, from behind a position or after so many."""
    async with connection.cursor(row_factory=class_row(Shown)) as cursor:
        await cursor.execute(
            f"SELECT {SHOWN} FROM notice n LEFT JOIN reading r USING (notice) WHERE {MINE}"
            " AND (r.read IS NULL OR NOT %(unread)s) AND (n.position < %(before)s OR %(before)s::bigint IS NULL)"
            " ORDER BY n.position DESC LIMIT %(limit)s OFFSET %(skip)s",
            {**vars(reader), "unread": unread, "before": before, "limit": limit, "skip": skip},
        )
        return await cursor.fetchall()


async def counts(connection: psycopg.AsyncConnection[Any], reader: Reader) -> tuple[int, int]:
    """How many notices the reader has, and how many of them are unread."""
    cursor = await connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE r.read IS NULL)"
        f" FROM notice n LEFT JOIN reading r USING (notice) WHERE {MINE}",
        vars(reader),
    )
    [(total, unread)] = await cursor.fetchall()
    return total, unread


async def mark_read(connection: psycopg.AsyncConnection[Any], notice: UUID, reader: Reader) -> Shown | None:
    """Marks a notice of the reader as read, the first time for good; None where it is not the reader's."""
    named = {**vars(reader), "notice": notice}
    await connection.execute(
        f"INSERT INTO reading (notice) SELECT n.notice FROM notice n WHERE n.notice = %(notice)s AND {MINE}"
        " ON CONFLICT DO NOTHING",
        named,
    )
    async with connection.cursor(row_factory=class_row(Shown)) as cursor:
        await cursor.execute(
            f"SELECT {SHOWN} FROM notice n JOIN reading r USING (notice) WHERE n.notice = %(notice)s AND {MINE}", named
        )
        return await cursor.fetchone()
