"""Tables from the log: read whole at one moment, or refilled."""

from collections.abc import Mapping
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from lianxin_schemas import codec
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.notices import NoticeRaised

from services.notify.domain import causes
from services.notify.domain.notices import Notice, evolve

Rows = set[tuple[Any, ...]]
TABLES: Mapping[str, LiteralString] = {
    "notice": "SELECT notice, position, reason, petition, cause, resident, cadre, office, happened FROM notice",
    "outbox": "SELECT notice, channel, state, attempt FROM outbox",
}


def history(connection: psycopg.Connection[Any]) -> list[tuple[int, Any, Event]]:
    """Position, time and event of all that the log holds of notices, in its order."""
    cursor = connection.execute(
        "SELECT position, time, type, data FROM events WHERE topic = 'notices' ORDER BY position"
    )
    return [(position, time, codec.parse(type_, data)) for position, time, type_, data in cursor.fetchall()]


def snapshot(connection: psycopg.Connection[Any]) -> tuple[dict[str, Rows], list[tuple[int, Any, Event]]]:
    """The tables' rows and the log's events of one moment."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        tables = {table: set(connection.execute(sql).fetchall()) for table, sql in TABLES.items()}
        return tables, history(connection)


def rebuild(connection: psycopg.Connection[Any]) -> int:
    """Refills `notice`, and puts right the outbox, from the log; answers with the number of events.

    What somebody held or dropped stays so while the log knows no end of it. Writers wait meanwhile.
    """
    with connection.transaction():
        connection.execute("SELECT FROM head FOR UPDATE")
        found = history(connection)
        known: dict[UUID, Notice] = {}
        for _, _, event in found:
            assert hasattr(event, "notice")
            known[event.notice] = evolve(known.get(event.notice, Notice()), event)  # type: ignore[arg-type]
        connection.execute("DELETE FROM notice")
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO notice VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (e.notice, position, e.reason, e.petition, e.cause, e.resident, e.cadre, e.office, time)
                    for position, time, e in found
                    if isinstance(e, NoticeRaised)
                ],
            )
            cursor.executemany(
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
