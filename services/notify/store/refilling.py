"""Tables from the log: read whole at one moment, or refilled."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString, cast

from lianxin_schemas import codec
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.notices import NoticeChannel, NoticeEvent, NoticeRaised

from services.notify.domain import causes
from services.notify.domain.notices import Phase, fold
from services.notify.store import notices
from services.runtime import log
from services.runtime.database import Connection, Statement, send
from services.runtime.history import pages
from services.runtime.log import Entry

Rows = set[tuple[Any, ...]]
TABLES: Mapping[str, LiteralString] = {
    "notice": "SELECT notice, position, reason, petition, cause, resident, cadre, office, happened FROM notice",
    "outbox": "SELECT notice, channel, state, attempt FROM outbox",
}

OUTBOX: LiteralString = (
    "INSERT INTO outbox (notice, channel, state, attempt, recorded, due)"
    " SELECT w.notice, w.channel, w.state, w.tries, e.recordedtime, now()"
    " FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::int[]) AS w (notice, channel, state, tries)"
    " JOIN notice n USING (notice) JOIN events e USING (position)"
    " ON CONFLICT (notice, channel) DO UPDATE SET state = excluded.state, attempt = excluded.attempt"
    " WHERE (outbox.state, outbox.attempt) <> (excluded.state, excluded.attempt)"
    " AND NOT (excluded.state = 'waiting' AND outbox.state IN ('held', 'dropped'))"
)


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
    """Refills `notice`, and puts right the outbox, from the log; answers with the number of notices.

    What somebody held or dropped stays so while the log knows no end of it. Writers wait meanwhile. The log is read a
    page at a time, and with each notice that is raised there its stream to its end.
    """
    count = 0
    async with connection.transaction():
        await connection.execute("SELECT FROM head FOR UPDATE")
        await connection.execute("DELETE FROM notice")
        async for entries, _ in pages(connection, ["notices"]):
            raised = [entry for entry in entries if isinstance(entry.event, NoticeRaised)]
            streams = await log.load(connection, [entry.stream for entry in raised])
            await send(connection, [*notices.rows(raised), *_outbox(streams.values())])
            count += len(raised)
    return count


def _outbox(streams: Iterable[Sequence[Entry]]) -> list[Statement]:
    """The statement that puts the rows of whole notices right. What is not in the pages yet has no row there."""
    found = [fold(cast(NoticeEvent, entry.event) for entry in entries) for entries in streams]
    ways = [
        (notice.raised.notice, channel, way.phase, way.tries)
        for notice in found
        if notice.raised
        for channel in causes.channels(notice.raised)
        for way in [notice.on(channel)]
        if channel is not NoticeChannel.PAGE or way.phase is Phase.SENT
    ]
    return [(OUTBOX, [list(column) for column in zip(*ways, strict=True)])] if ways else []
