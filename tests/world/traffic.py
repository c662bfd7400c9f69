"""A client that behaves as clients do: it repeats what got no answer, until it gets one."""

import random
import threading
import uuid
from typing import Any

import httpx

from tests.world.world import Api


def visit(seed: random.Random, **changes: Any) -> dict[str, Any]:
    """The command of one made-up visit."""
    day = seed.randint(1, 28)
    facts = {
        "visit": str(uuid.UUID(int=seed.getrandbits(128), version=4)),
        "cadre": f"c-{seed.randint(1, 4):04d}",
        "households": sorted({f"h-{seed.randint(1, 20):06d}" for _ in range(seed.randint(1, 3))}),
        "started": f"2026-03-{day:02d}T09:00:00+08:00",
        "ended": f"2026-03-{day:02d}T10:00:00+08:00",
        "purpose": "routine",
    }
    return {"command": str(uuid.UUID(int=seed.getrandbits(128), version=4)), "visit": facts | changes}


def petition(seed: random.Random) -> dict[str, Any]:
    """The command of one made-up petition."""
    facts = {
        "petition": str(uuid.UUID(int=seed.getrandbits(128), version=4)),
        "channel": "reception",
        "category": "03.11",
        "zone": f"z-{seed.randint(1, 3):02d}",
    }
    command = str(uuid.UUID(int=seed.getrandbits(128), version=4))
    return {"command": command, "petition": facts, "time": f"2026-03-{seed.randint(1, 28):02d}T09:00:00+08:00"}


class Traffic:
    """Visits, corrections, withdrawals and petitions through intake's API; some sent twice.

    `accepted` holds, per command, the ids of the events that its receipt named. `every` is the pause between two
    commands in the background, in seconds.
    """

    def __init__(self, api: Api, seed: int = 1, every: float = 0.0) -> None:
        self.api = api
        self.every = every
        self.accepted: dict[str, list[str]] = {}
        self.contradictions: list[str] = []
        self._seed = random.Random(seed)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def some(self, count: int) -> "Traffic":
        """Sends so many visits, with what belongs to them, and returns when all are accepted."""
        for _ in range(count):
            self._one()
        return self

    def start(self) -> "Traffic":
        """Goes on sending in the background until `stop`; may be called again afterwards."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stops after the command under way has its answer."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def send(self, path: str, command: dict[str, Any]) -> None:
        """Sends one command until it is accepted."""
        while True:
            try:
                answer = self.api.call("POST", path, command)
            except (httpx.TransportError, RuntimeError):
                answer = None
                if self.api.closed:  # the test is over, and has failed elsewhere
                    return
            if answer is not None and answer.status_code == 201:
                events = answer.json()["events"]
                if self.accepted.setdefault(command["command"], events) != events:
                    self.contradictions.append(command["command"])
                return
            assert answer is None or answer.status_code == 503, answer.text
            self._stop.wait(0.05)

    def _run(self) -> None:
        while not self._stop.is_set() and not self.api.closed:
            self._one()
            self._stop.wait(self.every)

    def _one(self) -> None:
        seed = self._seed
        command = visit(seed)
        self.send("/visits", command)
        chance = seed.random()
        address = f"/visits/{command['visit']['visit']}"
        if chance < 0.2:
            moved = {**command["visit"], "purpose": "care", "cadre": f"c-{seed.randint(1, 4):04d}"}
            again = {"command": str(uuid.UUID(int=seed.getrandbits(128), version=4)), "visit": moved}
            self.send(f"{address}/corrections", again)
        elif chance < 0.3:
            back = {"command": str(uuid.UUID(int=seed.getrandbits(128), version=4)), "reason": "entered-twice"}
            self.send(f"{address}/withdrawal", back)
        elif chance < 0.5:
            self.send("/petitions", petition(seed))
        if chance > 0.9:
            self.send("/visits", command)
