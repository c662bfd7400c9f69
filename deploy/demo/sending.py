"""What is sent in which order, and how much of it at once."""

from collections.abc import Callable, Iterator, Sequence

from deploy.demo.client import Client, each
from deploy.demo.commands import Command
from deploy.demo.journeys import Journey
from deploy.demo.visits import Sendings

BATCH = 250
"""Visits in one request, as a telephone's outbox sends them."""
ALONE = 300
"""Visits that are sent one by one."""

Advance = Callable[[int], None]


async def visits(client: Client, sendings: Sendings, advance: Advance) -> None:
    """All visits and what is said about them: each round ends before the next begins."""

    async def many(commands: Sequence[Command]) -> None:
        await client.batch("/visits/batch", "visits", commands)
        advance(len(commands))

    async def one(command: Command) -> None:
        await client.command(command)
        advance(1)

    await each(_parts(sendings.first[:-ALONE]), many, width=4)
    await each(sendings.first[-ALONE:], one)
    await each(_parts(sendings.late), many, width=4)
    await each(sendings.changes, one)
    await each(sendings.refused_changes, one)


def _parts(commands: Sequence[Command]) -> Iterator[Sequence[Command]]:
    for start in range(0, len(commands), BATCH):
        yield commands[start : start + BATCH]


async def petitions(client: Client, journeys: Sequence[Journey], advance: Advance) -> None:
    """All petitions first, in the order of their arrival; then each case, as soon as assignment has heard of it."""
    afters: dict[str, str] = {}

    async def once_or_twice(command: Command, journey: Journey, after: str = "") -> str:
        for _ in range(2 if command.id in journey.twice else 1):
            given = await client.command(command, after)
            advance(1)
        return str(given.get("after", ""))

    async def register(journey: Journey) -> None:
        afters[journey.registration.id] = await once_or_twice(journey.registration, journey)

    async def handle(journey: Journey) -> None:
        for step in journey.steps:
            await once_or_twice(step, journey, afters[journey.registration.id])

    await each(journeys, register)
    await each(journeys, handle)
