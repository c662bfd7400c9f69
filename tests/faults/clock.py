"""A clock steps by an hour, there or back, while everything runs (libfaketime; Debian's package `faketime`).

The clocks are wall clocks: what measures how long something takes goes by the monotonic one, which never steps.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from deploy.local import keys
from deploy.local.server import Server
from deploy.local.servers import Servers
from tests.faults.stage import Stage, Stages, own_servers, state
from tests.faults.tally import Tally
from tests.world.supervisor import Role
from tests.world.world import until

PART = "clock"
LIBRARY = Path("/usr/lib") / f"{os.uname().machine}-linux-gnu" / "faketime" / "libfaketimeMT.so.1"
HOUR = 3600
WHOSE = {"services": "all services' clocks", "postgres": "PostgreSQL's clock"}
CASES = {f"{whose} {by:+d}": (whose, by) for whose in WHOSE for by in (HOUR, -HOUR)}
LEASED: tuple[tuple[Role, str], ...] = (
    (("notify", "send"), "send.after-claim"),
    (("intake", "relay"), "relay.after-read"),
)
"""Who holds something for a time, and where he stands while the clock steps. Once the relay stands, nothing is raised
any more that the sender could claim."""


def run(tally: Tally, times: int) -> None:
    """Each clock steps each way, and then back to what it was."""
    wanted = [name for _ in range(times) for name in CASES if tally.wanted(name)]
    if not wanted:
        return
    if not LIBRARY.exists():
        for whose, by in CASES.values():
            tally.left_out(PART, WHOSE[whose], f"{by:+d} s", "libfaketime is missing: apt-get install faketime")
        return
    clocks: dict[str, Path] = {}

    def prepared(servers: Servers) -> None:
        postgres = servers.postgres.launch
        clocks["postgres"] = postgres.folder / "clock"
        clocks["services"] = servers.kafka.launch.folder / "clock"
        for clock in clocks.values():
            _set(clock, 0)
        environment = {**postgres.environment, **_goes_by(clocks["postgres"])}
        servers.postgres = Server(replace(postgres, environment=environment))

    # Whoever is at work has signed in before the clock steps: to a service whose clock is behind, a token from just now
    # is one from the future, and none.
    earlier = SimpleNamespace(time=lambda: time.time() - 2 * HOUR)
    with patch.object(keys, "time", earlier), own_servers(prepared) as (servers, folder):
        stages = Stages(servers, folder, lambda: _goes_by(clocks["services"]))
        for name in wanted:
            whose, by = CASES[name]
            before = len(tally.wrongs)
            with tally.case(PART, name, [WHOSE[whose]], f"{by:+d} s") as hit:
                _step(stages.get(), clocks[whose], whose, by)
                hit.append(WHOSE[whose])
            _set(clocks[whose], 0)
            if len(tally.wrongs) > before:
                stages.drop()
        stages.drop()


def _step(stage: Stage, clock: Path, whose: str, by: int) -> None:
    """The clock steps while leases are held; others take them over in their time, and everything holds, twice.

    Where the database's clock goes back, what notices wait for is as far ahead of it: they go when it has come there.
    """
    waits = whose == "postgres" and by < 0
    standing = {}
    for role, at in LEASED[1:] if waits else LEASED:
        process = standing[role] = stage.supervisor.again(role, failpoint=f"{at}=stop@1")
        until(lambda: state(process) == "T", f"{role} stands with what it holds")  # noqa: B023
    [(epoch,)] = stage.world.query("intake", "SELECT epoch FROM relay")
    _set(clock, by)
    until(lambda: abs(_difference(stage, whose) - by) < 60, "the clock has stepped")
    others = [stage.supervisor.another(role) for role in standing]
    until(lambda: stage.world.query("intake", "SELECT epoch FROM relay") > [(epoch,)], "another relay has taken over")
    until(lambda: waits or not _claimed(stage), "another sender has taken over")
    for process in [*standing.values(), *others]:
        process.send_signal(signal.SIGCONT)
    for process in others:
        process.terminate()
        process.wait(30)
    stage.goes_on()
    if not waits:
        stage.look()
        stage.go()
    _set(clock, 0)
    stage.goes_on()
    stage.look()
    stage.go()


def _claimed(stage: Stage) -> list[tuple[object, ...]]:
    """The notices that the sender which stands had claimed, and nobody has sent."""
    return stage.world.query("notify", "SELECT notice FROM outbox WHERE state = 'waiting' AND claimed_by LIKE 'send/%'")


def _set(clock: Path, by: int) -> None:
    clock.write_text(f"{by:+d}\n")
    clock.chmod(0o644)


def _goes_by(clock: Path) -> dict[str, str]:
    """What the environment of a process has so that its clock is the file's."""
    return {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DISABLE_SHM": "1",
    }


def _difference(stage: Stage, whose: str) -> float:
    """By how many seconds a clock differs from ours."""
    if whose == "postgres":
        [(found,)] = stage.world.query("intake", "SELECT clock_timestamp()")
        return float((found - datetime.now(UTC)).total_seconds())
    assert "libfaketime" in Path(f"/proc/{stage.spare.process.pid}/maps").read_text()
    said = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"],
        env=stage.world.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(said.stdout) - time.time()
