"""What has a command of its own: run as one, a row each. Where a command does not exist yet, it is left out visibly."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.faults.tally import Tally

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Command:
    """A module that is run as a command; it holds where it ends with 0. `words` is what it is told, by times."""

    part: str
    module: str
    whom: str
    fault: str
    words: Callable[[int], str]

    def run(self, tally: Tally, times: int) -> None:
        """Runs it to its end, on our terminal; what it found stands there."""
        if process := self.start(tally, times):
            self.finish(tally, times, process)

    def start(self, tally: Tally, times: int, beside: Sequence[str] = ()) -> "subprocess.Popen[bytes] | None":
        """Starts it, `beside` before its command; None where it was not asked for, or does not exist."""
        if not tally.wanted(self.part):
            return None
        if not _there(self.module):
            tally.left_out(self.part, self.whom, self.fault, f"there is no {self.module}")
            return None
        words = [*beside, sys.executable, "-m", self.module, *shlex.split(self.words(times))]
        return subprocess.Popen(words, cwd=ROOT, env=_environment(), process_group=0)

    def finish(self, tally: Tally, times: int, process: "subprocess.Popen[bytes]") -> None:
        """Waits for its end, and notes whether it held."""
        said = f"python -m {self.module} {self.words(times)}"
        with ended(process), tally.case(self.part, self.part, [self.whom], self.fault) as hit:
            hit.append(self.whom)
            assert process.wait() == 0, f"{said} ended with {process.returncode}"
        tally.row(self.part, self.whom, self.fault).note = f"`{said}`"
        tally.write()


@contextlib.contextmanager
def ended(process: "subprocess.Popen[bytes] | None") -> Iterator[None]:
    """Whatever happens inside, even where the run is ended from outside: it and what it started do not go on."""
    try:
        yield
    finally:
        if process and process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)


def _there(module: str) -> bool:
    try:
        return find_spec(f"{module}.__main__") is not None
    except ModuleNotFoundError:
        return False


def _environment() -> dict[str, str]:
    """Ours without what was asked of us alone."""
    return {name: value for name, value in os.environ.items() if name not in ("ONLY", "CASE", "N")}


COMMANDS = (
    Command(
        "processes",
        "pytest",
        "what comes after a fault: messages, losses and restores, a fleet that grows and shrinks",
        "each of its own kind, and seeded bugs",
        lambda _: "tests/faults/processes -q -n 2 --dist loadgroup",
    ),
    Command(
        "simulation",
        "tests.simulation",
        "relay, receivers, database and broker as one history of steps",
        "crashes, losses, restores and delays by a seed",
        lambda times: f"--histories {20_000 * times} --steps 200 --json .local/simulation.json",
    ),
    Command(
        "surface",
        "tests.surface",
        "every route, code, link and page that takes something from outside",
        "made-up, spoiled and oversized input",
        lambda times: f"--times {3 * times}",
    ),
    Command(
        "mutation",
        "tests.mutation",
        "what tests/mutation/modules.py names",
        "one small fault in a copy of the code after the other",
        lambda times: f"--sample {50 * times} --seed 1",
    ),
)
"""In the order in which they run."""
