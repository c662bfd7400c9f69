"""The data of a server are older than what the services know, under running processes (rules 13 and 14)."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.servers import Servers
from tests.world.held import everything_holds, settled, tables
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


def test_rule_14_the_broker_is_restored_from_an_older_copy(world: World, private_servers: Servers) -> None:
    """What it lost was applied by every receiver, and comes again behind what is accepted after the restore."""
    kafka = private_servers.kafka
    traffic = Traffic(world.api("intake"))
    supervisor = Supervisor(world).watch()
    traffic.some(30)
    settled(world, "intake", "assignment", "appraisal")
    data, copy = kafka.launch.folder / "data", kafka.launch.folder / "copy"
    kafka.kill()
    shutil.copytree(data, copy)
    kafka.start()
    traffic.some(30)
    settled(world, "intake", "assignment", "appraisal")
    kafka.kill()
    replace(data, copy)
    kafka.start()
    traffic.some(10)
    everything_holds(world, traffic)
    assert supervisor.look()
