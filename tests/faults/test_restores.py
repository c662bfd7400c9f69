"""The data of a server are older than what the services know, or gone, under running processes (rules 13 and 14)."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.local.kafka import Kafka
from deploy.local.servers import Servers
from services.runtime import topics
from services.runtime.database import conninfo
from tests.world.held import everything_holds, settled, tables, topics_hold
from tests.world.supervisor import EVERY_ROLE, Supervisor
from tests.world.traffic import Traffic, visit
from tests.world.world import World, until

pytestmark = pytest.mark.xdist_group("private-servers")
SERVICES = ("intake", "assignment", "appraisal")


@pytest.fixture
def world(private_servers: Servers, tmp_path: Path) -> Iterator[World]:
    made = World(private_servers.kafka_address, private_servers.postgres_url, tmp_path)
    yield made
    made.close()


def keep(data: Path, copy: Path) -> None:
    """Copies the data of a server that is down, for the user they belong to."""
    shutil.copytree(data, copy)
    for path in (copy, *copy.rglob("*")):
        shutil.chown(path, data.owner(), data.group())


def facts(world: World) -> dict[str, list[str]]:
    """Appraisal's tables but for how new they are, which every seal changes."""
    return {name: rows for name, rows in tables(world).items() if name != "progress"}


def replace(server: Path, copy: Path) -> None:
    """The data of a server that is down are those of the copy."""
    shutil.rmtree(server)
    copy.rename(server)


def test_rule_13_postgresql_is_restored_from_an_older_backup(world: World, private_servers: Servers) -> None:
    """All that was published since comes back; who runs refuses until then, and goes on by itself afterwards."""
    postgres = private_servers.postgres
    traffic = Traffic(world.api("intake"))
    supervisor = Supervisor(world, *EVERY_ROLE, ("appraisal", "relay"))
    traffic.some(30)
    settled(world, *SERVICES)
    data, copy = postgres.launch.folder / "data", postgres.launch.folder / "copy"
    postgres.kill()
    keep(data, copy)
    postgres.start()
    traffic.some(30)
    until(lambda: supervisor.look() and world.lag("appraisal")["behind"] == 0, "settled", every=0.3)
    settled(world, *SERVICES)
    before = facts(world)
    postgres.kill()
    replace(data, copy)
    postgres.start()
    refused = traffic.api.call("POST", "/visits", visit(random.Random(9)))
    assert (refused.status_code, refused.json()["code"]) == (503, "service.away")
    until(lambda: supervisor.look() and "log recover" in world.output("intake", "relay"), "the relay refuses")
    for service in SERVICES:
        world.verb(service, "log", "recover")
    until(
        lambda: supervisor.look() and all(world.lag(name)["behind"] == 0 for name in SERVICES), "all go on", every=0.5
    )
    assert facts(world) == before
    traffic.some(20)
    everything_holds(world, traffic)
    assert world.query("intake", "SELECT incarnation FROM head") == [(2,)]
    assert all(world.lag(service)["ahead"] == 0 for service in SERVICES)


def test_rule_13_appraisal_s_database_is_gone_and_comes_back_from_kafka(world: World, private_servers: Servers) -> None:
    """`migrate`, `log recover`, `rebuild`: every table as before, the adopted policies from its own log among them."""
    traffic = Traffic(world.api("intake"))
    Supervisor(world, ("intake", "relay"), ("assignment", "relay"), ("assignment", "react"), ("appraisal", "relay"))
    world.verb("appraisal", "policies", "adopt")
    traffic.some(40)
    settled(world, "intake", "assignment")
    project = world.start("appraisal", "project", member="project")
    settled(world, "appraisal")
    before = tables(world), world.query("appraisal", "SELECT policy, edition, event FROM policy ORDER BY 1, 2")
    project.kill()
    world.ended(project)
    with psycopg.connect(
        conninfo(private_servers.postgres_url, "postgres", guarded=False), autocommit=True
    ) as connection:
        connection.execute(f'DROP DATABASE "{world.space}_appraisal" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{world.space}_appraisal"')
    world.verb("appraisal", "migrate")
    world.verb("appraisal", "log", "recover")
    world.verb("appraisal", "rebuild")
    assert tables(world) == before[0]
    assert world.query("appraisal", "SELECT policy, edition, event FROM policy ORDER BY 1, 2") == before[1]
    world.verify()


def test_rule_14_kafka_s_data_are_gone_and_come_back_from_the_logs(world: World, private_servers: Servers) -> None:
    """`topics apply` is all that is asked for."""
    kafka = private_servers.kafka
    traffic = Traffic(world.api("intake"))
    supervisor = Supervisor(world).watch()
    traffic.some(40)
    settled(world, *SERVICES)
    before = tables(world)
    kafka.kill()
    shutil.rmtree(kafka.launch.folder / "data")
    Kafka(kafka.launch.folder.parent).prepare()
    kafka.start()
    topics.apply(world.settings)
    traffic.some(5)
    until(lambda: _all_back(world), "Kafka has what the logs have", every=0.3)
    everything_holds(world, traffic)
    assert supervisor.look()
    assert len(tables(world)["visit"]) > len(before["visit"])


def _all_back(world: World) -> bool:
    """Not by the lag: it is of the marks, and they are behind nothing until a relay has read that Kafka is empty."""
    try:
        for service, topics_ in (("intake", ("visits", "petitions")), ("assignment", ("cases", "responsibility"))):
            topics_hold(world, service, topics_)
    except AssertionError:
        return False
    return True
