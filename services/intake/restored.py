"""After a restore: what stands beside the log is brought behind what came back to it, and whoever was erased is erased
again (rule 13, P1, U2).
"""

import asyncio
from functools import partial

import psycopg
from lianxin_schemas.events.petitions import PetitionRegistered

from services.intake import ratings
from services.intake.domain import receipts
from services.intake.settings import Settings
from services.intake.store import events, keys
from services.intake.store import receipts as store
from services.runtime.database import Connection
from services.runtime.history import pages


async def refill(settings: Settings, connection: Connection, behind: int) -> None:
    """What `log recover` does with intake's tables, in the transaction at hand, and with the keys."""
    await ratings.refill(settings, connection, behind)
    await _give_numbers(settings, connection, behind)
    await _erase_again(settings, connection)


async def _give_numbers(settings: Settings, connection: Connection, behind: int) -> None:
    """Whoever registered a petition has its number and secret: they open it again without the command's repeat."""
    async with await psycopg.AsyncConnection.connect(settings.database("keys"), autocommit=True) as kept:
        number = partial(receipts.number, await keys.own(kept, "receipts"))
    async for entries, _ in pages(connection, ["petitions"], behind):
        registered = [entry.event.petition for entry in entries if isinstance(entry.event, PetitionRegistered)]
        await store.give_all(connection, registered, number)


def erase_again(settings: Settings) -> int:
    """The verb: after keys alone were restored from a backup, which may be older than an erasure. Exit code 0."""

    async def work() -> int:
        async with await psycopg.AsyncConnection.connect(settings.database("intake"), autocommit=True) as connection:
            return await _erase_again(settings, connection)

    print(f"销毁了{(count := asyncio.run(work()))}把已删除者的密钥。Destroyed {count} keys of persons who were erased.")
    return 0


async def _erase_again(settings: Settings, connection: Connection) -> int:
    """Destroys every key that the log says was destroyed, whatever backup it came back from; answers with how many."""
    erased = await events.erased(connection)
    info = settings.database("keys", guarded=False)
    async with await psycopg.AsyncConnection.connect(info, autocommit=True) as kept:
        return await keys.destroy_all(kept, erased)
