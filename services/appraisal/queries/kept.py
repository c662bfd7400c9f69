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
"""Counts that are kept: those last asked for."""
WAITING = 5
"""Counts that are made or wait to be made; whoever wants yet another is told to come back."""


@dataclass(frozen=True)
class _Held(Generic[V]):
    value: V
    until: float


class Kept(Generic[K, V]):
    """Counts by what they are of. One is made at a time, under a lock that others may share: many who ask cost the
    database no more than one who does.
    """

    def __init__(self, count: Callable[[K], Awaitable[V]], alone: asyncio.Lock) -> None:
        self._count, self._alone = count, alone
        self._held: dict[K, _Held[V]] = {}
        self._running: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """The count, or the last while it is made anew. Raises Refused `county.counting`, and what counting raises."""
        held, now = self._held.get(key), time.monotonic()
        if held and now >= held.until + OLDEST:
            held = None
        if held:
            self._held[key] = self._held.pop(key)  # the last to be asked for is the last to go
            if now >= held.until and key not in self._running and len(self._running) < WAITING:
                self._start(key)
            return held.value
        running = self._running.get(key)
        if running is None:
            if len(self._running) >= WAITING:
                raise Refused("county.counting")
            running = self._start(key)
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
