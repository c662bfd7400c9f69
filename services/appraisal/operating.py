"""What operations do at the command line: adopt policies, refill their table."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from lianxin_schemas.events.scores import PolicyAdopted

from services.appraisal import adopting
from services.appraisal.refusals import TEXTS
from services.appraisal.settings import Settings
from services.appraisal.store import policies
from services.refused import Refused
from services.runtime import readback
from services.runtime.database import Connection, Reconnecting
from services.web.errors import Catalogue

SERVICE = "appraisal"
T = TypeVar("T")


def adopt(settings: Settings, file: Path | None) -> int:
    """Adopts the policy in a file, or those shipped that never were. Exit code 3 where the file holds no policy."""
    readback.refuse_if_ahead(settings, SERVICE)
    now = datetime.now(UTC)  # noqa: TID251  the command line is where the clock is read

    async def work(connection: Connection) -> list[PolicyAdopted]:
        if file is None:
            return await adopting.begin(connection, now)
        return await adopting.adopt_all(connection, [adopting.read(file)], now)

    try:
        adopted = _with_connection(settings, work)
    except adopting.NoPolicy as error:
        print(f"这不是考核办法。This is no policy. {error}", file=sys.stderr)
        return 3
    except Refused as refused:
        _, body = Catalogue(TEXTS).body(refused)
        print(f"{body['code']}: {body['zh']} {body['en']}", file=sys.stderr)
        return 3
    for edition in adopted:
        print(f"采用了 adopted {edition.policy} {edition.edition}")
    if not adopted:
        print("没有新的。Nothing new.")
    return 0


def rebuild(settings: Settings) -> int:
    """Refills the table of policies from the log, all or nothing."""
    print(f"rebuilt from {_with_connection(settings, policies.rebuild)} events")
    return 0


def _with_connection(settings: Settings, work: Callable[[Connection], Awaitable[T]]) -> T:
    async def run() -> T:
        connection = Reconnecting(settings.database(SERVICE))
        try:
            return await work(await connection.get())
        finally:
            await connection.close()

    return asyncio.run(run())
