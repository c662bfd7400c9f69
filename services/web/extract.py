"""Brings every locale/zh.po up to date with the code: `python -m services.web.extract`.

New msgids come in with an empty text, those no longer used go. A test fails on what is empty, missing or unused.
"""

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
KEYWORDS = {"_": None, "noted": None, "gettext": None, "ngettext": (1, 2)}
TEMPLATES = ("**/templates/**.html", "**/templates/**.txt")
METHODS = [("**.py", "python"), *((template, "jinja2.ext:babel_extract") for template in TEMPLATES)]
OPTIONS = {template: {"trimmed": "true", "silent": "false"} for template in TEMPLATES}


def folders() -> list[Path]:
    """The shell first, then every service with templates."""
    return [ROOT / "web", *sorted(path.parent for path in ROOT.glob("*/templates") if path.parent.name != "web")]


def used(folder: Path) -> dict[str, str | tuple[str, str]]:
    """What the code under a folder says: the msgid, with its plural if it has one, by the singular."""
    found: dict[str, str | tuple[str, str]] = {}
    for _file, _line, msgid, _comments, _context in extract_from_dir(folder, METHODS, OPTIONS, KEYWORDS):
        first = msgid if isinstance(msgid, str) else msgid[0]
        found[first] = msgid if isinstance(msgid, str) else (msgid[0], msgid[1])
    return found


def catalogue(folder: Path) -> Catalog:
    """A folder's zh.po as it stands; an empty one where there is none."""
    file = folder / "locale" / "zh.po"
    if not file.exists():
        return _empty()
    with file.open("rb") as lines:
        return read_po(lines, locale="zh", abort_invalid=True)


def update(folder: Path, shared: frozenset[str]) -> Catalog:
    """A folder's catalogue as it should be: what its code says and the shell does not, with the texts known."""
    known, made = catalogue(folder), _empty()
    for first, msgid in sorted(used(folder).items()):
        if first not in shared:
            before = known.get(first)
            made.add(msgid, before.string if before and isinstance(before.id, type(msgid)) else None)
    return made


def _empty() -> Catalog:
    return Catalog(locale="zh", fuzzy=False, header_comment="# What the shell or a service says, in Chinese.")


def main() -> int:
    """Writes the catalogues; the exit code is 1 when texts are still to be written."""
    shared: frozenset[str] = frozenset()
    left = 0
    for folder in folders():
        made = update(folder, shared)
        shared = shared or frozenset(used(folder))
        file = folder / "locale" / "zh.po"
        file.parent.mkdir(exist_ok=True)
        with file.open("wb") as lines:
            write_po(lines, made, width=120, no_location=True, omit_header=True)
        empty = [message.id for message in made if message.id and not _said(message.string)]
        left += len(empty)
        print(f"{file.relative_to(ROOT.parent)}: {len(made)} texts" + (f", to be written: {empty}" if empty else ""))
    return 1 if left else 0


def _said(text: object) -> bool:
    return bool(text[0] if isinstance(text, tuple) and text else text)


if __name__ == "__main__":
    sys.exit(main())
