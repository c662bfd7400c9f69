"""One server process: what to run, and a handle to start, stop and kill it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.state import Trouble


@dataclass(frozen=True)
class Launch:
    """How a server is run; `ready` answers whether it serves."""

    name: str
    command: tuple[str, ...]
    folder: Path
    log: Path
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM


class Server:
    """A server run by this process: for tests, which stop, kill and restart it at will."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; only while it runs."""
        assert self._process is not None, f"{self.launch.name} does not run"
        return self._process.pid

    def start(self, *, wait: bool = True, seconds: float = 60) -> None:
        """Starts it, and waits until it serves; Trouble when it does not."""
        launch = self.launch
        who = {"user": launch.user, "group": launch.user, "extra_groups": []} if launch.user else {}
        with launch.log.open("ab") as log:
            self._process = subprocess.Popen(
                launch.command,
                cwd=launch.folder,
                env={**os.environ, **launch.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal is for us to handle, not for the servers.
                start_new_session=True,
                **who,  # type: ignore[call-overload]
            )
        if wait:
            self.wait(seconds)

    def wait(self, seconds: float = 60) -> None:
        """Returns when it serves; Trouble when it ended or the time is over."""
        deadline = time.monotonic() + seconds
        while not self.launch.ready():
            ended = self._process is not None and self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                what = "ended" if ended else f"was not ready within {seconds:.0f} s"
                raise Trouble(f"{self.launch.name} {what}: see {self.launch.log}.")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends it in good order; what has no end after 30 s is killed."""
        if self._process is None:
            return
        self._process.send_signal(self.launch.stop_signal)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Ends it as a power cut would: no goodbye, and none of its own processes goes on."""
        if self._process is not None:
            children = _children(self._process.pid)
            self._process.kill()
            self._process.wait()
            self._process = None
            for child in children:
                _end(child)

    def restart(self) -> None:
        """Stops it in good order and starts it again on the same address and data."""
        self.stop()
        self.start()


def _children(pid: int) -> list[int]:
    """The processes that a process has started; PostgreSQL has one a connection. None without /proc."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _end(pid: int) -> None:
    """Returns when a process that is not our child has ended: before that PostgreSQL does not start anew."""
    try:
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
            time.sleep(0.01)
    except OSError:
        return
