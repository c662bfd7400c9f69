"""What it costs: CPU seconds of all processes that the bench has started, and memory of one."""

import contextlib
import resource
import threading
import time
from collections.abc import Iterator

import psutil  # type: ignore[import-untyped]

from tests.bench.rows import Run


def everything() -> float:
    """CPU seconds so far of every process below this one: services, broker, database, peers; those that ended too."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = ended.ru_utime + ended.ru_stime
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


class Meter:
    """Started where a measurement begins."""

    def __init__(self) -> None:
        self._others, self._own, self._began = everything(), time.process_time(), time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since it was started."""
        return time.perf_counter() - self._began

    def per_million(self, n: int) -> float:
        """CPU seconds of the others since then, for a million events."""
        return (everything() - self._others) / n * 1e6

    def share(self) -> float:
        """This process's share of a core since then: the generator's."""
        return (time.process_time() - self._own) / self.seconds

    def rate(self, n: int) -> Run:
        """So many events since then, as a rate under load from this process."""
        seconds, share = self.seconds, self.share()
        return Run(n / seconds, n, self.per_million(n), share)


@contextlib.contextmanager
def peak(pid: int) -> Iterator[list[float]]:
    """Watches a process's memory; in the list is its largest in MiB so far."""
    found, over, process = [0.0], threading.Event(), psutil.Process(pid)

    def watch() -> None:
        while not over.wait(0.1):
            with contextlib.suppress(psutil.NoSuchProcess):
                found[0] = max(found[0], process.memory_info().rss / 2**20)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
