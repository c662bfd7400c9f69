"""Columns that line up on a terminal, where a Chinese character is two cells wide."""

import shutil
import textwrap
import unicodedata
from collections.abc import Sequence


def width(text: str) -> int:
    """Cells that a text takes."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def left(text: str, cells: int) -> str:
    """The text with room behind it."""
    return text + " " * (cells - width(text))


def right(text: str, cells: int) -> str:
    """The text with room before it."""
    return " " * (cells - width(text)) + text


def table(rows: Sequence[Sequence[str]], aligned: str, indent: int = 2) -> list[str]:
    """Rows as lines, each column as wide as its widest cell; `aligned` has an l or r for each column."""
    widths = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    place = {"l": left, "r": right}
    return [
        (
            " " * indent
            + "  ".join(place[side](cell, cells) for cell, cells, side in zip(row, widths, aligned, strict=True))
        ).rstrip()
        for row in rows
    ]


def wrapped(text: str, indent: int) -> list[str]:
    """English text in lines that fit the terminal."""
    cells = min(100, shutil.get_terminal_size((100, 24)).columns)
    room = " " * indent
    return textwrap.wrap(text, cells, initial_indent=room, subsequent_indent=room, break_on_hyphens=False)
