"""What operations do at the command line: load the register, rebuild its tables, verify them."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from services.assignment import loading, verifying
from services.assignment.settings import Settings
from services.assignment.store import tables
from services.runtime.database import Reconnecting

SERVICE = "assignment"


def load(settings: Settings, folder: Path) -> int:
    """Loads the register; prints every fault where there are any. Exit code 1 then, and nothing was written."""
    from tqdm import tqdm

    async def work() -> int:
        connection = Reconnecting(settings.database(SERVICE))
        with tqdm(unit=" rows", disable=None, file=sys.stderr) as bar:

            def progress(done: int, of: int) -> None:
                bar.total = of
                bar.update(done - bar.n)

            now = datetime.now(UTC)  # noqa: TID251  the command line is where the clock is read
            try:
                return await loading.load(await connection.get(), folder, now, progress)
            finally:
                await connection.close()

    try:
        events = asyncio.run(work())
    except loading.Faulty as faulty:
        print(*faulty.faults, sep="\n", file=sys.stderr)
        count = len(faulty.faults)
        print(f"有{count}处需要改，什么也没有写入。{count} thing(s) to change; nothing was written.", file=sys.stderr)
        return 1
    except loading.Busy:
        print("另一次载入还在进行，等它结束。Another load is under way; wait for its end.", file=sys.stderr)
        return 1
    print(f"写入{events}个事件。Wrote {events} events.")
    return 0


def rebuild(settings: Settings) -> int:
    """Refills the tables from the log, all or nothing."""

    async def work() -> int:
        connection = Reconnecting(settings.database(SERVICE, guarded=False))
        try:
            return await tables.rebuild(await connection.get())
        finally:
            await connection.close()

    print(f"rebuilt from {asyncio.run(work())} events")
    return 0


def verify(settings: Settings) -> list[str]:
    """Every difference between the tables and a plain refold of the log."""

    async def work() -> list[str]:
        connection = Reconnecting(settings.database(SERVICE, guarded=False))
        try:
            live, entries = await tables.snapshot(await connection.get())
        finally:
            await connection.close()
        return verifying.differences(live, verifying.refold(entries))

    return asyncio.run(work())
