"""One history: its seed, its clock, its processes, and who of them goes on next.

A process is a greenlet. It runs real code, and stops wherever that code asks the database or the broker for something:
there another one may go on first, there it may be killed, and there it may be paused and wake up much later, still
holding in memory what it held.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BEAT = 0.05
"""Seconds that pass at most between two steps."""
TAIL = 80
"""Steps that a failure shows."""


class Killed(GreenletExit):  # type: ignore[misc]
    """What the real code sees of `kill -9`: nothing of it may catch this."""


class Failed(Exception):
    """A rule does not hold in this history."""


@dataclass(eq=False)
class Process:
    """One process of one service. `main` is started anew after each end."""

    name: str
    main: Callable[[], None]
    let: greenlet | None = None
    wake: float = 0.0
    paused: bool = False
    """Stopped from outside: the broker hears nothing of it meanwhile."""
    since: float = 0.0
    connections: list[Any] = field(default_factory=list)
    ended: str = ""
    """How it ended last."""


class World:
    """What all of a history share. Everything that is left to chance comes from `chance`."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.chance = Random(seed)
        self.now = 0.0
        self.steps = 0
        self.calm = False
        """True once faults have stopped: what is left must come to rest by the rules alone."""
        self.hub = getcurrent()
        self.processes: list[Process] = []
        self.running: Process | None = None
        self.trace: deque[tuple[float, str, str, Any]] = deque(maxlen=TAIL)
        self.forwarded: dict[str, int] = {}
        """The step at which a relay looked into its log last, before it reads back."""
        self.incarnations = {1}
        """All that any log has had."""
        self.marks: Counter[str] = Counter()
        """Branches taken, by name."""

    # What a process does while it runs

    def step(self, what: str, about: Any = "") -> None:
        """A place where another process may go on first, and where this one may be killed or paused."""
        self.trace.append((self.now, self.running.name if self.running else "", what, about))
        if self.running is not None:
            self.hub.switch()

    def look(self, what: str, about: Any = "") -> None:
        """A place that changes nothing by itself: only now and then somebody else goes on first."""
        if self.chance.random() < 0.25:
            self.step(what, about)

    def sleep(self, seconds: float) -> None:
        """Lets time pass for the running process."""
        if self.running is not None:
            self.running.wake = self.now + seconds * (0.5 + self.chance.random())
            self.hub.switch()

    def clock(self) -> datetime:
        """The time of day."""
        return NOON + timedelta(seconds=self.now)

    def tell(self, what: str, about: Any = "") -> None:
        """Notes a branch that was taken, and shows it in the trace."""
        self.marks[what] += 1
        self.trace.append((self.now, "", what, about))

    # What the world does with processes

    def add(self, name: str, main: Callable[[], None]) -> Process:
        """A process that runs from now on."""
        process = Process(name, main)
        self.processes.append(process)
        return process

    def advance(self) -> None:
        """One step: time passes, and a process that is ready goes on."""
        self.steps += 1
        self.now += self.chance.random() * BEAT
        ready = [p for p in self.processes if p.wake <= self.now]
        if not ready:
            self.now = min(p.wake for p in self.processes)
            ready = [p for p in self.processes if p.wake <= self.now]
        self._resume(ready[int(self.chance.random() * len(ready))])

    def _resume(self, process: Process) -> None:
        if process.paused:
            process.paused = False
            self.trace.append((self.now, process.name, "wakes", ""))
        self.running = process
        if process.let is None:
            process.let = greenlet(lambda: self._life(process))
        try:
            process.let.switch()
        finally:
            self.running = None
        if process.let is not None and process.let.dead:
            self._bury(process)

    def _life(self, process: Process) -> None:
        try:
            process.main()
            process.ended = "ended"
        except Killed:
            process.ended = "killed"
        except Failed:
            raise
        except AssertionError:
            raise
        except Exception as error:
            process.ended = f"{type(error).__name__}: {error}"

    def _bury(self, process: Process) -> None:
        """A process that has ended leaves nothing but what is in the database and on the broker; it starts again."""
        self.trace.append((self.now, process.name, "ended", process.ended))
        for connection in process.connections:
            connection.broken = True
        process.connections = []
        process.let = None
        process.wake = self.now + 0.2 + self.chance.random()

    def kill(self, process: Process) -> None:
        """Ends a process where it stands."""
        if process.let is None:
            return
        self.tell("killed", process.name)
        let, process.paused = process.let, False
        for connection in process.connections:
            connection.broken = True  # whatever runs in `finally` on its way out reaches nothing
        self.running = None
        process.let = None
        let.throw(Killed)
        process.ended = "killed"
        self._bury(process)

    def pause(self, process: Process, seconds: float) -> None:
        """Stops a process where it stands, for so long; it does not know."""
        process.wake, process.paused, process.since = self.now + seconds, True, self.now

    def close(self) -> None:
        """Ends all that runs, without a trace in any other history."""
        for process in self.processes:
            if process.let is not None and not process.let.dead:
                let, process.let = process.let, None
                for connection in process.connections:
                    connection.broken = True
                let.throw(Killed)
        self.processes.clear()

    def story(self) -> str:
        """The last steps, a line each."""
        return "\n".join(f"{now:9.2f}  {who:22} {what} {about}" for now, who, what, about in self.trace)
