"""`log recover`: a log whose database was restored takes back what was published, and goes on (protocol rule 13).

What was published is a prefix of each lane, not of the positions: an event comes back when it is dense in its lane. A
position that stands nowhere is noted as lost and never used again; a command of which a part may be lost is torn. The
log goes on under the next incarnation, with numbers of its own, and tells every receiver where its old lanes end.

One transaction holds the head from beginning to end: whoever writes waits, or refuses because Kafka is ahead.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

import psycopg
from lianxin_schemas.envelope import Source
from lianxin_schemas.events.seals import LaneEnd, LogRecovered, Span
from lianxin_schemas.topics import produced_by

from services.runtime import log
from services.runtime.database import Connection, send
from services.runtime.inbox import Lane
from services.runtime.marks import close_lanes
from services.runtime.readback import open_readback
from services.runtime.settings import Settings
from services.runtime.takeback import Found, Taking, Unrecoverable

PAGE = 5_000
SPANS = 1_024
"""Spans of lost positions that the event can name; the table `lost` has them all."""

Refill = Callable[[Connection, int], Awaitable[object]]
"""Brings a service's own tables behind the events that came back after a position, in the transaction at hand; and what
it keeps elsewhere, for good.
"""


@dataclass(frozen=True)
class Recovered:
    """What was done. `position` is the last that the restored log had; `lost` are first and last of what is nowhere."""

    position: int
    incarnation: int
    taken: int
    lost: tuple[tuple[int, int], ...]
    torn: tuple[UUID, ...]


async def recover(
    settings: Settings, service: str, refill: Refill, progress: Callable[[int], None], *, keep: bool = True
) -> Recovered:
    """Takes back, opens the next incarnation and refills; `keep=False` only says what it would do, and refills nothing:
    what stands beside the log may lie in databases that this transaction does not hold.

    Raises Unrecoverable; psycopg.Error or KafkaError while either is away. Nothing is written then.
    """
    info = settings.database(service, guarded=False)
    async with await psycopg.AsyncConnection.connect(info, autocommit=True) as connection:
        back = await open_readback(connection, settings, service)
        try:
            async with connection.transaction(force_rollback=not keep):
                cursor = await connection.execute("SELECT position, incarnation FROM head FOR UPDATE")
                [(position, incarnation)] = await cursor.fetchall()
                found = await _known(connection, settings, service, incarnation)
                await Taking(connection, settings.space, service, found).all(back, progress)
                await _move_on(connection, position, found)
                lost, torn = await _lost(connection, position), await _torn(connection, position)
                await _open(connection, settings, service, found, lost)
                if keep:
                    await refill(connection, position)
        except psycopg.IntegrityError as error:
            what = error.diag.message_detail or error.diag.message_primary
            raise Unrecoverable(f"Kafka holds another event at a place of the log: {what}") from error
        finally:
            await asyncio.to_thread(back.close)
    return Recovered(position, found.incarnation + 1, found.taken, tuple(lost), tuple(torn))


async def _known(connection: Connection, settings: Settings, service: str, incarnation: int) -> Found:
    cursor = await connection.execute("SELECT incarnation, topic, partition, number FROM lane")
    lanes = {
        Lane(str(Source(settings.space, service, nth)), topic, partition): number
        for nth, topic, partition, number in await cursor.fetchall()
    }
    cursor = await connection.execute(
        "SELECT source, topic, partition, number FROM closed WHERE starts_with(source, %s)",
        [f"/{settings.space}/{service}/"],
    )
    return Found(lanes, {Lane(*lane): number for *lane, number in await cursor.fetchall()}, incarnation)


async def _move_on(connection: Connection, position: int, found: Found) -> None:
    """Head and relay behind what came back; a relay that still runs has lost its lease."""
    await connection.execute(
        "UPDATE head SET incarnation = %s, position = greatest(position, e.last),"
        " recordedtime = greatest(recordedtime, e.recorded) FROM"
        " (SELECT max(position) AS last, max(recordedtime) AS recorded FROM events WHERE position > %s) AS e",
        [found.incarnation + 1, position],
    )
    await connection.execute(
        "UPDATE relay SET epoch = epoch + 1, expires = '-infinity', sealed = greatest(sealed, %s)", [found.sealed]
    )
    lanes = [(Source.parse(lane.source).incarnation, lane, number) for lane, number in found.marks.items()]
    await connection.execute(
        "INSERT INTO lane SELECT * FROM unnest(%s::int[], %s::text[], %s::int[], %s::bigint[])"
        " ON CONFLICT (incarnation, topic, partition) DO UPDATE SET number = excluded.number",
        [
            [nth for nth, _, _ in lanes],
            [lane.topic for _, lane, _ in lanes],
            [lane.partition for _, lane, _ in lanes],
            [number for _, _, number in lanes],
        ],
    )


async def _lost(connection: Connection, position: int) -> list[tuple[int, int]]:
    """Notes the positions behind the restored ones that nothing came back for."""
    cursor = await connection.execute(
        "INSERT INTO lost SELECT before + 1, position - 1 FROM"
        " (SELECT position, lag(position, 1, %s::bigint) OVER (ORDER BY position) AS before FROM events"
        " WHERE position > %s) AS e WHERE position > before + 1 RETURNING first, last",
        [position, position],
    )
    return sorted([(first, last) for first, last in await cursor.fetchall()])


async def _torn(connection: Connection, position: int) -> list[UUID]:
    """Counts siblings anew, and notes each cause of which a part may be lost: one is missing among its events, or what
    stood behind the last of them is not known.
    """
    await connection.execute(
        "UPDATE events e SET siblings = c.siblings FROM (SELECT causation, count(*)::int AS siblings FROM events"
        " WHERE position > %s GROUP BY causation) AS c WHERE e.causation = c.causation AND e.position > %s",
        [position, position],
    )
    torn = sorted([cause async for cause in _in_part(connection, position)])
    await connection.execute("INSERT INTO torn SELECT unnest(%s::uuid[]) ON CONFLICT DO NOTHING", [torn])
    return torn


async def _in_part(connection: Connection, position: int) -> AsyncIterator[UUID]:
    """Those causes. Siblings stand side by side, so few are open at a time, however much came back."""
    waiting: dict[UUID, list[UUID]] = {}
    while True:
        cursor = await connection.execute(
            "SELECT position, causation, siblings, id, position = (SELECT position FROM head)"
            " OR EXISTS (SELECT FROM lost WHERE first = e.position + 1)"
            " FROM events e WHERE position > %s ORDER BY position LIMIT %s",
            [position, PAGE],
        )
        if not (rows := await cursor.fetchall()):
            return
        position = rows[-1][0]
        for _, cause, siblings, id_, cut in rows:
            ids = waiting.setdefault(cause, [])
            ids.append(id_)
            if len(ids) == siblings:
                del waiting[cause]
                if cut or ids != [log.event_id(cause, nth) for nth in range(siblings)]:
                    yield cause


async def _open(
    connection: Connection, settings: Settings, service: str, found: Found, lost: Sequence[tuple[int, int]]
) -> None:
    """Ends the lanes of every incarnation that no kept event has ended, and says so in the new one."""
    ended = {lane.source for lane in found.ends}
    sources = [str(Source(settings.space, service, nth)) for nth in range(1, found.incarnation + 1)]
    spans = tuple(Span(first=first, last=last) for first, last in lost[:SPANS])
    events = [
        LogRecovered(service=service, old_source=old, lanes=_ends(found, service, old), lost=spans)
        for old in sources
        if old not in ended
    ]
    cursor = await connection.execute(
        "SELECT coalesce(max(version), 0), now() FROM events WHERE stream = %s", [events[0].stream]
    )
    [(version, now)] = await cursor.fetchall()
    source = Source(settings.space, service, found.incarnation + 1)
    decision = log.Decision(
        cause=uuid5(NAMESPACE_URL, f"{source}/recovered"),
        author=log.Author("system", service),
        facts=[log.Fact(event, now) for event in events],
        expected={events[0].stream: version},
    )
    await connection.execute(log.APPEND, log.arguments([decision]))
    ends = [(lane.source, lane.topic, lane.partition, number) for lane, number in found.ends.items()]
    ends += [(event.old_source, end.topic, end.partition, end.number) for event in events for end in event.lanes]
    await send(connection, close_lanes(ends))


def _ends(found: Found, service: str, source: str) -> tuple[LaneEnd, ...]:
    """Every lane that the incarnation could have had, with the last number kept of it."""
    return tuple(
        LaneEnd(topic=topic.name, partition=at, number=found.marks.get(Lane(source, topic.name, at), 0))
        for topic in produced_by(service)
        for at in range(topic.partitions)
    )
