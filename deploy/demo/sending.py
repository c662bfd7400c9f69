"""What is sent in which order, and how much of it at once."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import TypeVar

from deploy.demo.client import Client, each, newest
from deploy.demo.commands import Command
from deploy.demo.journeys import SERVICES, Journey
from deploy.demo.visits import Sendings

BATCH = 250
"""Visits in one request, as a telephone's outbox sends them."""
MOST = 1_000
"""Items that a batch may hold."""
GROUP, WIDTH = 240, 4
"""Petitions that are imported together, and how many such groups at a time."""
ALONE = 100
"""Visits, and petitions, that are sent one by one."""
BATCHES = {"assignment": ("/cases/batch", "commands"), "intake": ("/petitions/answers/batch", "answers")}
"""Where each service takes many steps at once, and what it calls them."""

T = TypeVar("T")
Advance = Callable[[int], None]


async def visits(client: Client, sendings: Sendings, advance: Advance) -> None:
    """All visits and what is said about them: each round ends before the next begins."""

    async def many(commands: Sequence[Command]) -> None:
        await client.batch("/visits/batch", "visits", commands)
        advance(len(commands))

    async def one(command: Command) -> None:
        await client.command(command)
        advance(1)

    await each(_parts(sendings.first[:-ALONE], BATCH), many, width=4)
    await each(sendings.first[-ALONE:], one)
    await each(_parts(sendings.late, BATCH), many, width=4)
    await each(sendings.changes, one)
    await each(sendings.refused_changes, one)


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def petitions(client: Client, journeys: Sequence[Journey], advance: Advance) -> None:
    """All petitions and what becomes of them: most as an import sends them, some one by one as an office works."""
    by_hand = [journey for journey in journeys if all(step.service == "assignment" for step in journey.steps)][:ALONE]
    chosen = {journey.registration.id for journey in by_hand}
    rest = [journey for journey in journeys if journey.registration.id not in chosen]

    async def group(of: Sequence[Journey]) -> None:
        await _imported(client, of, advance)

    async def one(journey: Journey) -> None:
        await _by_hand(client, journey, advance)

    await asyncio.gather(each(_parts(rest, GROUP), group, width=WIDTH), each(by_hand, one, width=8))


async def _imported(client: Client, journeys: Sequence[Journey], advance: Advance) -> None:
    """Some petitions, turn by turn: each service goes on as soon as it has heard of what the other did."""

    async def many(path: str, name: str, commands: Sequence[Command], after: str = "") -> str:
        afters = []
        for part in _parts(commands, MOST):
            outcomes = await client.batch(path, name, part, after)
            afters += [outcome["receipt"]["after"] for outcome in outcomes.values() if outcome["receipt"]]
            advance(len(part))
        return newest(afters)

    registered = [one.registration for one in journeys for _ in range(1 + (one.registration.id in one.twice))]
    after = await many("/petitions/batch", "petitions", registered)
    for turn, commands in enumerate(zip_longest(*(one.turns for one in journeys), fillvalue=[])):
        path, name = BATCHES[SERVICES[turn % 2]]
        after = newest([after, await many(path, name, [step for steps in commands for step in steps], after)])


async def _by_hand(client: Client, journey: Journey, advance: Advance) -> None:
    """One petition, step by step."""
    after = ""
    for command in (journey.registration, *journey.steps):
        for _ in range(2 if command.id in journey.twice else 1):
            given = await client.command(command, after if command is not journey.registration else "")
            advance(1)
        after = after or str(given.get("after", ""))
