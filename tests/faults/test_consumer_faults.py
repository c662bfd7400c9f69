"""Faults on the way out: reactions and projections, by ending and stopping real processes (protocol rules 9-12)."""

import signal
import subprocess

import pytest

from tests.world.held import appraisal_holds, everything_holds, intake_holds
from tests.world.supervisor import Supervisor
from tests.world.traffic import Traffic
from tests.world.world import World, until

PLACES = ["receive.after-read", "write.middle", "write.before-commit", "write.after-commit"]


@pytest.fixture
def traffic(world: World) -> Traffic:
    """Intake is up and has accepted something already."""
    made = Traffic(world.api("intake"))
    Supervisor(world, ("intake", "relay")).watch()
    return made.some(20)


def _reacts(world: World, count: int = 1) -> None:
    until(
        lambda: (
            world.query("assignment", "SELECT count(*) FROM events WHERE type LIKE '%%case.opened%%'")[0][0] >= count
        ),
        "cases are opened",
    )


def _visits(world: World) -> int:
    found: int = world.query("appraisal", "SELECT count(*) FROM visit")[0][0]
    return found


@pytest.mark.parametrize("place", PLACES)
def test_project_killed_at(world: World, traffic: Traffic, place: str) -> None:
    """Rows and mark stand or fall together: the restart reads on from the mark, and nothing counts twice."""
    process = world.start("appraisal", "project", member="project", failpoint=f"{place}=kill@3")
    traffic.start()
    world.ended(process, -signal.SIGKILL)
    world.start("appraisal", "project", member="project")
    seen = _visits(world)
    until(lambda: _visits(world) > seen + 10, "the projection goes on")
    traffic.stop()
    intake_holds(world, traffic)
    appraisal_holds(world)


@pytest.mark.parametrize("place", PLACES)
def test_react_killed_at(world: World, traffic: Traffic, place: str) -> None:
    """One case for each petition, whatever happens to the process that opens it."""
    world.start("assignment", "relay", member="relay")
    world.start("appraisal", "project", member="project")
    process = world.start("assignment", "react", member="react", failpoint=f"{place}=kill@2")
    traffic.start()
    world.ended(process, -signal.SIGKILL)
    world.start("assignment", "react", member="react")
    _reacts(world, 5)
    traffic.stop()
    everything_holds(world, traffic)


def test_project_stopped_past_its_session(world: World, traffic: Traffic) -> None:
    """Another one takes its partitions; woken, it finds the marks moved and drops what it held."""
    old = world.start("appraisal", "project")
    until(lambda: _visits(world) > 0, "the first one works")
    traffic.start()
    old.send_signal(signal.SIGSTOP)
    world.start("appraisal", "project")
    seen = _visits(world)
    until(lambda: _visits(world) > seen + 30, "the second one took over")
    old.send_signal(signal.SIGCONT)
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
        _gone(process)
    until(lambda: _members(world, 1), "one is left")
    seen = _visits(world)
    until(lambda: _visits(world) > seen, "one works")
    traffic.stop()
    intake_holds(world, traffic)
    appraisal_holds(world)


def _gone(process: subprocess.Popen[bytes]) -> None:
    process.wait(30)


def _members(world: World, count: int) -> bool:
    from kafka.admin import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=world.settings.kafka)
    try:
        group = f"{world.space}.appraisal.project"
        described = admin.describe_groups([group])[group]
        return len(described["members"]) == count and described["group_state"] == "Stable"
    finally:
        admin.close()
