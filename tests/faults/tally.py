"""What was done to whom, how often it really happened, and whether everything held afterwards."""

import json
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.bench.bench import say


@dataclass
class Row:
    """One fault upon one place. `hit`: times it happened there; `held`: times that no look afterwards found a thing."""

    part: str
    whom: str
    fault: str
    hit: int = 0
    held: int = 0
    seconds: float = 0.0
    """Of the last time, with the others that the fault was done to at once, and with the looks."""
    note: str = ""
    """What was seen, or why it was left out."""


@dataclass
class Wrong:
    """What did not hold, and how to do it again."""

    part: str
    case: str
    again: str
    why: str


@dataclass
class Tally:
    """All that one run has done. Written after every case, so that a run that is cut off has its table."""

    file: Path
    only: str = ""
    """Cases whose names do not contain this are left out."""
    rows: dict[tuple[str, str, str], Row] = field(default_factory=dict)
    wrongs: list[Wrong] = field(default_factory=list)

    def row(self, part: str, whom: str, fault: str) -> Row:
        """The row of a pair, made when first asked for."""
        return self.rows.setdefault((part, whom, fault), Row(part, whom, fault))

    def wanted(self, case: str) -> bool:
        """Whether a case was asked for."""
        return self.only in case

    def left_out(self, part: str, whom: str, fault: str, why: str) -> None:
        """Notes, for all to see, what this machine does not allow."""
        self.row(part, whom, fault).note = f"left out: {why}"
        say(f"{part}: {whom}, {fault}: left out: {why}")
        self.write()

    @contextmanager
    def case(self, part: str, name: str, whom: list[str], fault: str) -> Iterator[list[str]]:
        """One fault, done to some at once: yields a list to which goes whomever it really hit.

        What is raised inside is noted; the next case follows.
        """
        hit: list[str] = []
        began = time.monotonic()
        rows = [self.row(part, each, fault) for each in whom]
        held = False
        try:
            yield hit
            missed = sorted(set(whom) - set(hit))
            assert not missed, f"the fault never reached {missed}"
            held = True
        except Exception as error:
            why = "".join(traceback.format_exception(error))
            self.wrongs.append(Wrong(part, name, f"make faults ONLY={part} CASE='{name}'", why))
        for row in rows:
            row.hit += hit.count(row.whom)
            row.held += held
            row.seconds = round(time.monotonic() - began, 1)
        say(f"{part}: {name}: {'holds' if held else 'DOES NOT HOLD'}, {time.monotonic() - began:.0f} s")
        if not held:
            print(self.wrongs[-1].why[-6000:], flush=True)
        self.write()

    def write(self) -> None:
        """Keeps what is known by now."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        found = {
            "date": time.strftime("%Y-%m-%d %H:%M"),
            "rows": [asdict(row) for row in self.rows.values()],
            "wrong": [asdict(wrong) for wrong in self.wrongs],
        }
        self.file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")

    def table(self) -> str:
        """The table as Markdown."""
        lines = ["| part | whom, where | fault | hit | held | s | |", "| --- | --- | --- | --- | --- | --- | --- |"]
        lines += [
            f"| {row.part} | {row.whom} | {row.fault} | {row.hit} | {row.held} | {row.seconds:.0f} | {row.note} |"
            for row in self.rows.values()
        ]
        return "\n".join(lines)
