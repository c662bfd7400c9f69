"""Tables from the log: read whole at one moment, or refilled."""

from collections.abc import Mapping
from typing import Any, LiteralString
from uuid import UUID

from lianxin_schemas import codec
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.notices import NoticeRaised

from services.notify.domain import causes
from services.notify.domain.notices import Notice, evolve
from services.runtime.database import Connection

Rows = set[tuple[Any, ...]]
TABLES: Mapping[str, LiteralString] = {
    "notice": "SELECT notice, position, reason, petition, cause, resident, cadre, office, happened FROM notice",
    "outbox": "SELECT notice, channel, state, attempt FROM outbox",
}


async def history(connection: Connection) -> list[tuple[int, Any, Event]]:
    """Position, time and event of all that the log holds of notices, in its order."""
    cursor = await connection.execute(
        "SELECT position, time, type, data FROM events WHERE topic = 'notices' ORDER BY position"
    )
    return [(position, time, codec.parse(type_, data)) for position, time, type_, data in await cursor.fetchall()]


async def snapshot(connection: Connection) -> tuple[dict[str, Rows], list[tuple[int, Any, Event]]]:
    """The tables' rows and the log's events of one moment."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        tables = {}
        for table, sql in TABLES.items():
            cursor = await connection.execute(sql)
            tables[table] = set(await cursor.fetchall())
        return tables, await history(connection)


async def rebuild(connection: Connection) -> int:
    """Refills `notice`, and puts right the outbox, from the log; answers with the number of events.

    What somebody held or dropped stays so while the log knows no end of it. Writers wait meanwhile.
    """
    async with connection.transaction():
        await connection.execute("SELECT FROM head FOR UPDATE")
        found = await history(connection)
        known: dict[UUID, Notice] = {}
        for _, _, event in found:
            assert hasattr(event, "notice")
            known[event.notice] = evolve(known.get(event.notice, Notice()), event)  # type: ignore[arg-type]
        await connection.execute("DELETE FROM notice")
        async with connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO notice VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (e.notice, position, e.reason, e.petition, e.cause, e.resident, e.cadre, e.office, time)
                    for position, time, e in found
                    if isinstance(e, NoticeRaised)
                ],
            )
            await cursor.executemany(
                "INSERT INTO outbox (notice, channel, state, attempt, recorded, due)"
                " SELECT n.notice, %(channel)s, %(state)s, %(tries)s, e.recordedtime, now()"
                " FROM notice n JOIN events e USING (position) WHERE n.notice = %(notice)s"
                " ON CONFLICT (notice, channel) DO UPDATE SET state = excluded.state, attempt = excluded.attempt"
                " WHERE (outbox.state, outbox.attempt) <> (excluded.state, excluded.attempt)"
                " AND NOT (excluded.state = 'waiting' AND outbox.state IN ('held', 'dropped'))",
                [
                    {"notice": id_, "channel": channel, "state": way.phase, "tries": way.tries}
                    for id_, notice in known.items()
                    if notice.raised
                    for channel in causes.channels(notice.raised)
                    for way in [notice.on(channel)]
                ],
            )
    return len(found)
