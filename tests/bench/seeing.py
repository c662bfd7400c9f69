"""How soon an accepted visit can be read in the tables."""

import asyncio
from collections.abc import Iterator

import uvloop

from tests.bench.bench import RUNS, Bench, quiet, say, told
from tests.bench.client import opened
from tests.bench.rows import Row, Run, percentile, row
from tests.bench.served import Served, serving
from tests.bench.spent import Meter

RATES = (200, 500)
ROWS = tuple(f"visible_p{share}_ms_at_{rate}" for rate in RATES for share in (50, 99))
METHOD = "open loop: from when a visit was due to be sent until the tables with it were read with after="


def measure(bench: Bench) -> Iterator[Row]:
    """The rates in turn, three times, in one installation."""
    runs: dict[str, list[Run]] = {name: [] for name in ROWS}
    with serving(bench, 2) as served:
        for nth in range(1, RUNS + 1):
            for rate in RATES:
                say(f"visible, run {nth} of {RUNS}: {rate}/s")
                count = int(rate * bench.seconds(10))
                meter = Meter()
                latencies = _run(served, rate, count)
                cpu, share = meter.per_million(count), meter.share()
                for of in (50, 99):
                    run = Run(percentile(latencies, of) * 1000, count, cpu, share)
                    runs[f"visible_p{of}_ms_at_{rate}"].append(run)
                quiet(served.world)
    for name, found in runs.items():
        yield told(row(name, "ms", found, f"{METHOD}, {name.rsplit('_', 1)[1]}/s for 10 s"))


def _run(served: Served, rate: float, count: int) -> list[float]:
    async def run() -> list[float]:
        try:
            return await opened(rate, count, served.seen)
        finally:
            await served.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())
