"""A server's disk is full: the data lie on a small file system (tmpfs), which a file fills to the last byte.

What happens, and what an operator has to do, which is to make room and no more:

- PostgreSQL without room for rows refuses each transaction (53100): the api answers 503, nothing is half kept. With
  room again it goes on at once.
- PostgreSQL without room for its write-ahead log panics, and cannot come up either; the supervisor starts it again
  until it can. What was acknowledged is in the log that it wrote, and so in its recovery.
- Kafka without room gives up its only log folder and ends; the supervisor starts it again, in vain until there is room.
  Commands are accepted meanwhile: they wait in the logs, and the relays carry them when the broker is back.
"""

import contextlib
import os
import random
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx

from deploy.local.server import Server
from deploy.local.servers import Servers
from deploy.local.state import Trouble
from tests.faults.stage import Stage, Stages, own_servers, state
from tests.faults.tally import Tally
from tests.world.traffic import visit
from tests.world.world import until

PART = "disk"
SIZE = "400m"
CASES = {
    "postgres rows": ("postgres", "no room for rows"),
    "postgres wal": ("postgres", "no room for its write-ahead log"),
    "kafka log": ("kafka", "no room"),
}


def run(tally: Tally, times: int) -> None:
    """Each server's disk gets full under traffic, and is full until everybody has felt it."""
    wanted = [name for _ in range(times) for name in CASES if tally.wanted(name)]
    if not wanted:
        return
    if why := _not_here():
        for whom, said in CASES.values():
            tally.left_out(PART, whom, said, why)
        return
    with contextlib.ExitStack() as mounts, own_servers(lambda servers: _mount(servers, mounts)) as (servers, folder):
        stages = Stages(servers, folder)
        try:
            for name in wanted:
                whom, said = CASES[name]
                before = len(tally.wrongs)
                with tally.case(PART, name, [whom], said) as hit:
                    stage = stages.get()
                    with _kept(servers.kafka if whom == "kafka" else servers.postgres), _full(servers, whom):
                        _feel(stage, name)
                        hit.append(whom)
                    stage.goes_on()
                    stage.look()
                    stage.go()
                if len(tally.wrongs) > before:
                    stages.drop()
        finally:
            stages.drop()
            servers.kill()
            mounts.close()


def _not_here() -> str:
    """Why nothing can be mounted here; empty when it can."""
    if os.geteuid():
        return "only root may mount a small file system"
    with tempfile.TemporaryDirectory() as name:
        done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", name], capture_output=True, text=True, check=False)
        if done.returncode:
            return f"this machine lets nobody mount: {done.stderr.strip()}"
        subprocess.run(["umount", name], check=True)
    return ""


def _data(servers: Servers, whom: str) -> Path:
    return (servers.kafka if whom == "kafka" else servers.postgres).launch.folder / "data"


def _mount(servers: Servers, mounts: contextlib.ExitStack) -> None:
    """Both servers' data, made already, lie on file systems of their own from now on."""
    for whom in ("kafka", "postgres"):
        data = _data(servers, whom)
        made = data.rename(data.with_name("made"))
        data.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", data], check=True)
        mounts.callback(subprocess.check_call, ["umount", data])
        subprocess.run(["cp", "-a", f"{made}/.", data], check=True)
        shutil.rmtree(made)


@contextlib.contextmanager
def _full(servers: Servers, whom: str) -> Iterator[None]:
    """Something else fills the disk to the last byte, and goes away again."""
    ballast = _data(servers, whom) / "ballast"
    try:
        _fill(ballast)
        yield
    finally:
        ballast.unlink()


def _fill(ballast: Path) -> None:
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 20))  # the last one in part


@contextlib.contextmanager
def _kept(server: Server) -> Iterator[None]:
    """Starts a server again whenever it has ended, as the stack's supervisor does; runs when this returns."""
    done = threading.Event()

    def keep() -> None:
        while not done.wait(0.5):
            if state(server) in ("", "Z"):
                server.kill()
                server.start(wait=False)

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(Trouble):  # what did not come up says so when it is next looked at
            until(server.launch.ready, f"{server.launch.name} is back by itself", every=0.5)
        done.set()
        thread.join()


def _feel(stage: Stage, name: str) -> None:
    """Returns when the full disk has been met by whom it concerns."""
    servers, log = stage.servers, stage.servers.postgres.launch.log
    seen = log.stat().st_size
    if name == "postgres wal":
        with contextlib.suppress(Exception):  # PostgreSQL ends meanwhile
            stage.world.query(
                "intake", "SELECT pg_switch_wal(), pg_logical_emit_message(false, 'x', repeat('x', 9999))"
            )
    if name == "kafka log":
        until(lambda: not servers.kafka.launch.ready(), "the broker has met it", every=0.2)
        stage.goes_on()
        return
    until(lambda: _refused(stage), "the api answers 503")
    assert b"No space left on device" in log.read_bytes()[seen:], "the database was refused for another reason"


def _refused(stage: Stage) -> bool:
    try:
        return bool(stage.spare.call("POST", "/visits", visit(random.Random())).status_code == 503)
    except httpx.TransportError:
        return False
