"""Whether what is stored slows down what comes: rates with a million events in log, topic and tables, and with more."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain

import psycopg

from tests.bench import load, oracle
from tests.bench.accepting import SINGLE, single
from tests.bench.bench import RUNS, Bench, say, told
from tests.bench.projecting import FACT, rebuild
from tests.bench.rows import Row, Run, row
from tests.bench.served import at_work
from tests.bench.visits import Visit, logged, visits
from tests.world.world import World

MILLIONS = (1, 4, 16)
ROWS = tuple(f"{name}_per_s_at_{size}m" for size in MILLIONS for name in ("rebuild", "accept_single"))
SEED = 4
LONG = 60.0
"""Seconds from which on a rebuild is not repeated."""
Counts = dict[int, int]
"""Events by millions."""
Worlds = dict[int, World]


def measure(bench: Bench) -> Iterator[Row]:
    """Every size up to the scale's, in turn; a scale below 1 makes the first one smaller, and says so by its n."""
    counts = {size: int(size * 1_000_000 * min(1.0, bench.scale)) for size in MILLIONS if size <= max(1.0, bench.scale)}
    with ExitStack() as stack:
        worlds = {size: _made(stack.enter_context(bench.world()), count) for size, count in counts.items()}
        rebuilt = _rebuilt(worlds, counts)
        for world in worlds.values():
            _settle(world)
        accepted = _accepted(bench, worlds, counts)
    for size, count in counts.items():
        method = (
            f"the verb `rebuild`, one process, the sizes in turn; {FACT}; not repeated when longer than {LONG:.0f} s"
        )
        yield told(row(f"rebuild_per_s_at_{size}m", "1/s", rebuilt[size], method))
        method = f"one by one, {SINGLE} connections, 10 s, the sizes in turn; {count:,} events in log, topic and tables"
        yield told(row(f"accept_single_per_s_at_{size}m", "1/s", accepted[size], method))


def _rebuilt(worlds: Worlds, counts: Counts) -> dict[int, list[Run]]:
    runs: dict[int, list[Run]] = {size: [] for size in counts}
    for nth in range(1, RUNS + 1):
        for size, count in _turned(counts, nth):
            if all(run.n / run.value < LONG for run in runs[size]):
                say(f"rebuild of {count:,}, run {nth}")
                runs[size].append(rebuild(worlds[size], count))
    return runs


def _accepted(bench: Bench, worlds: Worlds, counts: Counts) -> dict[int, list[Run]]:
    """Raises Wrong where the tables are not those of what was made and of what was accepted on top."""
    runs: dict[int, list[Run]] = {size: [] for size in counts}
    made: dict[int, list[Visit]] = {size: [] for size in counts}
    for nth in range(1, RUNS + 1):
        for size, count in _turned(counts, nth):
            say(f"accepting one by one on top of {count:,}, run {nth} of {RUNS}")
            with at_work(worlds[size], SEED + nth) as served:
                runs[size].append(single(bench, served))
            made[size] += served.accepted
    for size, count in counts.items():
        say(f"counting {count:,} and what came on top")
        info = worlds[size].settings.database("appraisal", guarded=False)
        oracle.check(info, chain(visits(count, SEED), made[size]))
    return runs


def _settle(world: World) -> None:
    """What autovacuum and a checkpoint still had to do for the rows just made is done."""
    for service in ("intake", "appraisal"):
        with psycopg.connect(world.settings.database(service, guarded=False), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")


def _turned(counts: Counts, by: int) -> list[tuple[int, int]]:
    """Another size comes first each time: what one leaves to be written may slow the next."""
    found = list(counts.items())
    return found[by % len(found) :] + found[: by % len(found)]


def _made(world: World, count: int) -> World:
    say(f"making {count:,} events, in the log and in Kafka")
    with load.kept(world, logged(visits(count, SEED), world.space)) as log:
        load.topic(world, log)
    return world
