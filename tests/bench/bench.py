"""One run of the bench: its own servers, how large everything is, and worlds to measure in."""

import contextlib
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local.servers import Servers
from tests.bench.rows import Row, line
from tests.world.world import World, until

RUNS = 3
PATIENCE = 3_600.0
"""Seconds after which something that should end has hung."""


@dataclass
class Bench:
    """What every subject is handed. `scale` multiplies counts; below 1 it shortens times too, to try a change."""

    servers: Servers
    folder: Path
    scale: float = 1.0

    def count(self, events: int) -> int:
        """So many events, scaled."""
        return max(200, int(events * self.scale))

    def seconds(self, seconds: float) -> float:
        """So long under load, scaled down."""
        return max(1.0, seconds * min(1.0, self.scale))

    @contextlib.contextmanager
    def world(self) -> Iterator[World]:
        """An installation of its own; it and its topics are gone afterwards. What its processes wrote stays unsaid."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        made = World(self.servers.kafka_address, self.servers.postgres_url, folder, ("intake", "appraisal"))
        del made.environment["LIANXIN_SEAL_EVERY"]  # as often as without settings, and not as tests have it
        try:
            yield made
        except BaseException:
            made.close()
            raise
        with contextlib.redirect_stdout(io.StringIO()):
            made.close()
        made.forget()


@contextlib.contextmanager
def started(scale: float) -> Iterator[Bench]:
    """Kafka and PostgreSQL of this run alone; nothing of them is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="lianxin-bench-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        servers = Servers(folder / "servers")
        try:
            servers.start()
            yield Bench(servers, folder, scale)
        finally:
            servers.kill()
            servers.remove()


Subject = Callable[[Bench], Iterator[Row]]


def say(text: str) -> None:
    """A line of progress."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def told(row: Row) -> Row:
    """The same row, told."""
    say(line(row))
    return row


def quiet(world: World) -> None:
    """Returns when everything accepted has become visible."""
    for service in ("intake", "appraisal"):
        until(lambda name=service: world.lag(name)["behind"] == 0, f"lag of {service}", PATIENCE, 0.2)  # type: ignore[misc]


def machine() -> str:
    """What it was measured on, and how busy that was with other things."""
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"
