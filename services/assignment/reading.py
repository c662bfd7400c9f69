"""Reads the register's CSV files: bytes to rows, with everything that is wrong in them (R6)."""

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from services.assignment.domain.rows import FILES, Fault, Row, headers, parse


@dataclass
class Files:
    """The files of a folder: well-formed rows with their lines, ids that malformed rows register, each file's hash."""

    rows: dict[str, list[tuple[int, Row]]] = field(default_factory=dict)
    broken: dict[str, set[str]] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read(folder: Path) -> Files:
    """All files of the folder, faults included. Raises OSError for one that is there but cannot be read."""
    files = Files()
    for name in FILES:
        files.rows[name], files.broken[name] = [], set()
        try:
            data = (folder / name).read_bytes()
        except FileNotFoundError:
            files.faults.append(Fault(name, 1, "", "缺少这个文件。", "The file is missing."))
            continue
        files.hashes[name] = hashlib.sha256(data).hexdigest()
        _read_one(files, name, data)
    return files


def _read_one(files: Files, name: str, data: bytes) -> None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        files.faults.append(Fault(name, line, "", "不是 UTF-8 编码。", "This is not UTF-8."))
        return
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        files.faults.append(Fault(name, line, "", "含有空字符（NUL）。", "This holds a NUL character."))
        return
    lines = _lines(text)
    known = headers(name)
    try:
        columns = next(lines, (1, []))[1]
        if columns not in known:
            zh, en = (word.join(dict.fromkeys(",".join(each) for each in known)) for word in (" 或 ", " or "))
            files.faults.append(Fault(name, 1, "", f"第一行应是 {zh}。", f"The first line must be {en}."))
            return
        for line, cells in lines:
            _take(files, name, line, columns, cells)
    except csv.Error as error:
        where = error.__notes__[0] if hasattr(error, "__notes__") else "1"
        files.faults.append(Fault(name, int(where), "", "引号不成对，或一格太长。", f"Not CSV: {error}."))


def _take(files: Files, name: str, line: int, columns: list[str], cells: list[str]) -> None:
    found = parse(name, line, columns, cells)
    if isinstance(found, Row):
        files.rows[name].append((line, found))
    else:
        files.faults.extend(found)
        files.broken[name].add(cells[0])


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it begins on; blank lines are no rows. A csv.Error carries its line as a note."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            error.add_note(str(line))
            raise
        if cells:
            yield line, cells
