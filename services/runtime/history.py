"""What a log has kept, a page at a time: tables are filled from logs that are larger than memory."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import psycopg

from services.runtime import log
from services.runtime.log import Entry

PAGE = 2_000


async def pages(
    connection: psycopg.AsyncConnection[Any], topics: Sequence[str], behind: int = 0
) -> AsyncIterator[tuple[list[Entry], int]]:
    """All the log holds on topics behind a position, in its order, and the position reached with each page."""
    while True:
        entries, behind = await log.history(connection, topics, behind, PAGE)
        if not entries:
            return
        yield entries, behind
