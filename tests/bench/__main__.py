"""All figures: `make bench` → .local/bench.json; `make bench ONLY=name SCALE=0.01`. How they come about: README.md."""

import json
import logging
import os
import signal
import sys
import time
from types import ModuleType

from deploy.local.state import state_folder
from tests.bench import accepting, asking, comparing, growing, projecting, seeing, waiting
from tests.bench.bench import machine, say, started
from tests.bench.rows import Row, merge, table

SUBJECTS: dict[str, ModuleType] = {
    "accept": accepting,
    "visible": seeing,
    "project": projecting,
    "asked": asking,
    "backlog": waiting,
    "growth": growing,
    "peers": comparing,
}


def chosen(only: str) -> list[str]:
    """The subjects that a name stands for: a subject's, a row's, or the beginning of rows' names; all for none."""
    if not only or only in SUBJECTS:
        return [only] if only else [*SUBJECTS]
    return [name for name, subject in SUBJECTS.items() if any(row.startswith(only) for row in subject.ROWS)]


def keep(rows: list[Row]) -> None:
    """Writes rows into bench.json, in the place of those of the same name."""
    target = state_folder() / "bench.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(target.read_text()) if target.exists() else []
    target.write_text(json.dumps(merge(known, rows), indent=2, ensure_ascii=False) + "\n")


def main() -> int:
    """Measures what was asked for; what is known by then is kept although something later fails."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # no server outlives the run
    # It says as an error that a new topic's leader is still to come, and tries again; what fails for good is raised.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    only, scale = os.environ.get("ONLY", ""), float(os.environ.get("SCALE") or 1)
    names = chosen(only)
    if not names:
        known = [*SUBJECTS, *(row for subject in SUBJECTS.values() for row in subject.ROWS)]
        print(f"ONLY={only} is nothing that is measured. There are: {' '.join(known)}", file=sys.stderr)
        return 2
    found: list[Row] = []
    when = {"date": time.strftime("%Y-%m-%d"), "scale": scale, "machine": machine()}
    say(f"{', '.join(names)}; {when['machine']}, scale {scale:g}")
    with started(scale) as bench:
        for name in names:
            rows = [row | when for row in SUBJECTS[name].measure(bench)]
            keep(rows)
            found += rows
    print(f"\n{table(found)}\n\nin {state_folder() / 'bench.json'}; how it was measured: tests/bench/README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
