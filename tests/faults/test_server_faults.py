"""The broker and the database go away and come back under running processes (protocol rules 12 and 14)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.servers import Servers
from tests.world.held import everything_holds, settled
from tests.world.supervisor import Supervisor
from tests.world.traffic import Traffic
from tests.world.world import World, until


@pytest.fixture
def own_world(private_servers: Servers, tmp_path: Path) -> Iterator[World]:
    """All processes, restarted as a supervisor would, on servers of their own."""
    made = World(private_servers.kafka_address, private_servers.postgres_url, tmp_path)
    yield made
    made.close()


@pytest.mark.xdist_group("private-servers")
@pytest.mark.parametrize("server", ["kafka", "postgres"])
def test_restart_of(own_world: World, private_servers: Servers, server: str) -> None:
    """What was accepted before, during and after the restart is counted once."""
    world = own_world
    traffic = Traffic(world.api("intake"))
    supervisor = Supervisor(world)
    traffic.some(20).start()
    restarted = private_servers.kafka if server == "kafka" else private_servers.postgres
    restarted.kill()
    before = len(traffic.accepted)
    restarted.start()
    until(lambda: supervisor.look() and len(traffic.accepted) > before + 30, "the api accepts again")
    traffic.stop()
    until(lambda: supervisor.look() and world.lag("intake")["behind"] == 0, "the relay carries on", every=0.5)
    until(lambda: supervisor.look() and world.lag("assignment")["behind"] == 0, "reactions go on", every=0.5)
    everything_holds(world, traffic)


@pytest.mark.xdist_group("private-servers")
def test_rule_14_the_broker_is_restored_from_an_older_copy(own_world: World, private_servers: Servers) -> None:
    """What it lost was applied by every receiver, and comes again behind what is accepted after the restore."""
    world, kafka = own_world, private_servers.kafka
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
    shutil.rmtree(data)
    copy.rename(data)
    kafka.start()
    traffic.some(10)
    everything_holds(world, traffic)
    assert supervisor.look()
