"""Beside others: the same visits, the same rows in PostgreSQL, in turn, three times. A ratio is ours over theirs."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import uvloop

from deploy.local.state import free_ports, port_is_free
from services.runtime.database import conninfo
from tests.bench import load, oracle
from tests.bench.bench import PATIENCE, RUNS, Bench, say, told
from tests.bench.client import Client, Refusal, counted
from tests.bench.peers import eventsourced, faust_table, kafka_streams, naive_api
from tests.bench.projecting import check, live, pace
from tests.bench.rows import Row, Run, ratio
from tests.bench.served import Served
from tests.bench.spent import Meter
from tests.bench.visits import body, logged, visits
from tests.world.world import World, until

EVENTS, REQUESTS, CONNECTIONS = 40_000, 8_000, 64
ROWS = ("ratio_faust_table", "ratio_eventsourcing", "ratio_kafka_streams", "ratio_naive_api")
SEED = 3


def measure(bench: Bench) -> Iterator[Row]:
    """Projections over a backlog, then APIs."""
    yield from _projections(bench)
    yield from _apis(bench)


def _projections(bench: Bench) -> Iterator[Row]:
    count, runs = bench.count(EVENTS), defaultdict[str, list[Run]](list)
    with bench.world() as world:
        say(f"making {count:,} events for all")
        load.topic(world, logged(visits(count, SEED), world.space))
        peers = Peers(bench, world, count)
        if not peers.classpath:
            say(f"ratio_kafka_streams: left out, this machine has no {kafka_streams.missing()}")
        for nth in range(1, RUNS + 1):
            say(f"comparing projections, run {nth} of {RUNS}")
            runs["ours"].append(live(world, count)[0])
            check(world, count)
            say("  Faust Table")
            runs["faust"].append(peers.faust(nth))
            say("  pyeventsourcing")
            runs["eventsourcing"].append(peers.eventsourcing(nth))
            if peers.classpath:
                say("  Kafka Streams")
                runs["streams"].append(peers.streams(nth))
    ours = "Ours: live_per_s over the same events"
    yield told(ratio("ratio_faust_table", runs["ours"], runs["faust"], f"{faust_table.METHOD}. {ours}"))
    yield told(ratio("ratio_eventsourcing", runs["ours"], runs["eventsourcing"], f"{eventsourced.METHOD}. {ours}"))
    if runs["streams"]:
        yield told(ratio("ratio_kafka_streams", runs["ours"], runs["streams"], f"{kafka_streams.METHOD}. {ours}"))


class Peers:
    """Runs each peer over the events of a world, on a database of its own for each run."""

    def __init__(self, bench: Bench, world: World, count: int) -> None:
        self._bench, self._world, self._count = bench, world, count
        self._topic = world.settings.topic("visits")
        self.classpath = "" if kafka_streams.missing() else kafka_streams.build()

    def faust(self, nth: int) -> Run:
        """A run of the Faust Table."""
        group, info = f"{self._world.space}.faust{nth}", database(self._bench, self._world, f"faust{nth}")
        command = [
            sys.executable,
            "-m",
            "tests.bench.peers.faust_table",
            self._world.settings.kafka,
            self._topic,
            group,
        ]
        return self._run([*command, info, str(self._world.folder / f"faust{nth}")], info)

    def eventsourcing(self, nth: int) -> Run:
        """A run of pyeventsourcing's projection; storing its events is not measured."""
        info = database(self._bench, self._world, f"eventsourcing{nth}")
        eventsourced.store(info, visits(self._count, SEED))
        return self._run([sys.executable, "-m", "tests.bench.peers.eventsourced", info], info)

    def streams(self, nth: int) -> Run:
        """A run of Kafka Streams."""
        group, info = f"{self._world.space}.streams{nth}", database(self._bench, self._world, f"streams{nth}")
        folder = self._world.folder / f"streams{nth}"
        broker = self._world.settings.kafka
        return self._run(kafka_streams.command(self.classpath, broker, self._topic, group, info, folder), info)

    def _run(self, command: Sequence[str], info: str) -> Run:
        with _process(command, self._world.folder) as process, psycopg.connect(info, autocommit=True) as own:

            def reached() -> int:
                assert process.poll() is None, "the peer has ended"
                # Facts and tallies are two tables, and not with every peer one transaction.
                return min(_rows(own), _tallied(own) // 2)

            run = pace(reached, self._count)
        oracle.check(info, visits(self._count, SEED))
        return run


def _apis(bench: Bench) -> Iterator[Row]:
    count, runs = bench.count(REQUESTS), defaultdict[str, list[Run]](list)
    with bench.world() as world:
        served = Served(world, SEED)
        for nth in range(1, RUNS + 1):
            say(f"comparing APIs, run {nth} of {RUNS}")
            runs["ours"].append(_ours(served, count))
            runs["naive"].append(_naive(bench, world, count, nth))
        oracle.check(world.settings.database("appraisal", guarded=False), served.accepted)
    ours = f"Ours: {count:,} visits one by one with a token, until the last was in the tables"
    yield told(ratio("ratio_naive_api", runs["ours"], runs["naive"], f"{naive_api.METHOD}. {ours}"))


def _ours(served: Served, count: int) -> Run:
    """From the first request until every visit is in the tables."""

    async def run() -> None:
        try:
            await counted(CONNECTIONS, count, served.one)
        finally:
            await served.close()

    with psycopg.connect(served.world.settings.database("appraisal"), autocommit=True) as own:
        meter = Meter()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())
        until(lambda: _rows(own) >= len(served.accepted), "the last visit", PATIENCE, 0.02)
        return meter.rate(count)


def _naive(bench: Bench, world: World, count: int, nth: int) -> Run:
    info = database(bench, world, f"naive{nth}")
    [port] = free_ports(1, set())
    command = [sys.executable, "-m", "uvicorn", "tests.bench.peers.naive_api:app", "--port", str(port)]
    made = list(visits(count, SEED + nth))
    with _process([*command, "--no-access-log", "--log-level", "warning"], world.folder, NAIVE=info):
        until(lambda: not port_is_free(port), "the naive API", 60, 0.05)
        client, bodies = Client(f"http://127.0.0.1:{port}"), iter([body(visit, visit.visit) for visit in made])

        async def one() -> None:
            status, answer = await client.post("/visits", next(bodies))
            if status != 201:
                raise Refusal(f"the naive API: {status} {answer.decode()}")

        async def run() -> None:
            try:
                await counted(CONNECTIONS, count, one)
            finally:
                await client.close()

        meter = Meter()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())
        measured = meter.rate(count)
    oracle.check(info, made)
    return measured


def database(bench: Bench, world: World, name: str) -> str:
    """A new database with a peer's tables; its connection string."""
    server = bench.servers.postgres_url
    with psycopg.connect(conninfo(server, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{world.space}_{name}"')
    info = conninfo(server, f"{world.space}_{name}", guarded=False)
    with psycopg.connect(info) as connection:
        connection.execute(oracle.TABLES)
    return info


@contextlib.contextmanager
def _process(command: Sequence[str], folder: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A peer's process; what it said is told when it did not get there."""
    output = folder / "peer.log"
    with output.open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    except BaseException:
        say(f"{command[:4]} said: {output.read_text()[-3000:]}")
        raise
    finally:
        process.kill()
        process.wait()


def _rows(connection: psycopg.Connection) -> int:
    [(count,)] = connection.execute("SELECT count(*) FROM visit").fetchall()
    return count


def _tallied(connection: psycopg.Connection) -> int:
    [(count,)] = connection.execute("SELECT coalesce(sum(visits), 0)::bigint FROM visit_tally").fetchall()
    return count
