"""`python -m tests.simulation`: many histories, as many at a time as there are cores; see README.md.

Exit code 1 when a rule does not hold; from 1,000 histories on also when a branch was never taken, or when a seeded bug
was not caught.
"""

import argparse
import gc
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tests.simulation.branches import NAMED, Lines, every_line, missing, watching
from tests.simulation.bugs import BUGS, caught
from tests.simulation.faults import TOLD
from tests.simulation.run import Told, play
from tests.simulation.stage import installed

SHOWN = 3
"""Failures that are shown whole."""
PART = 20
"""Histories that are handed to a process at a time."""
WATCHED = 50
"""So many parts are watched line by line, which takes twice as long."""
MANY = 1_000
"""Histories from which on every branch has to be taken, and every seeded bug is looked for."""


@dataclass
class Summary:
    """What came of a run."""

    histories: int = 0
    steps: int = 0
    seconds: float = 0.0
    marks: Counter[str] = field(default_factory=Counter)
    lines: Lines = frozenset()
    wrong: list[Told] = field(default_factory=list)
    missed: list[str] | None = None
    """Seeded bugs that were not caught; None where none was looked for."""

    def add(self, told: Told) -> None:
        """Takes one history in."""
        self.histories += 1
        self.steps += told.steps
        self.marks += told.marks
        if told.wrong:
            self.wrong.append(told)

    def as_json(self) -> dict[str, Any]:
        """The figures."""
        lines, of = len(self.lines & every_line()), len(every_line())
        bugs = {} if self.missed is None else {"caught": len(BUGS) - len(self.missed), "of": len(BUGS)}
        return {
            "histories": self.histories,
            "steps": self.steps,
            "seconds": round(self.seconds, 1),
            "wrong": [told.seed for told in self.wrong],
            "faults": {name: self.marks[name] for name in TOLD},
            "branches": {"taken": len(NAMED) - len(missing(self.marks)), "of": len(NAMED)},
            "lines": {"run": lines, "of": of},
            "bugs": bugs,
        }

    def short(self) -> list[str]:
        """What a run of many histories still owes."""
        untold = [f"never taken: {name}" for name in missing(self.marks)]
        unrun = [f"never run: {file}:{line}" for file, line in sorted(every_line() - self.lines)]
        return [*untold, *unrun, *(f"not caught: {name}" for name in self.missed or ())]


def many(seeds: tuple[int, ...], steps: int, watched: bool) -> tuple[list[Told], Lines]:
    """Plays some histories in one process."""
    gc.set_threshold(50_000, 20, 100)
    with installed(), watching(active=watched) as lines:
        return [play(seed, steps) for seed in seeds], frozenset(lines)


def seeded(nth: int) -> str | None:
    """The name of a seeded bug that is not caught."""
    with installed():
        return BUGS[nth].name if caught(BUGS[nth]) is None else None


def all_of(first: int, histories: int, steps: int, processes: int) -> Iterator[tuple[list[Told], Lines]]:
    """Plays all, in no order."""
    starts = range(first, first + histories, PART)
    parts = [(tuple(range(at, min(at + PART, first + histories))), steps) for at in starts]
    if processes == 1 or len(parts) == 1:
        for nth, part in enumerate(parts):
            yield many(*part, watched=nth < WATCHED and histories > 1)
        return
    with ProcessPoolExecutor(processes) as pool:
        for done in as_completed([pool.submit(many, *part, nth < WATCHED) for nth, part in enumerate(parts)]):
            yield done.result()


def bugs(processes: int) -> list[str]:
    """The names of seeded bugs that are not caught."""
    with ProcessPoolExecutor(processes) as pool:
        found = tqdm(pool.map(seeded, range(len(BUGS))), total=len(BUGS), unit=" seeded bugs", disable=None)
        return [name for name in found if name]


def main() -> int:
    """Runs the simulation; answers with the exit code."""
    given = _parser().parse_args()
    summary, began = Summary(), time.monotonic()
    with tqdm(total=given.histories, unit=" histories", disable=None if given.histories > 1 else True) as bar:
        for part, lines in all_of(given.seed, given.histories, given.steps, given.processes):
            summary.lines |= lines
            for told in part:
                summary.add(told)
                if told.wrong and len(summary.wrong) <= SHOWN:
                    bar.write(_shown(told, given.steps))
            bar.update(len(part))
    summary.seconds = time.monotonic() - began
    if given.histories >= MANY:
        summary.missed = bugs(given.processes)
    for told in summary.wrong[SHOWN:]:
        print(f"seed {told.seed}: {told.wrong[:150]}")
    short = summary.short() if given.histories >= MANY else []
    print("\n".join([*short, json.dumps(summary.as_json())]))
    if given.json:
        given.json.write_text(json.dumps(summary.as_json(), indent=2) + "\n")
    return 1 if summary.wrong or short else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=2_000)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the first history; the others follow")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser


def _shown(told: Told, steps: int) -> str:
    again = f"python -m tests.simulation --histories 1 --steps {steps} --seed {told.seed}"
    return f"{told.story}\nseed {told.seed}: {told.wrong}\nagain: {again}\n"


if __name__ == "__main__":
    sys.exit(main())
