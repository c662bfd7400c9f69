"""What a relay is given to carry."""

import asyncio
from collections.abc import Sequence

import psycopg
from lianxin_schemas.events.base import Event

from services.runtime import log
from tests.runtime.making import decision, logged, visits_in
from tests.world.world import World

PLACE = 6


def keep(world: World, *events: Event) -> None:
    """Appends events to intake's log, each a command of its own."""

    async def write() -> None:
        info = world.settings.database("intake")
        async with await psycopg.AsyncConnection.connect(info, autocommit=True) as connection:
            await log.write(connection, [decision(event) for event in events])

    asyncio.run(write())


def keep_in_turn(world: World, *events: Event) -> None:
    """The same, each in a transaction of its own, over one connection."""

    async def write() -> None:
        info = world.settings.database("intake")
        async with await psycopg.AsyncConnection.connect(info, autocommit=True) as connection:
            for event in events:
                await log.write(connection, [decision(event)])

    asyncio.run(write())


def visits(many: int) -> Sequence[Event]:
    """Visits that all lie in one lane."""
    return [logged(visit) for visit in visits_in(PLACE, many)]
