"""The tree of categories: a code such as `03.05.04` follows from the order of `data/categories.csv`."""

import csv
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
CATEGORIES = DATA / "categories.csv"

Names = tuple[str, ...]


@cache
def names() -> dict[str, Names]:
    """Every code with its names from the top, in the order of the file: a field, its first group, its categories."""
    with CATEGORIES.open(encoding="utf-8", newline="") as file:
        rows = [tuple(row) for row in csv.reader(file)]
    codes: dict[Names, str] = {}
    children: dict[Names, int] = {}
    for row in rows[1:]:
        for depth in range(1, len(row) + 1):
            _number(row[:depth], codes, children)
    return {code: path for path, code in codes.items()}


@cache
def leaves() -> tuple[str, ...]:
    """The codes of the third level, in the order of the file."""
    return tuple(code for code, path in names().items() if len(path) == 3)


def name(code: str) -> str:
    """A category as it is shown: its names from the top. Raises KeyError for a code that is not in the tree."""
    return " › ".join(names()[code])


def _number(path: Names, codes: dict[Names, str], children: dict[Names, int]) -> None:
    """Gives a place its code the first time it is met: its parent's code, and its number among its brothers."""
    if path in codes:
        return
    parent = path[:-1]
    children[parent] = children.get(parent, 0) + 1
    above = f"{codes[parent]}." if parent else ""
    codes[path] = f"{above}{children[parent]:02d}"
