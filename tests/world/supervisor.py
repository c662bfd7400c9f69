"""Starts again what has ended, as the embedded stack's supervisor does."""

import subprocess
import threading
from collections.abc import Mapping

from tests.world.world import World

Role = tuple[str, str]
EVERY_ROLE: tuple[Role, ...] = (
    ("intake", "relay"),
    ("assignment", "relay"),
    ("assignment", "react"),
    ("appraisal", "project"),
)


class Supervisor:
    """Keeps processes of a world running; `told` is what the environment of a role has beside the others'."""

    def __init__(self, world: World, *roles: Role, told: Mapping[Role, Mapping[str, str]] | None = None) -> None:
        self._world = world
        self._told = told or {}
        self._alone = threading.Lock()
        self._running = {role: self._start(role) for role in roles or EVERY_ROLE}

    def watch(self) -> "Supervisor":
        """Looks on its own from now on, until the world is closed."""
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def _watch(self) -> None:
        while not self._world.closing.wait(0.2):
            self.look()

    def _start(self, role: Role, **once: str) -> "subprocess.Popen[bytes]":
        return self._world.start(*role, **{"member": role[1], **self._told.get(role, {}), **once})

    def look(self) -> bool:
        """Restarts what has ended; always true, so that it can be asked inside a condition."""
        with self._alone:
            for role, process in self._running.items():
                if process.poll() is not None and not self._world.closing.is_set():
                    self._running[role] = self._start(role)
        return True

    def again(self, role: Role, **once: str) -> "subprocess.Popen[bytes]":
        """Ends a role's process as a crash would and starts it anew; `once` is in its environment this time only."""
        with self._alone:
            if (process := self._running[role]).poll() is None:
                process.kill()
                process.wait()
            self._running[role] = self._start(role, **once)
            return self._running[role]

    def another(self, role: Role) -> "subprocess.Popen[bytes]":
        """A further process of a role, which nobody starts again; it has no name, so it waits for what others hold."""
        return self._world.start(*role, **self._told.get(role, {}))
