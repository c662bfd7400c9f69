"""The broker and the database go away and come back under running processes (protocol rule 12)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.servers import Servers
from tests.world.held import everything_holds
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
