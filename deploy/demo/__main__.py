"""A county in miniature: brings the stack up, sends a quarter's work through it, and checks every figure.

Exit codes: 0 everything held; 1 something did not, and it says what; 2 wrong usage.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from deploy.demo import county, figures, journeys, lives, oracle, real, register, report, sending, visits
from deploy.demo.client import ANSWER, IN_FLIGHT, Client, Tally
from deploy.demo.installation import Installation
from deploy.demo.journeys import Journey
from deploy.demo.progress import Progress
from deploy.demo.quarter import SHANGHAI, TODAY
from deploy.demo.size import WHOLE, Size
from deploy.local.state import Trouble, state_folder, write


class Demo:
    """One run: the data of a seed, and what became of them."""

    def __init__(self, state: Path, seed: int, size: Size) -> None:
        self.started = time.monotonic()
        self.state = state
        self.county = county.make(seed, size)
        self.sendings = visits.of_the_quarter(self.county, seed, size.visits)
        self.lives = lives.of_the_quarter(self.county, self.sendings, seed, size.petitions)
        self.oracle = oracle.compute(self.county, self.sendings, self.lives)
        self.real = real.petitions()[: size.real]
        made_up = journeys.of_the_quarter(self.lives, self.county, seed)
        self.journeys: list[Journey] = [*journeys.of_the_file(seed, size.real), *made_up]
        self.tables = register.together([self.county.tables(), register.districts()])
        self.tally = Tally()
        sent = len(self.sendings) + sum(journey.sendings() for journey in self.journeys)
        self.progress = Progress(sent + figures.questions(self.real))
        self.stack = Installation(state, datetime.now(SHANGHAI), self.progress.note)

    async def run(self) -> report.Found:
        """The whole run, phase by phase."""
        progress = self.progress
        async with progress.phase("启动", "Start"):
            await asyncio.to_thread(self.stack.up)
        connector, timeout = aiohttp.TCPConnector(limit=IN_FLIGHT), aiohttp.ClientTimeout(total=ANSWER)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            client = Client(session, self.stack.addresses(), self.stack.tokens(), self.tally)
            async with progress.phase("登记册、走访", "Register, visits"):
                # Side by side: what comes of a visit does not depend on whether the register was there before it.
                await asyncio.gather(self._register(), sending.visits(client, self.sendings, progress.advance))
            async with progress.phase("诉求", "Petitions"):
                await sending.petitions(client, self.journeys, progress.advance)
            async with progress.phase("到齐", "Arrival"):
                parked = await self.stack.arrived(progress.note)
            async with progress.phase("核对", "Checks"):
                *differences, topics, districts, cadre = await asyncio.gather(
                    self.stack.verify("appraisal"),
                    self.stack.verify("assignment"),
                    asyncio.to_thread(self.stack.topics),
                    figures.by_district(client, self.real, progress.advance),
                    figures.of_cadre(client, self.county, self.oracle),
                )
        return report.Found(
            space=self.stack.space,
            tally=self.tally,
            topics=topics,
            parked=parked,
            differences=[line for found in differences for line in found],
            districts=districts,
            cadre=cadre,
            seconds=time.monotonic() - self.started,
        )

    async def _register(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            register.write(self.tables, Path(folder))
            await self.stack.load(Path(folder))


def check_clock(now: datetime) -> None:
    """Raises Trouble when the made-up data would lie in the future of this machine."""
    if now.date() < TODAY:
        raise Trouble(f"本机时钟不对 / This machine's clock says {now:%Y-%m-%d}: set it, then run the demo again.")


def main() -> int:
    """Runs the demo; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=2026, help="of the made-up data (2026); the same gives the same")
    parser.add_argument("--part", type=_size, default=WHOLE, metavar="SHARE", help="of the county, 0.02 to 1 (1)")
    arguments = parser.parse_args()
    state = state_folder()
    (state / "demo.json").unlink(missing_ok=True)
    try:
        check_clock(datetime.now(SHANGHAI))
        return _run(Demo(state, arguments.seed, arguments.part))
    except Trouble as trouble:
        return _failed(state, f"演示没有完成 / The demo did not finish: {trouble}")
    except KeyboardInterrupt:
        return _failed(state, "中断 / Interrupted: `make down` ends what runs.")


def _size(share: str) -> Size:
    return WHOLE.part(float(share))


def _run(demo: Demo) -> int:
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(demo.run())
    finally:
        demo.progress.close()
    _write(demo.state, found.as_json())
    print("\n" + report.text(found, demo.stack.addresses(), str(demo.state)))
    return 1 if found.complaints() else 0


def _failed(state: Path, why: str) -> int:
    print(why, file=sys.stderr)
    if state.is_dir():
        _write(state, {"verify": False, "problem": why})
    return 1


def _write(state: Path, result: dict[str, Any]) -> None:
    write(state / "demo.json", json.dumps(result, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
