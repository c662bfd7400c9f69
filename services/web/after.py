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
LOOK = "SELECT source, topic, partition, number FROM arrive(%s, %s)"
_ONE = re.compile(r"([a-z]+)\.([0-9]{1,4})\.([1-9][0-9]{0,8}):([0-9]{1,16})")

Wanted = Mapping[Lane, int]


def to_text(after: Mapping[str, int]) -> str:
    """The `after` of a receipt."""
    return ",".join(f"{lane}:{number}" for lane, number in sorted(after.items()))


class Arrivals:
    """Waits for marks of one consumer. One look at the database serves all who wait, and lasts until a mark moves."""

    def __init__(self, pool: AsyncConnectionPool[Any], space: str, service: str, consumer: str) -> None:
        self._pool, self._space, self._service, self._consumer = pool, space, service, consumer
        self._marks: dict[Lane, int] = {}
        self._waiting: dict[asyncio.Future[None], Wanted] = {}
        self._watch: asyncio.Task[None] | None = None

    async def wait(self, after: str | None) -> None:
        """Returns once everything named has arrived.

        Raises Refused: `after.malformed`, `after.not-read-here`, or after 2 s `after.not-yet`.
        """
        wanted = self._parse(after)
        if self._arrived(wanted):
            return
        done = asyncio.get_running_loop().create_future()
        self._waiting[done] = wanted
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(PATIENCE):
                await done
        except TimeoutError as error:
            raise Refused("after.not-yet") from error
        finally:
            self._waiting.pop(done, None)

    async def before(self, after: str | None) -> None:
        """The same for a command, which is carried out then or not at all: 202, which a query gets, would read as
        accepted. Raises Refused `after.too-early` instead of `after.not-yet`.
        """
        try:
            await self.wait(after)
        except Refused as refused:
            raise (Refused("after.too-early") if refused.code == "after.not-yet" else refused) from refused

    def _arrived(self, wanted: Wanted) -> bool:
        return all(self._marks.get(lane, 0) >= number for lane, number in wanted.items())

    async def _look(self) -> None:
        """Looks for as long as anybody waits. What goes wrong is told to all of them; who comes later looks anew."""
        while self._waiting:
            try:
                async with self._pool.connection() as connection:
                    while self._waiting:
                        cursor = await connection.execute(LOOK, [self._consumer, sum(self._marks.values())])
                        self._marks = {Lane(*lane): number for *lane, number in await cursor.fetchall()}
                        for done in [done for done, wanted in self._waiting.items() if self._arrived(wanted)]:
                            self._tell(done)
            except Exception as error:
                for done in [*self._waiting]:
                    self._tell(done, error)

    def _tell(self, done: asyncio.Future[None], error: Exception | None = None) -> None:
        del self._waiting[done]
        if not done.done():  # given up meanwhile
            done.set_exception(error) if error else done.set_result(None)

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
