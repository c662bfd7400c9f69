"""How far the demo is: one bar on a terminal, plain lines elsewhere."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tqdm import tqdm

from deploy.demo.layout import left

EVERY = 10.0
"""Seconds between two lines on how far it is, where there is no bar."""
BAR = "{desc} {percentage:3.0f}% {bar:30} {elapsed}  "
NAME = 38
"""Cells that the name of a phase takes."""


class Progress:
    """How much of all that is to be sent is done. `seconds` holds how long each finished phase took."""

    def __init__(self, total: int) -> None:
        self._terminal = sys.stderr.isatty()
        self._bar = tqdm(
            total=total, bar_format=BAR, file=sys.stderr, disable=not self._terminal, leave=False, mininterval=0.1
        )
        self._done, self._total, self._note = 0, total, ""
        self.seconds: dict[str, float] = {}

    def advance(self, count: int = 1) -> None:
        """So many more are done."""
        self._done += count
        self._bar.update(count)

    def note(self, text: str) -> None:
        """What is going on just now."""
        self._note = text
        self._bar.bar_format = BAR + text.replace("{", "(").replace("}", ")")

    @asynccontextmanager
    async def phase(self, zh: str, en: str) -> AsyncIterator[None]:
        """What lies inside is shown under this name, its time is kept, and the clock goes on while it waits."""
        self._bar.set_description_str(left(f"  {zh} / {en} …", NAME), refresh=False)
        self.note("")
        if not self._terminal:
            self._say(f"  {zh} / {en} …")
        start = time.monotonic()
        ticking = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking
        self.seconds[en] = round(time.monotonic() - start, 1)
        self._say(f"{left(f'  ✓ {zh} / {en}', NAME)} {self.seconds[en]:6.1f} s")

    def close(self) -> None:
        """Takes the bar away."""
        self._bar.close()

    def _say(self, line: str) -> None:
        self._bar.write(line, file=sys.stderr)
        sys.stderr.flush()

    async def _tick(self) -> None:
        said = time.monotonic()
        while True:
            self._bar.refresh()
            await asyncio.sleep(0.25)
            if not self._terminal and time.monotonic() - said > EVERY:
                said = time.monotonic()
                self._say(f"    {self._done:,}/{self._total:,} {self._note}".rstrip())
