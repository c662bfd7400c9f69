"""`python -m tests.mutation [--module inbox] [--sample 50 --seed 1] [--again]`: killed and survived, a module a line.

The survivors stand as diffs in .local/mutation.md. It starts servers of its own: faulty code is let loose on them, and
the topics that thousands of runs leave behind would use up the open files of any others. Exit code 1 where the tests
fail without any fault.
"""

import argparse
import importlib
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kafka import KafkaAdminClient
from tqdm import tqdm

from deploy.local.servers import Servers
from tests.mutation.modules import MODULES
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.running import ROOT, Slot, run

TOGETHER = 16
"""Faults after which the topics of their tests are deleted."""
REPORT = ROOT / ".local" / "mutation.md"
AHEAD = ("hypothesis", "psycopg", "psycopg_pool", "kafka", "aiokafka", "lianxin_schemas.topics", "pydantic_settings")
"""What every test imports and no fault changes: imported once, then forked."""


def main() -> int:
    """Runs the faults that were asked for; 1 where the tests fail without one."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--module", choices=MODULES, action="append", help="one module; may be said again (all)")
    parser.add_argument("--sample", type=int, help="so many faults a module, drawn at random (all)")
    parser.add_argument("--seed", type=int, default=1, help="of the drawing (1)")
    parser.add_argument("--again", action="store_true", help="only what survived by the last report")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at once (as many as cores)")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # no server and no fault outlives the run
    last = REPORT.read_text() if asked.again else None
    for name in AHEAD:
        importlib.import_module(name)
    lines = ["| module | faults | killed | time-out | survived | found |", "| --- | --- | --- | --- | --- | --- |"]
    diffs: list[str] = []
    with servers():
        for name in asked.module or MODULES:
            for counts, survivors in one(name, last, asked.sample, asked.seed, asked.jobs):
                told, left = [*lines, _line(name, counts)], [*diffs, *survivors]
                REPORT.parent.mkdir(exist_ok=True)
                REPORT.write_text("\n".join([*told, "", *left, ""]))
            lines, diffs = told, left
    print("\n".join(lines), f"\nsurvivors: {REPORT}", sep="\n")
    return 0


def _line(name: str, counts: Counter[str]) -> str:
    total, found = sum(counts.values()), counts["killed"] + counts["time-out"]
    ends = " | ".join(str(counts[end]) for end in ("killed", "time-out", "survived"))
    return f"| {name} | {total} | {ends} | {found / (total or 1):.0%} |"


def one(
    name: str, last: str | None, sample: int | None, seed: int, jobs: int
) -> Iterator[tuple[Counter[str], list[str]]]:
    """After each stage the ends of a module's faults and the diffs of those that survived so far; only of those in the
    report `last`, if given.
    """
    module, stages = MODULES[name]
    original = (ROOT / module).read_text()
    every = [each for each in mutants(original) if last is None or each.diff(Path(module), original) in last]
    left, counts = _drawn(every, sample, seed), Counter[str]()
    for tests in stages:
        ends = _ends(name, module, original, left, tests, jobs)
        counts += Counter(end for end in ends if end != "survived")
        left = [mutant for mutant, end in zip(left, ends, strict=True) if end == "survived"]
        survivors = [f"```diff\n{mutant.diff(Path(module), original)}\n```\n" for mutant in left]
        yield counts | Counter(survived=len(left)), survivors


def _ends(
    name: str, module: str, original: str, chosen: Sequence[Mutant], tests: Sequence[str], jobs: int
) -> list[str]:
    """What became of faults under some tests, in their order."""
    ends: dict[int, str] = {}
    with tempfile.TemporaryDirectory(prefix="lianxin-mutation-") as folder:
        slots = [Slot(Path(folder) / str(number), module, tests) for number in range(jobs)]
        seconds = _baseline(slots, original, Path(folder))
        with tqdm(total=len(chosen), desc=f"{name}, {tests[0].rpartition('/')[2].partition('::')[0]}") as bar:
            for start in range(0, len(chosen), TOGETHER):
                part = chosen[start : start + TOGETHER]
                for number, end in run(slots, [mutant.text for mutant in part], seconds):
                    ends[start + number] = end
                    bar.update()
                    bar.set_postfix_str(f"{Counter(ends.values())['survived']} survived")
                forget()
    return [ends[number] for number in range(len(chosen))]


def _drawn(every: Sequence[Mutant], sample: int | None, seed: int) -> Sequence[Mutant]:
    if sample is None or sample >= len(every):
        return every
    return sorted(random.Random(seed).sample(every, sample), key=lambda mutant: mutant.line)


def _baseline(slots: Sequence[Slot], original: str, folder: Path) -> float:
    """How long a fault's tests may take, by how long they take without one."""
    began = time.monotonic()
    ends = dict(run(slots, [original] * len(slots), 300))
    if set(ends.values()) != {"survived"}:
        sys.exit(f"the tests fail without a fault: {(folder / '0/output.txt').read_text()[-2000:]}")
    return 10 + 4 * (time.monotonic() - began)


@contextmanager
def servers() -> Iterator[None]:
    """Own servers, which the environment names meanwhile."""
    with tempfile.TemporaryDirectory(prefix="lianxin-mutation-", dir="/tmp") as folder:
        own = Servers(Path(folder))
        try:
            own.start()
            os.environ |= {"LIANXIN_KAFKA": own.kafka_address, "LIANXIN_POSTGRES": own.postgres_url}
            yield
        finally:
            own.kill()
            own.remove()


def forget() -> None:
    """Deletes the topics that tests have left on its own Kafka, before it has too many files open."""
    admin = KafkaAdminClient(bootstrap_servers=os.environ["LIANXIN_KAFKA"])
    try:
        admin.delete_topics([name for name in admin.list_topics() if not name.startswith("__")])
    finally:
        admin.close()


if __name__ == "__main__":
    sys.exit(main())
