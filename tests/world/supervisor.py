"""Starts again what has ended, as the embedded stack's supervisor does."""

import threading

from tests.world.world import World

EVERY_ROLE = (("intake", "relay"), ("assignment", "relay"), ("assignment", "react"), ("appraisal", "project"))


class Supervisor:
    """Keeps processes of a world running."""

    def __init__(self, world: World, *roles: tuple[str, str]) -> None:
        self._world = world
        self._running = {role: world.start(*role, member=role[1]) for role in roles or EVERY_ROLE}

    def watch(self) -> "Supervisor":
        """Looks on its own from now on, until the world is closed."""
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def _watch(self) -> None:
        while not self._world.closing.wait(0.2):
            self.look()

    def look(self) -> bool:
        """Restarts what has ended; always true, so that it can be asked inside a condition."""
        for role, process in self._running.items():
            if process.poll() is not None:
                self._running[role] = self._world.start(*role, member=role[1])
        return True
