"""Whether what is stored slows down what comes: rates with a million events in log, topic and tables, and with more."""

from collections.abc import Iterator

from tests.bench import load, oracle
from tests.bench.accepting import SINGLE, single
from tests.bench.bench import RUNS, Bench, quiet, say, told
from tests.bench.projecting import FACT, rebuild
from tests.bench.rows import Row, Run, row
from tests.bench.served import Served
from tests.bench.visits import logged, visits

MILLIONS = (1, 4, 16)
ROWS = tuple(f"{name}_per_s_at_{size}m" for size in MILLIONS for name in ("rebuild", "accept_single"))
LONG = 60.0
"""Seconds from which on a rebuild is not repeated."""


def measure(bench: Bench) -> Iterator[Row]:
    """Every size up to the scale's; a scale below 1 makes the first one smaller, and says so by its n."""
    for size in MILLIONS:
        if size <= max(1.0, bench.scale):
            yield from _at(bench, size, int(size * 1_000_000 * min(1.0, bench.scale)))


def _at(bench: Bench, size: int, count: int) -> Iterator[Row]:
    with bench.world() as world:
        say(f"making {count:,} events, in the log and in Kafka")
        with load.kept(world, logged(visits(count, 4), world.space)) as log:
            load.topic(world, log)
        rebuilt: list[Run] = []
        while len(rebuilt) < RUNS and all(run.n / run.value < LONG for run in rebuilt):
            say(f"rebuild of {count:,}, run {len(rebuilt) + 1}")
            rebuilt.append(rebuild(world, count))
        oracle.check(world.settings.database("appraisal", guarded=False), visits(count, 4))
        served = Served(world, 5)
        quiet(world)
        accepted = []
        for nth in range(1, RUNS + 1):
            say(f"accepting one by one on top of {count:,}, run {nth} of {RUNS}")
            accepted.append(single(bench, served))
        made = [*visits(count, 4), *served.accepted]
        oracle.check(world.settings.database("appraisal", guarded=False), made)
    method = f"the verb `rebuild`, one process; {FACT}; not repeated when longer than {LONG:.0f} s"
    yield told(row(f"rebuild_per_s_at_{size}m", "1/s", rebuilt, method))
    method = f"one by one, {SINGLE} connections, 10 s, on top of {count:,} events in log, topic and tables"
    yield told(row(f"accept_single_per_s_at_{size}m", "1/s", accepted, method))
