"""Read your writes: an answer waits until what the asker wrote before has arrived (protocol: Read your writes).

A receipt's `after` names lanes and numbers, as in `visits.7.1:123`; several are joined by commas. The same text goes
into the query parameter `after` of a later request, to this service or another.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query
from lianxin_schemas.topics import BY_NAME, consumed_by, produced_by
from psycopg_pool import AsyncConnectionPool

from services.refused import Refused
from services.runtime.inbox import Lane

After = Annotated[str | None, Query(max_length=2_000, description="`after` of an earlier receipt")]
PATIENCE = 2.0
POLL = 0.01
_ONE = re.compile(r"([a-z]+)\.([0-9]{1,4})\.([1-9][0-9]{0,8}):([0-9]{1,16})")


def to_text(after: Mapping[str, int]) -> str:
    """The `after` of a receipt."""
    return ",".join(f"{lane}:{number}" for lane, number in sorted(after.items()))


class Arrivals:
    """Waits for marks of one consumer. However many wait, the database is asked once every 10 ms."""

    def __init__(self, pool: AsyncConnectionPool[Any], space: str, service: str, consumer: str) -> None:
        self._pool, self._space, self._service, self._consumer = pool, space, service, consumer
        self._marks: dict[Lane, int] = {}
        self._task: asyncio.Task[None] | None = None

    async def wait(self, after: str | None) -> None:
        """Returns once everything named has arrived.

        Raises Refused: `after.malformed`, `after.not-read-here`, or after 2 s `after.not-yet`.
        """
        wanted = self._parse(after)
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not all(self._marks.get(lane, 0) >= number for lane, number in wanted.items()):
            if asyncio.get_running_loop().time() > deadline:
                raise Refused("after.not-yet")
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._refresh())
            look = self._task  # those who wait share it, and one of them may start the next meanwhile
            await asyncio.wait([look])
            if error := look.exception():
                raise error

    async def before(self, after: str | None) -> None:
        """The same for a command, which is carried out then or not at all: 202, which a query gets, would read as
        accepted. Raises Refused `after.too-early` instead of `after.not-yet`.
        """
        try:
            await self.wait(after)
        except Refused as refused:
            raise (Refused("after.too-early") if refused.code == "after.not-yet" else refused) from refused

    async def _refresh(self) -> None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT source, topic, partition, number FROM mark WHERE consumer = %s", [self._consumer]
            )
            self._marks = {Lane(*lane): number for *lane, number in await cursor.fetchall()}
        await asyncio.sleep(POLL)

    def _parse(self, after: str | None) -> dict[Lane, int]:
        """The lanes to wait for. What lies in the service's own log is there already."""
        wanted: dict[Lane, int] = {}
        for part in filter(None, (after or "").split(",")):
            match = _ONE.fullmatch(part)
            if not match or match[1] not in BY_NAME:
                raise Refused("after.malformed", "after", given=part)
            topic = BY_NAME[match[1]]
            if topic in produced_by(self._service):
                continue
            if topic not in consumed_by(self._service):
                raise Refused("after.not-read-here", "after", topic=topic.name)
            for service in topic.producers:
                lane = Lane(f"/{self._space}/{service}/{match[3]}", topic.name, int(match[2]))
                wanted[lane] = max(int(match[4]), wanted.get(lane, 0))
        return wanted
