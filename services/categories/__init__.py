"""The tree of categories that petitions and needs are sorted into: 15 fields, 118 groups, 517 categories (C1).

From the data published for the 2020 Taidi Cup (problem C). A code such as `03.05.04` follows from the order of
`tree.csv`: the fourth category of the fifth group of the third field. Lines are only ever added behind the last one of
their group, for the codes are in events. English is made for fields and groups (`english.csv`).
"""

import csv
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
LEFT_OUT = ("02.04",)
"""Never offered or taken in: the source has a group for ethnic and religious affairs, and nothing here records either.
Such a matter is `02.05.01`, other. The lines stay, since codes follow from the order."""

OFFICIALS = "05"
"""Discipline and supervision: what officials did, or did not do."""

Names = tuple[str, ...]


@cache
def names() -> dict[str, Names]:
    """Every code with its Chinese names from the top, in the order of the file."""
    codes: dict[Names, str] = {}
    children: dict[Names, int] = {}
    for row in _rows("tree.csv"):
        for depth in range(1, len(row) + 1):
            _number(tuple(row[:depth]), codes, children)
    return {code: path for path, code in codes.items()}


@cache
def english() -> dict[str, str]:
    """English names of fields and groups by code."""
    return {row[0]: row[1] for row in _rows("english.csv")}


@cache
def leaves() -> tuple[str, ...]:
    """The codes of the third level, in the order of the file."""
    return tuple(code for code, path in names().items() if len(path) == 3)


@cache
def children(code: str = "") -> tuple[str, ...]:
    """The codes offered below one, or the fields, in the order of the file."""
    depth, start = len(names()[code]) + 1 if code else 1, f"{code}." if code else ""
    return tuple(each for each, path in names().items() if len(path) == depth and each.startswith(start) and ours(each))


def ours(code: str) -> bool:
    """Whether a petition may be sorted there."""
    return code in names() and not code.startswith(LEFT_OUT)


def about_officials(code: str) -> bool:
    """Whether what is sorted there is about officials: none of those it may be about handles or sees it (C4)."""
    return code[:2] == OFFICIALS


def name(code: str) -> str:
    """A category as it is shown: its names from the top. Raises KeyError for a code that is not in the tree."""
    return " › ".join(names()[code])


def name_en(code: str) -> str:
    """The same in English, down to its group. Raises KeyError for a code that is not in the tree."""
    depth = min(2, len(names()[code]))
    return " › ".join(english()[code[: 3 * level - 1]] for level in range(1, depth + 1))


def _rows(file: str) -> list[list[str]]:
    with (HERE / file).open(encoding="utf-8", newline="") as source:
        return list(csv.reader(source))[1:]


def _number(path: Names, codes: dict[Names, str], children: dict[Names, int]) -> None:
    """Gives a place its code the first time it is met: its parent's code, and its number among its brothers."""
    if path in codes:
        return
    parent = path[:-1]
    children[parent] = children.get(parent, 0) + 1
    above = f"{codes[parent]}." if parent else ""
    codes[path] = f"{above}{children[parent]:02d}"
