"""All faults: `make faults`, `make faults N=5 ONLY=matrix CASE=stop`. What is done and looked at: README.md."""

import os
import signal
import sys
import time
from collections.abc import Callable

os.environ.setdefault("LIANXIN_TEST_DEADLINE", "120")  # a broker's session, a rebalance and a pause, on a busy machine

from deploy.local.state import state_folder
from tests.bench.bench import say
from tests.faults import clock, disk, matrix, network, others, restores
from tests.faults.tally import Tally

PARTS: dict[str, Callable[[Tally, int], None]] = {"matrix": matrix.run, "network": network.run}
PARTS |= {"disk": disk.run, "clock": clock.run, "restores": restores.run}
PARTS |= {command.part: command.run for command in others.COMMANDS}
ON_DEMAND = ("mutation",)
"""Parts that run only when they are named: they take longer than a change may wait."""
BESIDE = "simulation"
"""It goes on beside the others at the lowest priority: it knows no time, and they leave a core free while they wait."""


def _all(tally: Tally, times: int) -> None:
    """One part after the other; beside them one that waits for nothing."""
    [beside] = [command for command in others.COMMANDS if command.part == BESIDE]
    process = beside.start(tally, times, ["nice", "-n", "19"])
    with others.ended(process):
        for part in PARTS:
            if part not in (*ON_DEMAND, BESIDE):
                say(f"{part} …")
                PARTS[part](tally, times)
        if process:
            say(f"{BESIDE} …")
            beside.finish(tally, times, process)


def main() -> int:
    """Does what was asked for; exit code 1 with what did not hold, and how to do that again; 2 for a wrong name."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # no server outlives the run
    asked = dict(os.environ)
    asked |= dict(word.split("=", 1) for word in sys.argv[1:] if "=" in word)
    only, times = asked.get("ONLY", ""), int(asked.get("N") or 1)
    if only and only not in PARTS:
        print(f"ONLY={only} is no part. There are: {' '.join(PARTS)}", file=sys.stderr)
        return 2
    tally = Tally(state_folder() / "faults.json", asked.get("CASE", ""))
    began = time.monotonic()
    if only:
        PARTS[only](tally, times)
    else:
        _all(tally, times)
    print(
        f"\n{tally.table()}\n\n{time.monotonic() - began:.0f} s; in {tally.file}; what was done: tests/faults/README.md"
    )
    for wrong in tally.wrongs:
        print(
            f"\n{wrong.part}: {wrong.case} DOES NOT HOLD: {wrong.why.strip().splitlines()[-1]}\n  again: {wrong.again}"
        )
    return 1 if tally.wrongs else 0


if __name__ == "__main__":
    sys.exit(main())
