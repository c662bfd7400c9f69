"""Loads the register from CSV files: checked as a whole, refused as a whole, then written in batches (R6)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from lianxin_schemas.directory import Kind

from services.assignment.domain.checks import check
from services.assignment.domain.register import Change, Rows, changes, fold
from services.assignment.domain.rows import Fault, OfficeRow, RegionRow
from services.assignment.reactions import AUTHOR
from services.assignment.reading import read
from services.assignment.store import register as store
from services.runtime import directory, log
from services.runtime.database import Connection, send
from services.runtime.directory import Names
from services.runtime.log import Decision, Fact

BATCH = 500
"""Rows a transaction."""

Progress = Callable[[int, int], None]
"""Told after each batch how many changed rows of how many are written."""


class Faulty(Exception):
    """The files cannot be loaded; nothing was written."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


class Busy(Exception):
    """Another load is under way; nothing was written."""


async def load(connection: Connection, folder: Path, now: datetime, progress: Progress) -> int:
    """Writes what the files change; answers with the number of events, of which names are none.

    The same again finishes what was interrupted. Raises Faulty with every faulty row, Busy, and psycopg.Error as it
    comes: batches written by then stay.
    """
    if not await store.alone(connection):
        raise Busy
    files = read(folder)
    entries, _ = await log.history(connection, ["responsibility"])
    register = fold(entry.event for entry in entries)
    if faults := [*files.faults, *check(register, files.rows, files.broken)]:
        raise Faulty(sorted(faults))
    await name(connection, files.rows)
    versions = {entry.stream: entry.version for entry in entries}
    decisions = decide(list(changes(register, files.rows)), files.hashes, versions, now)
    for start in range(0, len(decisions), BATCH):
        batch = decisions[start : start + BATCH]
        written = [entry for decision in batch for entry in decision.entries]
        await log.write(connection, batch, then=store.rows(written))
        progress(start + len(batch), len(decisions))
    return sum(len(decision.facts) for decision in decisions)


async def name(connection: Connection, rows: Rows) -> None:
    """Gives regions and offices the names in their rows. Before the events, so that an interrupted load has them."""
    regions = [row for _, row in rows.get("regions.csv", []) if isinstance(row, RegionRow)]
    offices = [row for _, row in rows.get("offices.csv", []) if isinstance(row, OfficeRow)]
    async with connection.transaction():
        await send(connection, directory.put(Kind.REGION, {row.region: Names(row.zh, row.en) for row in regions}))
        await send(connection, directory.put(Kind.OFFICE, {row.office: Names(row.zh, row.en) for row in offices}))


def decide(found: Sequence[Change], hashes: dict[str, str], versions: dict[str, int], now: datetime) -> list[Decision]:
    """A decision a change. Its cause follows from the file, the row and the version of the stream it changes: without
    the version, a load that takes back another would look like a repeat of the first.
    """
    versions = dict(versions)
    decisions = []
    for change in found:
        version = versions.get(change.stream, 0)
        name = f"{change.file}/{hashes[change.file]}/{change.line}/{change.stream}/{version}"
        facts = [Fact(event, now if time is None else min(time, now)) for event, time in change.events]
        decisions.append(Decision(uuid5(NAMESPACE_URL, name), AUTHOR, facts, {change.stream: version}))
        versions[change.stream] = version + len(facts)
    return decisions
