"""Tables of states in the services' READMEs, made by running the decisions: `python -m services.states [--check]`.

A service that has such tables names them in its `domain/states.py` as `TABLES`; they are written between the lines
`<!-- states -->` and `<!-- /states -->`. Exit code 1: with `--check`, a README is not current; or it has no such lines.
"""

import argparse
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lianxin_schemas.events.base import Event

from services.refused import Refused

HERE = Path(__file__).parent
BEGIN, END = "<!-- states -->\n", "<!-- /states -->\n"

Act = Callable[[Any], Sequence[Event]]
"""A decision on a state, all else it needs filled in: events, none where it changes nothing, or Refused."""


@dataclass(frozen=True)
class Table:
    """What becomes of each act in each state. The acts are the columns, the states the rows, both under their names."""

    name: str
    acts: Mapping[str, Act]
    states: Mapping[str, Any]


def cell(act: Act, state: Any) -> str:
    """The events without what their names have in common, or the code of the refusal."""
    try:
        events = act(state)
    except Refused as refused:
        return f"`{refused.code}`"
    return "→ " + ", ".join(event.name.partition(".")[2] for event in events) if events else "–"


def text(tables: Sequence[Table]) -> str:
    """The tables as Markdown."""
    return "\n".join(_one(table) for table in tables)


def _one(table: Table) -> str:
    head = [table.name, *(f"`{act}`" for act in table.acts)]
    rows = [[name, *(cell(act, state) for act in table.acts.values())] for name, state in table.states.items()]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def written(readme: str, tables: Sequence[Table]) -> str:
    """The README with the tables as they are now. Raises ValueError where it has no place for them."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"no lines {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}{text(tables)}{END}{after}"


def services() -> dict[Path, Sequence[Table]]:
    """Every README that has such tables, with them."""
    return {
        file.parents[1] / "README.md": importlib.import_module(f"services.{file.parents[1].name}.domain.states").TABLES
        for file in sorted(HERE.glob("*/domain/states.py"))
    }


def main() -> int:
    """Writes what is not current, or with `--check` says so."""
    parser = argparse.ArgumentParser(prog="python -m services.states", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where a README is not current")
    check, code = parser.parse_args().check, 0
    for readme, tables in services().items():
        old = readme.read_text("utf-8")
        try:
            new = written(old, tables)
        except ValueError as error:
            print(f"{readme}: {error}", file=sys.stderr)
            code = 1
            continue
        if new != old and check:
            print(f"{readme}: the tables of states are not current: run `python -m services.states`", file=sys.stderr)
            code = 1
        elif new != old:
            readme.write_text(new, "utf-8")
            print(f"wrote {readme}")
    return code


if __name__ == "__main__":
    sys.exit(main())
