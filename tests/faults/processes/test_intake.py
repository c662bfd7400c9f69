"""Faults on the way in: the HTTP process, the log and the relay, by ending and stopping real processes."""

import random
import signal
from concurrent.futures import ThreadPoolExecutor

import psycopg

from tests.world.held import appraisal_holds, everything_holds, intake_holds
from tests.world.supervisor import Supervisor
from tests.world.traffic import Traffic, petition, visit
from tests.world.world import World, until

WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def test_relay_stopped_past_its_lease(world: World) -> None:
    """Another relay takes over after the lease; the woken one finds its epoch gone and ends."""
    traffic = Traffic(world.api("intake"))
    old = world.start("intake", "relay", member="old")
    traffic.some(10)
    until(lambda: world.query("intake", "SELECT epoch FROM relay WHERE position > 0"), "the first relay works")
    old.send_signal(signal.SIGSTOP)
    world.start("intake", "relay", member="new")
    traffic.start()
    until(
        lambda: world.query("intake", "SELECT 1 FROM relay WHERE epoch = 2 AND position > 20"), "the second took over"
    )
    old.send_signal(signal.SIGCONT)
    world.ended(old, 1)
    traffic.stop()
    _holds(world, traffic)
    assert world.query("intake", "SELECT epoch FROM relay") == [(2,)]


def test_rule_4_repeats_that_wait_for_one_batch_are_kept_once(world: World) -> None:
    """Clients that lost patience send again at once; while another writer holds the head, all of it piles up."""
    traffic = Traffic(world.api("intake"))
    Supervisor(world).watch()
    seed = random.Random(4)
    visits = [("/visits", visit(seed)) for _ in range(30)]
    petitions = [("/petitions", petition(seed)) for _ in range(10)]
    with ThreadPoolExecutor(40) as clients:
        with psycopg.connect(world.settings.database("intake")) as other:
            other.execute("SELECT FROM head FOR UPDATE")
            sent = [clients.submit(traffic.send, *one) for one in (*visits, *petitions) for _ in range(3)]
            until(lambda: world.query("intake", WAITING), "the first batch waits for the head")
        for one in sent:
            one.result()
    assert len(traffic.accepted) == 40
    kept = world.query("intake", "SELECT count(*), count(DISTINCT recordedtime) FROM events WHERE topic <> 'seals'")
    assert kept[0][0] == 40
    assert kept[0][1] < 40, "none shared a commit"
    everything_holds(world, traffic)


def test_api_stopped_inside_an_append(world: World) -> None:
    """The stopped process holds the log's head until the transaction's time is up; then another one goes on.

    A relay that wants to seal meanwhile finds the head locked, and ends: its restart is the retry.
    """
    supervisor = Supervisor(world, ("intake", "relay"))
    stopping = world.api("intake", failpoint="write.middle=stop@5")
    other = world.api("intake")
    stuck = Traffic(stopping, seed=1).start()
    until(lambda: _state(stopping.process.pid) == "T", "the process has stopped inside the append")
    traffic = Traffic(other, seed=2).some(5)
    stopping.process.send_signal(signal.SIGCONT)
    until(lambda: len(stuck.accepted) > 10, "the woken process goes on")
    stuck.stop()
    until(lambda: supervisor.look() and world.lag("intake")["behind"] == 0, "the relay carries on", every=0.3)
    traffic.accepted |= stuck.accepted
    traffic.contradictions += stuck.contradictions
    _holds(world, traffic)


def _holds(world: World, traffic: Traffic) -> None:
    """Log and topics are right, and what comes out at the other end is, too."""
    world.start("appraisal", "project", member="project")
    intake_holds(world, traffic)
    appraisal_holds(world)


def _state(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0]
