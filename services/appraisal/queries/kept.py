"""What takes long to count is counted once for everybody, and kept for a while (A10)."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.refused import Refused

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
logger = logging.getLogger(__name__)

LONG = 2.0
"""Seconds from which on a count is kept: in a county it takes less, and is made anew for each who asks."""
FOR = 20.0
"""How many times as long as it took to count it is shown; then it is counted anew, and shown until that is done."""
OLDEST = 3_600.0
"""Seconds after its time from which on it is not shown any more."""
PATIENCE = 8.0
"""Seconds that somebody waits for a first count."""
MOST = 100
"""Counts that are kept, the newest."""


@dataclass(frozen=True)
class _Held(Generic[V]):
    value: V
    until: float


class Kept(Generic[K, V]):
    """Counts by what they are of. One is made at a time, so that many who ask cost the database no more than one."""

    def __init__(self, count: Callable[[K], Awaitable[V]]) -> None:
        self._count = count
        self._alone = asyncio.Lock()
        self._held: dict[K, _Held[V]] = {}
        self._running: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """The count, or the last while it is made anew. Raises Refused `county.counting`, and what counting raises."""
        held, now = self._held.get(key), time.monotonic()
        if held and now >= held.until + OLDEST:
            held = None
        if held and now < held.until:
            return held.value
        running = self._running.get(key) or self._start(key)
        if held:
            return held.value
        try:
            return await asyncio.wait_for(asyncio.shield(running), PATIENCE)
        except TimeoutError:
            raise Refused("county.counting") from None

    def _start(self, key: K) -> asyncio.Task[V]:
        def over(task: asyncio.Task[V]) -> None:
            del self._running[key]
            if not task.cancelled() and (error := task.exception()):
                logger.warning("could not count %s: %r", key, error)

        task = self._running[key] = asyncio.create_task(self._make(key))
        task.add_done_callback(over)
        return task

    async def _make(self, key: K) -> V:
        async with self._alone:
            began = time.monotonic()
            value = await self._count(key)
            took = time.monotonic() - began
        self._held.pop(key, None)
        if took >= LONG:
            self._held[key] = _Held(value, time.monotonic() + FOR * took)
            while len(self._held) > MOST:
                del self._held[next(iter(self._held))]
        return value

    async def close(self) -> None:
        """Ends what is being counted."""
        for task in (running := list(self._running.values())):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
