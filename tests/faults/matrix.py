"""Every failpoint in every role that has it, times every fault. Roles that do not wait for each other share a round."""

import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.stage import Stage, Stages, own_servers, power_cut, state
from tests.faults.tally import Tally
from tests.world.supervisor import Role
from tests.world.world import until

PART = "matrix"
STOPPED = 30.0
"""Seconds that a process stands: longer than a relay's lease (5), a consumer's session (10) and its rebalance (15), a
notice's lease (8), and the time of a transaction (10)."""
FAULTS = {
    "kill": "kill -9",
    "stop": f"SIGSTOP {STOPPED:.0f} s, SIGCONT",
    "postgres": "PostgreSQL restarted meanwhile",
    "kafka": "Kafka restarted meanwhile",
}
WRITE = ("write.middle", "write.before-commit", "write.after-commit")
TAKE = ("receive.after-read", *WRITE)
RELAY = ("relay.after-read", "relay.after-send")
# What stands together. Relays stand from the last to the first, for one that stands gives those behind it no work.
GROUPS: tuple[dict[Role, tuple[str, ...]], ...] = (
    {
        ("notify", "send"): ("send.after-claim", "send.before-mark", *WRITE[:2]),
        ("intake", "api"): WRITE,
        ("assignment", "react"): TAKE,
        ("appraisal", "project"): TAKE,
        ("intake", "project"): TAKE,
        ("notify", "react"): TAKE,
    },
    {("notify", "relay"): RELAY, ("assignment", "relay"): RELAY, ("intake", "relay"): RELAY},
)
PROGRESS = {
    "api": "SELECT max(position) FROM events",
    "relay": "SELECT epoch FROM relay",
    "project": "SELECT sum(number)::bigint FROM mark WHERE consumer = 'project'",
    "react": "SELECT sum(number)::bigint FROM mark WHERE consumer = 'react'",
    "send": "SELECT count(*) FROM events WHERE type LIKE '%%notice.sent%%'",
}
"""What grows while a role works; of a relay, when another one has taken over."""


@dataclass(frozen=True)
class Round:
    """Roles, each at one of its places, and what is done to all of them."""

    places: dict[Role, str]
    fault: str
    nth: int
    in_turn: bool

    @property
    def name(self) -> str:
        """By which it is asked for."""
        return f"{self.fault} {' '.join(f'{service}-{verb}@{place}' for (service, verb), place in self.places.items())}"


def rounds(times: int) -> Iterator[Round]:
    """All rounds, each pair once a time; the nth time it is another batch that is hit."""
    for nth in range(times):
        for group in GROUPS:
            for at in range(max(map(len, group.values()))):
                places = {role: all_[at] for role, all_ in group.items() if at < len(all_)}
                for fault in FAULTS:
                    yield Round(places, fault, 1 + nth % 4, in_turn=group is GROUPS[1])


def run(tally: Tally, times: int) -> None:
    """Plays all rounds on one set of servers."""
    wanted = [each for each in rounds(times) if tally.wanted(each.name)]
    if not wanted:
        return
    with own_servers() as (servers, folder):
        stages = Stages(servers, folder)
        try:
            for each in wanted:
                if not _held(tally, stages, each):
                    stages.drop()
        finally:  # also where the run is ended from outside: nothing of it goes on
            stages.drop()


def _held(tally: Tally, stages: Stages, each: Round) -> bool:
    """Plays one round, and looks."""
    whom = {role: f"{role[0]} {role[1]}, {place}" for role, place in each.places.items()}
    before = len(tally.wrongs)
    with tally.case(PART, each.name, [*whom.values()], FAULTS[each.fault]) as hit:
        stage = stages.get()
        hit += [whom[role] for role in _play(stage, each)]
        stage.goes_on()
        stage.look()
        stage.go()
    return len(tally.wrongs) == before


def _play(stage: Stage, each: Round) -> list[Role]:
    """Does what a round says; answers with the roles that really stood, or died, at their places."""
    action = "kill" if each.fault == "kill" else "stop"
    standing = _stand(stage, each, action)
    if each.fault == "stop":
        _take_over(stage, standing)
    elif each.fault == "postgres":
        power_cut(stage.servers.postgres)
    elif each.fault == "kafka":
        power_cut(stage.servers.kafka)
    for process in standing.values():
        if action == "stop" and process.poll() is None:
            process.send_signal(signal.SIGCONT)
    return [*standing]


Standing = dict[Role, "subprocess.Popen[bytes]"]


def _stand(stage: Stage, each: Round, action: str) -> Standing:
    """Every role of a round starts armed, and is waited for until it stands or has died at its place."""
    armed: Standing = {}

    def arm(role: Role) -> None:
        setting = f"{each.places[role]}={action}@{each.nth}"
        armed[role] = stage.supervisor.again(role, failpoint=setting)

    def there() -> list[Role]:
        for role, process in armed.items():
            if process.poll() not in (None, -signal.SIGKILL):  # it ended for another reason, as a relay does at a lock
                arm(role)
        return [role for role in armed if not _reached(armed[role])]

    for role in each.places:
        arm(role)
        if each.in_turn or role[1] == "send":  # where reactions stand nothing is raised that it could send
            until(lambda: not there(), "they stand at their places")
    until(lambda: not there(), f"all stand at their places ({each.name})")
    return armed


def _reached(process: "subprocess.Popen[bytes]") -> bool:
    return process.poll() == -signal.SIGKILL or state(process) == "T"


def _take_over(stage: Stage, standing: Standing) -> None:
    """Another process of each role does its work while the first stands, for at least STOPPED seconds."""
    began = time.monotonic()
    seen = {role: _progress(stage, role) for role in standing}
    others = [stage.supervisor.another(role) for role in standing if role[1] != "api"]  # an api has one already
    for role in standing:
        until(lambda: _progress(stage, role) > seen[role], f"another {role} has taken over", every=0.3)  # noqa: B023
    until(lambda: time.monotonic() > began + STOPPED, "they have stood long enough", every=0.3)
    for process in standing.values():
        assert state(process) == "T", "it was woken by somebody else"
        process.send_signal(signal.SIGCONT)
    for other in others:
        other.terminate()
        other.wait(30)


def _progress(stage: Stage, role: Role) -> int:
    [(found,)] = stage.world.query(role[0], PROGRESS[role[1]])
    return found or 0
