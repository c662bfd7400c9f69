"""How much memory a projection takes that starts while millions of events wait."""

from collections.abc import Iterator

from tests.bench import load
from tests.bench.bench import Bench, say, told
from tests.bench.projecting import check, live
from tests.bench.rows import Row, Run, row
from tests.bench.visits import logged, visits

BACKLOG = 5_000_000
ROWS = ("backlog_rss_mib",)


def measure(bench: Bench) -> Iterator[Row]:
    """Until it has read them all; once."""
    count = bench.count(BACKLOG)
    with bench.world() as world:
        say(f"making {count:,} events that wait")
        load.topic(world, logged(visits(count, 3), world.space))
        say(f"projecting {count:,}")
        run, rss = live(world, count)
        check(world, count)
    method = f"largest memory of the live process, from {count:,} waiting events to none, at {run.value:,.0f}/s"
    yield told(row("backlog_rss_mib", "MiB", [Run(rss, count)], method))
