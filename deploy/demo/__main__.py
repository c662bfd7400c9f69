"""A county in miniature: brings the stack up, sends a quarter's work through it, and checks every figure.

Exit codes: 0 everything held; 1 something did not, and it says what; 2 wrong usage.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from deploy.demo import (
    asking,
    county,
    figures,
    journeys,
    lives,
    onward,
    oracle,
    ratings,
    real,
    register,
    report,
    sending,
    visits,
)
from deploy.demo.client import ANSWER, Client, Tally
from deploy.demo.installation import Installation
from deploy.demo.journeys import Journey
from deploy.demo.progress import Progress
from deploy.demo.quarter import SHANGHAI, TODAY
from deploy.demo.size import WHOLE, Size
from deploy.local.state import Trouble, state_folder, write

OPEN_DAYS = 30
"""For so long somebody with a code can still answer."""


class Demo:
    """One run: the data of a seed, and what became of them."""

    def __init__(self, state: Path, seed: int, size: Size) -> None:
        self.started = time.monotonic()
        self.state = state
        self.seed = seed
        self.county = county.make(seed, size)
        self.sendings = visits.of_the_quarter(self.county, seed, size.visits)
        self.lives = lives.of_the_quarter(self.county, self.sendings, seed, size.petitions)
        self.rounds = (
            *ratings.of_the_zones(self.county, seed, size.answers),
            *ratings.evaluations(self.county, seed, size),
        )
        self.marks = ratings.marks(self.county, seed, size)
        self.oracle = oracle.compute(self.county, self.sendings, self.lives, self.rounds, self.marks)
        self.real = real.petitions()[: size.real]
        made_up = journeys.of_the_quarter(self.lives, self.county, seed)
        self.journeys: list[Journey] = [*journeys.of_the_file(seed, size.real), *made_up]
        self.tables = register.together([self.county.tables(), register.districts()])
        self.tally = Tally()
        sent = len(self.sendings) + sum(journey.sendings() for journey in self.journeys)
        sent += asking.sendings(self.rounds, self.marks)
        self.progress = Progress(sent + figures.questions(self.real))
        self.stack = Installation(state, datetime.now(SHANGHAI), self.progress.note)

    async def run(self) -> report.Found:
        """The whole run, phase by phase."""
        progress = self.progress
        async with progress.phase("启动", "Start"):
            await asyncio.to_thread(self.stack.up)
        connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=ANSWER)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            client = Client(session, self.stack.addresses(), self.stack.tokens(), self.tally)
            async with progress.phase("登记册、走访、诉求、测评", "Register, visits, petitions, ratings"):
                # Side by side: what comes of these does not depend on which of them was there first. But whoever leads
                # a zone has to be known before its petitions come.
                _, _, codes = await asyncio.gather(
                    self._petitions(client), sending.visits(client, self.sendings, progress.advance), self._ask(client)
                )
                await self.stack.release(self.tally.answers[asking.COUNTED])
            async with progress.phase("到齐", "Arrival"):
                parked = await self.stack.arrived(progress.note)
            async with progress.phase("核对", "Checks"):
                found = await self._check(client, parked)
            found.onward = await onward.prepare(client, self.stack, self.county, found.cadre.cadre, self.rounds, codes)
        found.seconds = time.monotonic() - self.started
        return found

    async def _check(self, client: Client, parked: int) -> report.Found:
        advance = self.progress.advance
        # One after the other: while everything is refolded, the figures would wait for a processor.
        districts, whole, reach, some, cadre = await asyncio.gather(
            figures.by_district(client, self.real, advance),
            figures.of_county(client, self.oracle),
            figures.of_policies(client, self.county, self.oracle),
            figures.of_some(client, self.county, self.oracle, advance),
            figures.of_cadre(client, self.county, self.oracle),
        )
        topics, differences = await asyncio.gather(asyncio.to_thread(self.stack.topics), self.stack.verify_all())
        return report.Found(
            space=self.stack.space,
            tally=self.tally,
            topics=topics,
            parked=parked,
            differences=differences,
            districts=districts,
            whole=whole,
            reach=reach,
            some=some,
            cadre=cadre,
            phases=self.progress.seconds,
        )

    async def _ask(self, client: Client) -> Mapping[str, Sequence[str]]:
        closes = datetime.now(SHANGHAI).date() + timedelta(days=OPEN_DAYS)
        return await asking.send(client, self.rounds, self.marks, closes, self.seed, self.progress.advance)

    async def _petitions(self, client: Client) -> None:
        await self._register()
        await sending.petitions(client, self.journeys, self.progress.advance)

    async def _register(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            register.write(self.tables, Path(folder))
            people, needs = Path(folder) / "people.csv", Path(folder) / "needs.csv"
            register.write_people(register.PEOPLE, self.county.people(), people)
            register.write_people(register.NEEDS, self.county.needy(), needs)
            await asyncio.gather(self.stack.load(Path(folder)), self.stack.load_people(people, needs))


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
