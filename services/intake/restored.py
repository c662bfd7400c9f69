"""After a restore: rounds behind what came back to the log, and whoever was erased is erased again (rule 13, P1)."""

import asyncio

import psycopg

from services.intake import ratings
from services.intake.settings import Settings
from services.intake.store import events, keys
from services.runtime.database import Connection


async def refill(settings: Settings, connection: Connection, behind: int) -> None:
    """What `log recover` does with intake's tables, in the transaction at hand, and with the keys."""
    await ratings.refill(settings, connection, behind)
    await _erase_again(settings, connection)


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
