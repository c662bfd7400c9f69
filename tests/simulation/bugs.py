"""What a tired hand might write instead, in the real code and in the SQL as the simulation has it.

Each has to be found within so many histories. Some are bugs that the simulation has found (README).
"""

import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from services.assignment import reactions
from services.runtime import gather, inbox, log, readback, rebuild, recover, relay, takeback, unsealed
from tests.simulation.run import play
from tests.simulation.stage import patched
from tests.simulation.statements import Statements


@dataclass(frozen=True)
class Bug:
    """A place, what stands there, what stands there instead, and the faults that bring it out."""

    name: str
    owner: Any
    function: str
    right: str
    wrong: str
    kinds: tuple[str, ...]
    shows: int = 0
    """A seed that has shown it: tried first."""
    seeds: int = 400

    @contextmanager
    def made(self) -> Iterator[None]:
        """The bug is there until the end of the block."""
        owners = inspect.getmro(self.owner) if inspect.isclass(self.owner) else (self.owner,)
        owner = next(owner for owner in owners if self.function in owner.__dict__)
        function = owner.__dict__[self.function]
        source = textwrap.dedent(inspect.getsource(function))
        assert source.count(self.right) == 1, f"{self.name}: the place has changed"
        made: dict[str, Any] = {}
        exec(compile(source.replace(self.right, self.wrong), f"<{self.name}>", "exec"), function.__globals__, made)
        with patched([(owner, self.function, made[self.function])]):
            yield


LOSSES = ("tail", "older", "hole")
BUGS = (
    Bug("an Early is applied", inbox.Inbox, "_sort_one", "if number > mark + 1:", "if number > mark + 99:", LOSSES),
    Bug(
        "marks move before the rows",
        log,
        "write",
        "        async with connection.pipeline() as pipeline, connection.transaction():\n"
        "            await send(connection, first)\n",
        "        await send(connection, first)\n"
        "        async with connection.pipeline() as pipeline, connection.transaction():\n",
        ("crash",),
    ),
    Bug(
        "marks move wherever they stand",
        Statements,
        "move_marks",
        "if marks.get(key, 0 if before == 0 else None) != before:",
        "if False:",
        ("pause", "crash"),
    ),
    Bug(
        "a relay without an epoch", Statements, "relay_at", "relay.epoch != epoch:", "relay is None:", ("pause", "tail")
    ),
    Bug(
        "the answer before the commit",
        gather.Gatherer,
        "_write",
        "    try:\n        receipts =",
        "    for decision, done in batch:\n"
        "        _set(done, Receipt(tuple(entry.id for entry in decision.entries), {}))\n"
        "    try:\n        receipts =",
        ("away", "restore"),
    ),
    Bug(
        "a parked key is overtaken",
        inbox.Inbox,
        "_sort_one",
        "if (message.topic, key) in result.keys:",
        "if False:",
        ("bad",),
    ),
    Bug("sealed before it was read back", relay.Relay, "_seal", "if not await self._read_back() or", "if", LOSSES),
    Bug(
        "nobody looks what is missing",
        relay.Relay,
        "_first_missing",
        "    lanes = [",
        "    return None\n    lanes = [",
        LOSSES,
    ),
    Bug(
        "a reaction that a restore has torn stays torn",
        reactions,
        "_decisions",
        "seen = torn.done(known)",
        "seen = set(known)",
        ("restore", "tail"),
    ),
    Bug(
        "a rebuild keeps the old marks",
        rebuild,
        "_swap",
        '("mark", "bookmark", "parked"):',
        '("bookmark", "parked"):',
        ("rebuild",),
    ),
    Bug(
        "a producer goes on after a batch that failed, and nobody reads back",
        relay.Relay,
        "_read_back",
        "    await asyncio.to_thread",
        "    return True\n    await asyncio.to_thread",
        ("hole",),
    ),
    Bug(
        "recover uses positions again",
        Statements,
        "move_on",
        "tables.position = max(tables.position, *(row.position for row in back))",
        "tables.position += len(back)",
        ("restore", "tail"),
    ),
    Bug(
        "recover goes on in the same incarnation",
        recover,
        "_move_on",
        "[found.incarnation + 1, position]",
        "[found.incarnation, position]",
        ("restore",),
    ),
    Bug(
        "recover knows of no torn command",
        recover,
        "_in_part",
        "if cut or ids !=",
        "if None is ids !=",
        ("restore", "tail"),
    ),
    Bug(
        "recover leaves the older lanes open",
        recover,
        "_open",
        "await send(connection, close_lanes(ends))",
        "await send(connection, [])",
        ("restore", "hole"),
        shows=554,
    ),
    Bug(
        "a message outside its lane stops a recovery",
        takeback.Taking,
        "take",
        "[message.opened for message in batch if message.opened]",
        "[(0, Lane((e := codec.unwrap(m.value)).source, m.topic, m.partition), e, 0) for m in batch if m.value]",
        ("restore", "bad"),
    ),
    Bug(
        "a seal over one position too few",
        relay.Relay,
        "_seals",
        "self._unsealed.root(span.first, span.last)",
        "self._unsealed.root(span.first, max(span.first, span.last - 1))",
        (),
    ),
    Bug(
        "a position that is nowhere has no leaf",
        unsealed.Unsealed,
        "sent",
        "self._hashes += NOWHERE",
        "self._hashes += hash_",
        ("restore", "tail"),
    ),
    Bug(
        "less than was read before is not noticed",
        readback.ReadBack,
        "_read",
        "lost = {place: at - 1 for place, at in self.bookmarks.items() if at}",
        "lost = {}",
        ("tail", "older"),
    ),
    Bug(
        "a tail that grew again just as far is not noticed",
        readback.ReadBack,
        "_read",
        "lost = {place: at - 1 for place, at in self.bookmarks.items() if at}",
        "lost = {place: -1 for place, end in self.ends().items() if end < self.bookmarks.get(place, 0)}",
        ("tail", "crash"),
        seeds=1_000,
    ),
)


def caught(bug: Bug, steps: int = 200) -> int | None:
    """The first seed whose history shows the bug; None where none does."""
    with bug.made():
        return next((seed for seed in (bug.shows, *range(bug.seeds)) if play(seed, steps, bug.kinds).wrong), None)
