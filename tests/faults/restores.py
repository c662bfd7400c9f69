"""A server's data are gone, or older than what the services know, under running processes: what brings them back."""

import random
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg

from deploy.local.databases import answers
from deploy.local.kafka import Kafka
from deploy.local.server import Launch, Server
from services.runtime import topics
from services.runtime.database import conninfo
from tests.faults.stage import SERVICES, Stage, Stages, own_servers
from tests.faults.tally import Tally
from tests.world.held import settled, tables
from tests.world.proxy import BACK, OUT, Proxy
from tests.world.traffic import visit
from tests.world.world import until

PART = "restores"


def run(tally: Tally, times: int) -> None:
    """Each loss once, on servers of its own, for a failover leaves other ones behind."""
    for _ in range(times):
        for name, (whom, fault, play) in CASES.items():
            if tally.wanted(name):
                _one(tally, name, whom, fault, play)


def _one(tally: Tally, name: str, whom: str, fault: str, play: Callable[[Stage], float]) -> None:
    with own_servers() as (servers, folder):
        stages = Stages(servers, folder)
        with tally.case(PART, name, [whom], fault) as hit:
            stage = stages.get()
            stage.world.start("appraisal", "relay", member="relay")
            stage.world.verb("appraisal", "policies", "adopt")
            took = play(stage)
            hit.append(whom)
            said = f"recovered in {took:.0f} s ({_events(stage)} events)"
            tally.row(PART, whom, fault).note = said
            stage.go()
            stage.goes_on()
            stage.look()
        stages.drop()


def _events(stage: Stage) -> int:
    return sum(stage.world.query(service, "SELECT position FROM head")[0][0] for service in SERVICES)


def _facts(stage: Stage) -> dict[str, list[str]]:
    """Appraisal's tables but for how new they are, which every seal changes, and its policies."""
    found = {name: rows for name, rows in tables(stage.world).items() if name != "progress"}
    policies = stage.world.query("appraisal", "SELECT policy, edition, event FROM policy ORDER BY 1, 2")
    return found | {"policy": [*map(repr, policies)]}


def _broker(stage: Stage) -> float:
    """Kafka starts empty: `topics apply`, and the relays send their logs again."""
    stage.look()
    before, kafka = _facts(stage), stage.servers.kafka
    kafka.kill()
    shutil.rmtree(kafka.launch.folder / "data")
    began = time.monotonic()
    Kafka(kafka.launch.folder.parent).prepare()
    kafka.start()
    topics.apply(stage.world.settings)
    until(lambda: _sent(stage), "every log is in Kafka again", every=0.5)
    settled(stage.world, "intake", "assignment", "notify", "appraisal")
    took = time.monotonic() - began
    stage.world.rebuild()
    assert _facts(stage) == before, "a score is another one"
    return took


def _sent(stage: Stage) -> bool:
    held = stage.world.raw("visits"), stage.world.raw("petitions")
    [(logged,)] = stage.world.query("intake", "SELECT count(*) FROM events WHERE topic IN ('visits', 'petitions')")
    return sum(map(len, held)) >= logged


def _appraisal(stage: Stage) -> float:
    """Its database is empty: `migrate`, `log recover`, `rebuild`, while its processes run."""
    stage.look()
    before, world = _facts(stage), stage.world
    unguarded = conninfo(stage.servers.postgres_url, "postgres", guarded=False)
    with psycopg.connect(unguarded, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{world.space}_appraisal" WITH (FORCE)')
        began = time.monotonic()
        connection.execute(f'CREATE DATABASE "{world.space}_appraisal"')
    world.verb("appraisal", "migrate")
    world.verb("appraisal", "log", "recover")
    world.verb("appraisal", "rebuild")
    took = time.monotonic() - began
    world.start("appraisal", "relay", member="relay")
    settled(world, "appraisal")
    assert _facts(stage) == before, "a score is another one"
    return took


def _standby(stage: Stage) -> float:
    """The server dies; a standby that nothing had reached for a while is promoted: `log recover` for each service."""
    world, servers = stage.world, stage.servers
    home, socket = servers.postgres.launch.folder, _socket(servers.postgres.launch)
    proxy = Proxy(socket / ".s.PGSQL.5432")
    standby = _copied(servers.postgres.launch, home / "standby", proxy.port)
    try:
        standby.start()
        stage.goes_on()
        proxy.hole(OUT, BACK)
        missed = world.query("intake", "SELECT position FROM head")
        stage.goes_on()
        stage.look()
        before = _facts(stage)
        servers.postgres.kill()
        began = time.monotonic()
        proxy.cut()
        with psycopg.connect(f"postgresql://postgres@/postgres?host={_socket(standby.launch)}") as connection:
            assert connection.execute("SELECT pg_promote()").fetchall() == [(True,)]
    finally:
        standby.stop()
        proxy.close()
    servers.postgres = Server(_at(servers.postgres.launch, home / "standby", socket))
    servers.postgres.start()  # where the services look for it, as an address moves
    assert world.query("intake", "SELECT position FROM head") <= missed, "the standby has missed nothing"
    until(lambda: "log recover" in world.output("intake", "relay"), "the relay refuses")
    assert stage.spare.call("POST", "/visits", visit(random.Random(9))).status_code == 503
    for service in SERVICES:
        world.verb(service, "log", "recover")
    world.start("appraisal", "relay", member="relay")
    settled(world, "intake", "assignment", "notify", "appraisal")
    assert _facts(stage) == before, "a score is another one"
    return time.monotonic() - began


def _copied(launch: Launch, data: Path, port: int) -> Server:
    """A standby of a running server, which follows it through a port."""
    socket = data.with_name("other")
    socket.mkdir(mode=0o700)
    who = {"user": launch.user, "group": launch.user, "extra_groups": []} if launch.user else {}
    if launch.user:
        shutil.chown(socket, launch.user, launch.user)
    through = f"-h 127.0.0.1 -p {port} -U postgres -X stream -c fast -R"
    command = [str(Path(launch.command[0]).with_name("pg_basebackup")), *through.split(), "-D", str(data)]
    subprocess.run(command, cwd=launch.folder, check=True, env={"LC_ALL": "C"}, **who)  # type: ignore[call-overload]
    ready = partial(answers, f"postgresql://postgres@/?host={socket}")
    return Server(replace(_at(launch, data, socket), ready=ready))


def _socket(launch: Launch) -> Path:
    return Path(launch.command[launch.command.index("-k") + 1])


def _at(launch: Launch, data: Path, socket: Path) -> Launch:
    words = [*launch.command]
    words[words.index("-D") + 1], words[words.index("-k") + 1] = str(data), str(socket)
    return replace(launch, command=tuple(words))


CASES: dict[str, tuple[str, str, Callable[[Stage], float]]] = {
    "kafka": ("Kafka", "all its data are gone", _broker),
    "appraisal": ("appraisal's database", "all its data are gone", _appraisal),
    "standby": ("PostgreSQL", "a standby that lagged is promoted", _standby),
}
