"""Rounds as rows: what their events say, how far they are, how many answers have left."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from lianxin_schemas.events.ratings import RatingKind, RatingsReleased, RoundClosed, RoundOpened
from psycopg.rows import kwargs_row

from services.intake.domain.ballots import Round
from services.intake.store import codes
from services.runtime.database import Connection, Statement
from services.runtime.log import Entry

_ROUND = "round, kind, cadre, zone, region, first, last, phase, released, released_on"


def rows(key: bytes, entries: Sequence[Entry]) -> list[Statement]:
    """What events of rounds change; `key` is what codes follow from."""
    statements: list[Statement] = []
    for entry in entries:
        match entry.event:
            case RoundOpened() as event:
                statements += [_opened(event), codes.row(key, event)]
            case RoundClosed() as event:
                statements += [
                    ("UPDATE rating_round SET phase = 'closed' WHERE round = %s", [event.round]),
                    ("DELETE FROM rating_code WHERE round = %s", [event.round]),
                ]
            case _:
                pass
    return statements


def _opened(event: RoundOpened) -> Statement:
    return (
        "INSERT INTO rating_round (round, kind, cadre, zone, region, first, last, invited, closes)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            event.round,
            event.kind,
            event.cadre,
            event.zone,
            event.region,
            event.first,
            event.last,
            event.invited,
            event.closes,
        ],
    )


async def stop(connection: Connection, round_: UUID, today: date) -> tuple[int, int]:
    """Lets a round whose last day has passed take no more answers, those under way included; counts those that left
    under its name and those that wait.
    """
    await connection.execute(
        "UPDATE rating_round SET phase = 'stopped' WHERE round = %s AND phase = 'open' AND closes < %s", [round_, today]
    )
    cursor = await connection.execute(
        "SELECT released, (SELECT count(*) FROM rating_ballot WHERE round = %s) FROM rating_round WHERE round = %s",
        [round_, round_],
    )
    found: Any = await cursor.fetchone()
    return (found[0], found[1]) if found else (0, 0)


async def past(connection: Connection, today: date) -> list[UUID]:
    """Rounds that are not closed though their last day has passed."""
    cursor = await connection.execute(
        "SELECT round FROM rating_round WHERE phase IN ('open', 'stopped') AND closes < %s ORDER BY round", [today]
    )
    return [round_ for (round_,) in await cursor.fetchall()]


async def lock(connection: Connection, rounds: Sequence[UUID]) -> list[Round]:
    """The rounds; until the transaction at hand ends, no answer of theirs comes or leaves."""
    async with connection.cursor(row_factory=kwargs_row(_round)) as cursor:
        await cursor.execute(
            f"SELECT {_ROUND} FROM rating_round WHERE round = ANY(%s) ORDER BY round FOR UPDATE", [list(rounds)]
        )
        return await cursor.fetchall()


def _round(kind: str, **fields: Any) -> Round:
    return Round(kind=RatingKind(kind), **fields)


async def finished(connection: Connection) -> list[list[UUID]]:
    """Rounds of one kind, region and period, all closed and not ended, a list each; one without a region is alone."""
    cursor = await connection.execute(
        "SELECT array_agg(round ORDER BY round) FILTER (WHERE phase = 'closed') FROM rating_round"
        " GROUP BY kind, region, first, last, CASE WHEN region IS NULL THEN round END"
        " HAVING bool_and(phase IN ('closed', 'ended')) AND bool_or(phase = 'closed') ORDER BY 1"
    )
    return [rounds for (rounds,) in await cursor.fetchall()]


async def ended(connection: Connection, rounds: Sequence[UUID]) -> list[UUID]:
    """Those of the rounds that have ended."""
    cursor = await connection.execute(
        "SELECT round FROM rating_round WHERE round = ANY(%s) AND phase = 'ended'", [list(rounds)]
    )
    return [round_ for (round_,) in await cursor.fetchall()]


def left(round_: UUID, answers: int, day: date) -> Statement:
    """That answers left under the round's own name."""
    return (
        "UPDATE rating_round SET released = released + %s, released_on = %s WHERE round = %s",
        [answers, day, round_],
    )


def end(rounds: Sequence[UUID]) -> Statement:
    """That nothing of the rounds waits any more."""
    return "UPDATE rating_round SET phase = 'ended' WHERE round = ANY(%s)", [list(rounds)]


def end_all(rest: RatingsReleased) -> Statement:
    """That nothing waits any more of the rounds whose rests were merged into one sum."""
    return (
        "WITH ended AS (UPDATE rating_round SET phase = 'ended' WHERE phase = 'closed' AND kind = %s AND region = %s"
        " AND first = %s AND last = %s RETURNING round)"
        " DELETE FROM rating_ballot b USING ended e WHERE b.round = e.round",
        [rest.kind, rest.region, rest.first, rest.last],
    )
