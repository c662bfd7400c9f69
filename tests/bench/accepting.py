"""How many visits are accepted: one by one, in batches for a while, in batches all at once."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator

import uvloop

from tests.bench.bench import RUNS, Bench, quiet, say, told
from tests.bench.client import closed
from tests.bench.rows import Row, Run, percentile, row
from tests.bench.served import BATCH, Served, serving
from tests.bench.spent import Meter

ROWS = (
    "accept_single_per_s",
    "accept_single_p99_ms",
    "accept_batch_per_s",
    "accept_batch_lag_s",
    "accept_burst_per_s",
)
SINGLE, BATCHED = 64, 8
ALL = "HTTP with a signed token, fsync on, acks=all; API, relay and projection at work beside it"


def measure(bench: Bench) -> Iterator[Row]:
    """The three ways in turn, three times, in one installation."""
    runs: dict[str, list[Run]] = defaultdict(list)
    with serving(bench, 1) as served:
        for nth in range(1, RUNS + 1):
            say(f"accepting, run {nth} of {RUNS}: one by one, batches, burst")
            latencies = _load(served, SINGLE, bench.seconds(10), served.one, runs["single"])
            runs["p99"].append(Run(percentile(latencies, 99) * 1000, len(latencies)))
            quiet(served.world)
            _load(served, BATCHED, bench.seconds(60), served.batch, runs["batch"])
            meter = Meter()
            quiet(served.world)
            runs["lag"].append(Run(meter.seconds, runs["batch"][-1].n))
            _load(served, BATCHED, bench.seconds(10), served.batch, runs["burst"])
            quiet(served.world)
    batches = f"batches of {BATCH}, {BATCHED} connections"
    yield told(row("accept_single_per_s", "1/s", runs["single"], f"one by one, {SINGLE} connections, 10 s. {ALL}"))
    yield told(row("accept_single_p99_ms", "ms", runs["p99"], f"one by one, {SINGLE} connections, 10 s. {ALL}"))
    yield told(row("accept_batch_per_s", "1/s", runs["batch"], f"{batches}, sustained for 60 s. {ALL}"))
    yield told(row("accept_batch_lag_s", "s", runs["lag"], "from the last batch of these 60 s to lag 0"))
    yield told(row("accept_burst_per_s", "1/s", runs["burst"], f"{batches}, 10 s. {ALL}"))


def _load(
    served: Served, count: int, seconds: float, work: Callable[[], Awaitable[None]], runs: list[Run]
) -> list[float]:
    """Adds a run: visits accepted a second; answers with the seconds of each request."""

    async def run() -> list[float]:
        try:
            return await closed(count, seconds, work)
        finally:
            await served.close()

    before, meter = len(served.accepted), Meter()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        latencies = runner.run(run())
    runs.append(meter.rate(len(served.accepted) - before))
    return latencies


def single(bench: Bench, served: Served) -> Run:
    """One run of visits one by one, as `accept_single_per_s` has it."""
    runs: list[Run] = []
    _load(served, SINGLE, bench.seconds(10), served.one, runs)
    quiet(served.world)
    return runs[0]
