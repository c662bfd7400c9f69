"""What single events of intake's own log say, without loading their streams."""

from datetime import datetime
from uuid import UUID

from lianxin_schemas import codec
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.vault import PersonErased

from services.runtime.database import Connection
from services.runtime.log import event_id


async def version(connection: Connection, stream: str) -> int:
    """The newest version of a stream; 0 where there is none."""
    cursor = await connection.execute("SELECT coalesce(max(version), 0) FROM events WHERE stream = %s", [stream])
    [(found,)] = await cursor.fetchall()
    return int(found)


async def time_of(connection: Connection, event: UUID) -> datetime | None:
    """When an event happened; None where there is no such event."""
    cursor = await connection.execute("SELECT time FROM events WHERE id = %s", [event])
    row = await cursor.fetchone()
    return row and row[0]


async def caused(connection: Connection, cause: UUID, most: int) -> list[Event]:
    """The events of a cause in their order; none where it does not stand in the log."""
    cursor = await connection.execute(
        "SELECT type, data FROM events WHERE id = ANY(%s) ORDER BY position",
        [[event_id(cause, nth) for nth in range(most)]],
    )
    return [codec.parse(*row) for row in await cursor.fetchall()]


async def there(connection: Connection, streams: list[str]) -> set[str]:
    """Those of the streams that have begun."""
    cursor = await connection.execute("SELECT DISTINCT stream FROM events WHERE stream = ANY(%s)", [streams])
    return {stream for (stream,) in await cursor.fetchall()}


async def last(connection: Connection, stream: str, kind: type[Event]) -> Event | None:
    """The newest event of one kind in a stream."""
    cursor = await connection.execute(
        "SELECT type, data FROM events WHERE stream = %s AND type = %s ORDER BY version DESC LIMIT 1",
        [stream, kind.type()],
    )
    row = await cursor.fetchone()
    return row and codec.parse(*row)


async def heard(connection: Connection, cadre: str, since: datetime) -> list[str]:
    """Streams of a cadre's visits that were entered with needs and happened, or were corrected, since then."""
    cursor = await connection.execute(
        "SELECT DISTINCT stream FROM events WHERE data->>'cadre' = %s AND time >= %s"
        " AND type IN ('lianxin.visit.logged.v1', 'lianxin.visit.corrected.v1')"
        " AND json_array_length(data->'needs') > 0",
        [cadre, since],
    )
    return [stream for (stream,) in await cursor.fetchall()]


async def first(connection: Connection, stream: str) -> UUID:
    """The id of the first event of a stream that exists."""
    cursor = await connection.execute("SELECT id FROM events WHERE stream = %s AND version = 1", [stream])
    [(found,)] = await cursor.fetchall()
    return UUID(str(found))


async def sealed(connection: Connection, event: UUID) -> bool:
    """Whether an event lies under a seal."""
    cursor = await connection.execute("SELECT e.position <= r.sealed FROM events e, relay r WHERE e.id = %s", [event])
    return await cursor.fetchone() == (True,)


async def erased(connection: Connection) -> list[tuple[str, str]]:
    """Kind and id of every person whose key was destroyed for good."""
    sql = "SELECT data->>'kind', data->>'person' FROM events WHERE topic = 'vault' AND type = %s"
    return await (await connection.execute(sql, [PersonErased.type()])).fetchall()
