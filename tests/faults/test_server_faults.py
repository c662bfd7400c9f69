"""The broker comes back as it was some time ago, under running processes (protocol rule 14)."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.servers import Servers
from tests.world.held import everything_holds, settled
from tests.world.supervisor import Supervisor
from tests.world.traffic import Traffic
from tests.world.world import World


@pytest.fixture
def own_world(private_servers: Servers, tmp_path: Path) -> Iterator[World]:
    """All processes, restarted as a supervisor would, on servers of their own."""
    made = World(private_servers.kafka_address, private_servers.postgres_url, tmp_path)
    yield made
    made.close()


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
