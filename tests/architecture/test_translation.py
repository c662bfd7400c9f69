"""README.zh.md keeps step with README.md: what is not language is the same in both."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH, CHINESE = (ROOT / "README.md").read_text("utf-8"), (ROOT / "README.zh.md").read_text("utf-8")


def headings(text: str) -> list[str]:
    """The level of each heading; of the first, its words too."""
    return [line.split()[0] for line in text.splitlines() if line.startswith("#")]


def sections(text: str) -> list[str]:
    """The text under each heading of the second level, the part before the first one included."""
    return re.split(r"^## .*$", text, flags=re.MULTILINE)


def links(text: str) -> list[str]:
    """What links lead to, but for those from one language to the other."""
    return [link for link in re.findall(r"\]\(([^)]+)\)", text) if not re.fullmatch(r"README(\.zh)?\.md", link)]


def commands(text: str) -> list[str]:
    """What to type, up to the comment behind it; in the text too."""
    shown = [line.split(" # ")[0].strip() for line in text.splitlines() if line.startswith("    make ")]
    return shown + sorted(re.findall(r"`(make [\w-]+)`", text))


def files(text: str) -> list[str]:
    """Files of the tree that are named."""
    return re.findall(r"(?:services|schemas|deploy|tests)/[\w./]*\w", text)


def figures(text: str) -> list[str]:
    """Numbers in figures, as they are written; in tables and out."""
    return re.findall(r"\d+(?:[.,]\d+)*", re.sub(r"\]\([^)]+\)|`[^`]+`", "", text))


@pytest.mark.parametrize("kind", [headings, links, commands, files], ids=lambda kind: kind.__name__)
def test_the_chinese_readme_has_the_same(kind: Callable[[str], list[str]]) -> None:
    assert kind(CHINESE) == kind(ENGLISH)
    assert kind(ENGLISH)


def test_every_section_has_the_same_figures_in_both() -> None:
    assert [sorted(figures(part)) for part in sections(CHINESE)] == [
        sorted(figures(part)) for part in sections(ENGLISH)
    ]


def test_each_leads_to_the_other() -> None:
    assert "](README.zh.md)" in ENGLISH
    assert "](README.md)" in CHINESE
