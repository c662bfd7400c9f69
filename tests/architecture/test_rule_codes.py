"""Codes of rules can be looked up: services/README.md says what each one means that code, tests or READMEs name."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = ("services", "schemas", "tests", "deploy")
CODE = re.compile(r"(?<![\w.+&#/-])(?:A-\d{1,2}|[A-JNPRUVZ]-?\d{1,2}[a-z]?)(?![\w-])")
IN_A_NAME = re.compile(r"^\s*(?:async )?def test_([a-jnpruvz]\d{1,2}[a-z]?)_", re.MULTILINE)


def listed() -> set[str]:
    """The codes of the table, those of a range included."""
    table = (ROOT / "services/README.md").read_text().split("## Rules by code")[1].split("\n## ")[0]
    return {code for row in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE) for code in CODE.findall(row)}


def said(path: Path) -> str:
    """What a file says to people: a program's comments, docstrings and tests' names; of other files all."""
    text = path.read_text()
    if path.suffix == ".py":
        with path.open("rb") as file:
            found = [
                token.string
                for token in tokenize.tokenize(file.readline)
                if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and '"""' in token.string[:5])
            ]
        return "\n".join([*found, *(f" {name[0].upper()}{name[1:]} " for name in IN_A_NAME.findall(text))])
    if path.suffix == ".html":
        return "\n".join(re.findall(r"\{#.*?#\}", text, re.DOTALL))
    return "\n".join(re.findall(r"/\*.*?\*/", text, re.DOTALL)) if path.suffix == ".css" else text


def named() -> Iterator[tuple[str, str]]:
    """Every code that is named, and where."""
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*")):
            if path.suffix in {".py", ".md", ".html", ".css", ".sql"} and "node_modules" not in path.parts:
                yield from ((code, str(path.relative_to(ROOT))) for code in CODE.findall(said(path)))


def test_every_code_that_is_named_has_a_row() -> None:
    rows = listed()
    assert {"A-7", "C3a", "P1"} <= rows
    assert sorted({(code, place) for code, place in named() if code not in rows}) == []
