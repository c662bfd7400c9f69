"""How fast appraisal's projection turns events into tables, live and in a rebuild."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg

from services.appraisal.projections import PROJECTION
from tests.bench import load, oracle
from tests.bench.bench import PATIENCE, RUNS, Bench, say, told
from tests.bench.rows import Row, Run, row
from tests.bench.spent import Meter, peak
from tests.bench.visits import logged, visits
from tests.world.world import World, until

EVENTS = 500_000
ROWS = ("live_per_s", "live_zipf_per_s", "rebuild_per_s", "rebuild_zipf_per_s", "rebuild_two_per_s")
KINDS = {"": "evenly", "_zipf": "by Zipf 1.1"}
FACT = "one fact row and two tallies an event, 750 bytes as CloudEvents, 24 partitions, 354,000 cadres"
TWO = "--processes"
"""How `rebuild` would be told to use two, if it can."""


def measure(bench: Bench) -> Iterator[Row]:
    """Live and rebuild in turn, evenly and by Zipf, three times."""
    count, runs = bench.count(EVENTS), defaultdict[str, list[Run]](list)
    two = TWO in _help()
    with ExitStack() as stack:
        worlds = {kind: stack.enter_context(bench.world()) for kind in KINDS}
        for kind, world in worlds.items():
            say(f"making {count:,} events, cadres busy {KINDS[kind]}")
            load.topic(world, logged(visits(count, 3, zipf=bool(kind)), world.space))
        for nth in range(1, RUNS + 1):
            for kind, world in worlds.items():
                say(f"projecting, run {nth} of {RUNS}, cadres busy {KINDS[kind]}")
                runs[f"live{kind}_per_s"].append(live(world, count)[0])
                runs[f"rebuild{kind}_per_s"].append(rebuild(world, count))
                check(world, count, kind)
            if two:
                runs["rebuild_two_per_s"].append(rebuild(worlds[""], count, TWO, "2"))
                check(worlds[""], count, "")
    for kind, how in KINDS.items():
        method = f"one process over a backlog, from its first commit to its last; {FACT}, busy {how}"
        yield told(row(f"live{kind}_per_s", "1/s", runs[f"live{kind}_per_s"], method))
        method = f"the verb `rebuild`, one process, from its start to after the swap; {FACT}, busy {how}"
        yield told(row(f"rebuild{kind}_per_s", "1/s", runs[f"rebuild{kind}_per_s"], method))
    if two:
        yield told(row("rebuild_two_per_s", "1/s", runs["rebuild_two_per_s"], f"as rebuild_per_s, `{TWO} 2`"))
    else:
        say("rebuild_two_per_s: left out, `rebuild` works in one process")


def check(world: World, count: int, kind: str = "") -> None:
    """The tables are those of the events; raises Wrong otherwise."""
    oracle.check(world.settings.database("appraisal", guarded=False), visits(count, 3, zipf=bool(kind)))


def live(world: World, count: int) -> tuple[Run, float]:
    """Empty tables, and one projection process over the whole topic: its rate, and its largest memory in MiB."""
    _forget(world)
    process = world.start("appraisal", "project", member="project")
    try:
        with peak(process.pid) as memory, psycopg.connect(world.settings.database("appraisal"), autocommit=True) as own:
            run = pace(lambda: _reached(own), count)
    finally:
        process.terminate()
        process.wait(60)
    return run, memory[0]


def pace(reached: Callable[[], int], count: int) -> Run:
    """From the first commit that is seen to the last; from the start of the process where that is the same one."""
    started = Meter()
    first = until(reached, "the first commit", PATIENCE, 0.02)
    meter = Meter()
    until(lambda: reached() >= count, "the last commit", PATIENCE, 0.02)
    rest = count - first
    if not rest:
        meter, rest = started, count
    return Run(rest / meter.seconds, count, meter.per_million(rest))


def rebuild(world: World, count: int, *arguments: str) -> Run:
    """The verb as an operator runs it. Raises AssertionError when it fails."""
    meter = Meter()
    command = [sys.executable, "-m", "services.appraisal", "rebuild", *arguments]
    done = subprocess.run(command, env=world.environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, f"rebuild ended with {done.returncode}: {done.stdout[-1000:]}{done.stderr[-1000:]}"
    return Run(count / meter.seconds, count, meter.per_million(count))


def _reached(connection: psycopg.Connection) -> int:
    sql = "SELECT coalesce(sum(number), 0)::bigint FROM mark WHERE consumer = 'project' AND topic = 'visits'"
    [(number,)] = connection.execute(sql).fetchall()
    return number


def _forget(world: World) -> None:
    """As before the first message: no rows, no marks."""
    world.query("appraisal", f"TRUNCATE {', '.join(PROJECTION.tables)}")
    for table in ("mark", "bookmark"):
        world.query("appraisal", f"DELETE FROM {table} WHERE consumer = 'project'")


def _help() -> str:
    command = [sys.executable, "-m", "services.appraisal", "rebuild", "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
