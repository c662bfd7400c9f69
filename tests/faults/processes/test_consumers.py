"""Faults on the way out: a projection alone, and one whose processes come and go (protocol rules 9-12)."""

import signal

import pytest

from tests.world.held import appraisal_holds, intake_holds
from tests.world.supervisor import Supervisor
from tests.world.traffic import Traffic
from tests.world.world import World, until


@pytest.fixture
def traffic(world: World) -> Traffic:
    """Intake is up and has accepted something already."""
    made = Traffic(world.api("intake"))
    Supervisor(world, ("intake", "relay")).watch()
    return made.some(20)


def _visits(world: World) -> int:
    found: int = world.query("appraisal", "SELECT count(*) FROM visit")[0][0]
    return found


def test_rule_10_killed_between_rows_and_mark(world: World, traffic: Traffic) -> None:
    """Rows and mark stand or fall together: the restart reads on from the mark, and nothing counts twice."""
    process = world.start("appraisal", "project", member="project", failpoint="write.middle=kill@3")
    traffic.start()
    world.ended(process, -signal.SIGKILL)
    world.start("appraisal", "project", member="project")
    seen = _visits(world)
    until(lambda: _visits(world) > seen + 10, "the projection goes on")
    traffic.stop()
    intake_holds(world, traffic)
    appraisal_holds(world)


def test_project_one_three_one(world: World, traffic: Traffic) -> None:
    """Partitions move to three processes and back to one, under load."""
    processes = [world.start("appraisal", "project")]
    traffic.start()
    until(lambda: _visits(world) > 0, "one works")
    processes += [world.start("appraisal", "project") for _ in range(2)]
    seen = _visits(world)
    until(lambda: _members(world, 3) and _visits(world) > seen, "three work")
    for process in processes[:2]:
        process.terminate()
        process.wait(30)
    until(lambda: _members(world, 1), "one is left")
    seen = _visits(world)
    until(lambda: _visits(world) > seen, "one works")
    traffic.stop()
    intake_holds(world, traffic)
    appraisal_holds(world)


def _members(world: World, count: int) -> bool:
    from kafka.admin import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=world.settings.kafka)
    try:
        group = f"{world.space}.appraisal.project"
        described = admin.describe_groups([group])[group]
        return len(described["members"]) == count and described["group_state"] == "Stable"
    finally:
        admin.close()
