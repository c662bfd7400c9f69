"""First figures of the whole way: `make bench` → .local/bench.json. Everything on one box, fsync on, acks=all, auth on.

A run whose tables differ from a plain refold has no speed: it ends with an error instead.
"""

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from deploy.local import keys
from deploy.local.servers import Servers
from deploy.local.state import state_folder
from tests.world.traffic import visit
from tests.world.world import World, until

SECONDS = 10.0
CONNECTIONS = 64
BATCH = 100
RATE = 200


class Load:
    """A client with one token and as many connections as are asked for."""

    def __init__(self, session: aiohttp.ClientSession, world: World) -> None:
        self.session, self.seed = session, random.Random(1)
        token = keys.sign(world.folder / "keys", "importer", ["import", "organisation"])
        self.headers = {"Authorization": f"Bearer {token}"}

    async def post(self, address: str, body: Any) -> Any:
        """Sends; raises for anything but acceptance."""
        async with self.session.post(address, json=body, headers=self.headers) as answer:
            if answer.status not in (200, 201):
                raise RuntimeError(f"{answer.status}: {await answer.text()}")
            return await answer.json()

    async def get(self, address: str, after: str) -> None:
        """Reads with `after=`; raises unless it is there."""
        async with self.session.get(address, params={"after": after}, headers=self.headers) as answer:
            if answer.status != 200:
                raise RuntimeError(f"not visible: {answer.status} {await answer.text()}")
            await answer.read()


async def closed(count: int, work: Callable[[], Awaitable[int]]) -> tuple[int, float, list[float]]:
    """Runs `count` clients side by side for a while: what they did together, the seconds, each latency."""
    done, latencies, began = 0, [], time.perf_counter()

    async def client() -> None:
        nonlocal done
        while time.perf_counter() - began < SECONDS:
            start = time.perf_counter()
            kept = await work()
            done += kept
            latencies.append(time.perf_counter() - start)

    await asyncio.gather(*(client() for _ in range(count)))
    return done, time.perf_counter() - began, latencies


async def visible(load: Load, intake: str, appraisal: str) -> list[float]:
    """Open loop: seconds from the time a visit was due to be sent until the tables with it could be read."""
    latencies: list[float] = []
    began = time.perf_counter() + 0.5

    async def one(nth: int) -> None:
        due = began + nth / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        command = visit(load.seed)
        receipt = await load.post(f"{intake}/visits", command)
        await load.get(f"{appraisal}/visits/{command['visit']['visit']}", receipt["after"])
        latencies.append(time.perf_counter() - due)

    await asyncio.gather(*(one(nth) for nth in range(int(RATE * SECONDS))))
    return latencies


def row(name: str, value: float, unit: str, n: int, method: str) -> dict[str, Any]:
    """One figure; `n` is over how many it was measured."""
    print(f"{name:24} {value:>10,.1f} {unit:4} n={n:<8} {method}")
    return {"name": name, "value": round(value, 1), "unit": unit, "n": n, "method": method}


def percentile(latencies: list[float], share: int) -> float:
    """A percentile in milliseconds."""
    return statistics.quantiles(latencies, n=100)[share - 1] * 1000


async def measure(world: World, intake: str, appraisal: str) -> list[dict[str, Any]]:
    """All figures over HTTP."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        load = Load(session, world)

        async def single() -> int:
            await load.post(f"{intake}/visits", visit(load.seed))
            return 1

        async def batch() -> int:
            outcomes = await load.post(f"{intake}/visits/batch", {"visits": [visit(load.seed) for _ in range(BATCH)]})
            return sum(outcome["status"] == 201 for outcome in outcomes)

        rows = []
        lat = await visible(load, intake, appraisal)
        method = f"open loop at {RATE}/s, scheduled send to read with after="
        rows += [row(f"visible_p{p}_ms", percentile(lat, p), "ms", len(lat), method) for p in (50, 99)]
        done, seconds, lat = await closed(CONNECTIONS, single)
        method = f"one by one, {CONNECTIONS} connections, all processes running"
        rows += [row("accept_single_per_s", done / seconds, "1/s", done, method)]
        rows += [row("accept_single_p99_ms", percentile(lat, 99), "ms", done, method)]
        done, seconds, _ = await closed(8, batch)
        rows += [row("accept_batch_per_s", done / seconds, "1/s", done, f"batches of {BATCH}, 8 connections")]
        return rows


def main() -> int:
    """Starts everything, measures, looks that the tables are right, and writes the figures."""
    folder = Path(tempfile.mkdtemp(prefix="lianxin-bench-"))
    servers = Servers(folder / "servers")
    servers.start()
    world = World(servers.kafka_address, servers.postgres_url, folder)
    try:
        world.start("intake", "relay", member="relay")
        world.start("appraisal", "relay", member="relay")
        world.start("appraisal", "project", member="project")
        intake, appraisal = (str(world.api(name).client.base_url).rstrip("/") for name in ("intake", "appraisal"))
        rows = asyncio.run(measure(world, intake, appraisal))
        began = time.perf_counter()
        until(lambda: world.lag("appraisal")["behind"] + world.lag("intake")["behind"] == 0, "lag", 600, 0.5)
        rows.append(row("lag_back_to_0_s", time.perf_counter() - began, "s", 1, "after the batches ended"))
        [(events,)] = world.query("intake", "SELECT count(*) FROM events")
        began = time.perf_counter()
        world.rebuild()
        seconds = time.perf_counter() - began
        rows.append(row("rebuild_per_s", events / seconds, "1/s", events, "one process, all else idle, swap included"))
        world.verify()
    finally:
        world.close()
        servers.stop()
        servers.remove()
    target = state_folder() / "bench.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(rows, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
