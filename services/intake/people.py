"""Loads who the cadres are, or what households need, from a CSV file into the vault (R4, R6, P1). Names of cadres go to
the directory as well.

Checked and refused as a whole. What is there already stays as it is, so the same load finishes an interrupted one.
"""

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
from lianxin_schemas.directory import Kind
from psycopg_pool import AsyncConnectionPool

from services.intake.desk import Pool
from services.intake.domain.people import FILES, CadreRow, Fault, HouseholdRow, Line, Row, parse
from services.intake.domain.sealing import unseal
from services.intake.settings import Settings
from services.intake.store import keys, vault
from services.runtime import directory
from services.runtime.database import send

BATCH = 500
"""Rows a transaction."""


class Faulty(Exception):
    """The file cannot be loaded; nothing was written."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def read(file: Path) -> tuple[type[Row], list[Line]]:
    """What a file is about, and its rows. Raises Faulty with every faulty row, and OSError."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Faulty([Fault(1, "", "不是 UTF-8 编码。", "This is not UTF-8.")]) from error
    lines = _lines(text)
    try:
        kind = FILES.get(tuple(next(lines, (1, []))[1]))
        if kind is None:
            zh, en = (word.join(map(",".join, FILES)) for word in (" 或 ", " or "))
            raise Faulty([Fault(1, "", f"第一行应是 {zh}。", f"The first line must be {en}.")])
        rows, faults = parse(kind, lines)
    except csv.Error as error:
        raise Faulty([Fault(1, "", "引号不成对，或一格太长。", f"Not CSV: {error}.")]) from error
    if faults:
        raise Faulty(sorted(faults))
    return kind, rows


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it begins on; blank lines are no rows."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    for cells in reader:
        if cells:
            yield line, cells
        line = reader.line_num + 1


async def load(settings: Settings, rows: Sequence[Line]) -> int:
    """Writes what the rows of one file change; answers with how many that was. Raises Faulty for what was erased."""
    async with (
        AsyncConnectionPool(settings.database("vault"), min_size=1, max_size=1, open=False) as vault_,
        AsyncConnectionPool(settings.database("keys"), min_size=1, max_size=1, open=False) as keys_,
        await psycopg.AsyncConnection.connect(settings.database("intake"), autocommit=True) as own,
    ):
        held: list[bytes | None] = []
        for start in range(0, len(rows), BATCH):
            held += await keys.make_all(keys_, [row.person for _, row in rows[start : start + BATCH]])
        lost = [each for each, key in zip(rows, held, strict=True) if key is None]
        if gone := [Fault(line, next(iter(type(row).model_fields)), *row.gone) for line, row in lost]:
            raise Faulty(gone)
        known = [(row, key) for (_, row), key in zip(rows, held, strict=True) if key]
        changed = 0
        for start in range(0, len(known), BATCH):
            batch = known[start : start + BATCH]
            changed += await _write(vault_, batch)
            names = {row.cadre: directory.Names(row.name, None) for row, _ in batch if isinstance(row, CadreRow)}
            await send(own, directory.put(Kind.CADRE, names))
        return changed


async def _write(pool: Pool, batch: Sequence[tuple[Row, bytes]]) -> int:
    """Keeps what differs from what lies there; answers with how many rows did."""
    secrets = {row.person.id: key for row, key in batch}
    there = {
        kept.place: unseal(secrets[kept.place.person.id], kept.place, kept.sealed)
        for kept in await vault.of(pool, batch[0][0].person.kind, list(secrets))
    }
    wanted = {place: text for row, _ in batch for place, text in row.texts.items()}
    differing = [place for place, text in wanted.items() if text != there.get(place)]
    texts = {place: (secrets[place.person.id], text) for place in differing if (text := wanted[place])}
    if texts:
        await vault.keep_all(pool, [(row.person, None) for row, _ in batch], texts)
    if gone := [place for place in differing if wanted[place] is None]:
        await vault.drop(pool, gone)
    return len({place.person for place in differing})


async def run(settings: Settings, file: Path) -> int:
    """The verb: prints every fault where there are any. Exit code 1 then, and nothing was written."""
    try:
        kind, rows = read(file)
        changed = await load(settings, rows)
    except Faulty as faulty:
        print(*(f"{file.name}:{fault}" for fault in faulty.faults), sep="\n", file=sys.stderr)
        count = len(faulty.faults)
        print(f"有{count}处需要改，什么也没有写入。{count} thing(s) to change; nothing was written.", file=sys.stderr)
        return 1
    if kind is HouseholdRow:
        print(f"写入{changed}户。Wrote {changed} households.")
    else:
        print(f"写入{changed}位干部。Wrote {changed} cadres.")
    return 0
