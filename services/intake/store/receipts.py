"""Numbers of petitions, and tries at them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from services.runtime.database import Connection


async def give(connection: Connection, petition: UUID, numbers: Iterable[str]) -> str:
    """The petition's number: the one it has, or the first of `numbers` that is free."""
    for number in numbers:
        await connection.execute("INSERT INTO receipt VALUES (%s, %s) ON CONFLICT DO NOTHING", [petition, number])
        cursor = await connection.execute("SELECT number FROM receipt WHERE petition = %s", [petition])
        if row := await cursor.fetchone():
            return str(row[0])
    raise AssertionError("numbers do not end")


async def give_all(connection: Connection, petitions: Sequence[UUID], number: Callable[[UUID, int], str]) -> None:
    """Numbers for petitions that have none yet, by `number` as in `give`: first come, first served."""
    await connection.execute(
        "INSERT INTO receipt SELECT * FROM unnest(%s::uuid[], %s::text[]) ON CONFLICT DO NOTHING",
        [list(petitions), [number(each, 0) for each in petitions]],
    )
    cursor = await connection.execute(
        "SELECT id FROM unnest(%s::uuid[]) WITH ORDINALITY AS n (id, nth)"
        " WHERE NOT EXISTS (SELECT FROM receipt WHERE petition = id) ORDER BY nth",
        [list(petitions)],
    )
    for (each,) in await cursor.fetchall():
        await give(connection, each, (number(each, nth) for nth in count(1)))


async def petition(connection: Connection, number: str) -> UUID | None:
    """The petition of a number; None where it was never given."""
    cursor = await connection.execute("SELECT petition FROM receipt WHERE number = %s", [number])
    row = await cursor.fetchone()
    return row and row[0]


async def try_at(connection: Connection, number: str, now: datetime, most: int, locked: timedelta) -> bool:
    """Counts a try at a number before it is looked at, so that many at once are not more than `most`; whether it may
    be looked at. Too many lock it for `locked` after the last that was looked at.
    """
    over = now - locked
    cursor = await connection.execute(
        "INSERT INTO receipt_try AS t VALUES (%(number)s, 1, %(now)s) ON CONFLICT (number) DO UPDATE SET"
        " failed = CASE WHEN t.last < %(over)s THEN 1 ELSE t.failed + 1 END,"
        " last = CASE WHEN t.last >= %(over)s AND t.failed >= %(most)s THEN t.last ELSE %(now)s END"
        " RETURNING failed",
        {"number": number, "now": now, "over": over, "most": most},
    )
    [(failed,)] = await cursor.fetchall()
    await connection.execute(
        "DELETE FROM receipt_try WHERE number IN"
        " (SELECT number FROM receipt_try WHERE last < %s LIMIT 100 FOR UPDATE SKIP LOCKED)",
        [over],
    )
    return bool(failed <= most)


async def forget_tries(connection: Connection, number: str) -> None:
    """Somebody had the right secret."""
    await connection.execute("DELETE FROM receipt_try WHERE number = %s", [number])
