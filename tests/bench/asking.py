"""How long answers of appraisal take over the tables of a province."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from deploy.local import keys
from services.appraisal.store.filling import TALLIES
from tests.bench.bench import Bench, say, told
from tests.bench.client import Client, Refusal
from tests.bench.rows import Row, Run, row
from tests.bench.served import AGAIN
from tests.world.world import World

PROVINCE = Path(__file__).with_name("province.sql")
ASKED = 20
CADRE = "c-000123"
ABOUT = "?period=2026-Q1"
QUESTIONS = {
    "page_score_ms": f"/score/cadres/{CADRE}{ABOUT}",
    "page_county_ms": f"/score/county{ABOUT}",
    "answer_score_ms": f"/scores/cadres/{CADRE}{ABOUT}",
    "answer_results_ms": f"/scores/cadres/{CADRE}/results{ABOUT}",
    "answer_county_ms": f"/county{ABOUT}",
    "answer_reach_ms": f"/county/reach{ABOUT}",
}
FIRST = {"county_first_s": f"/county{ABOUT}", "reach_first_s": f"/county/reach{ABOUT}"}
"""What is counted once for everybody."""
ROWS = (*FIRST, *QUESTIONS)
OVER = "at SCALE=1 354,000 cadres, 10 million households, 3.9 million visits in the quarter"


def measure(bench: Bench) -> Iterator[Row]:
    """Each question some times, by the organisation department; before that, how long the whole takes to count."""
    with bench.world() as world:
        say("making a province's facts")
        fill(world, min(1.0, bench.scale))
        token = keys.sign(world.folder / "keys", "somebody", ["organisation"])
        client = Client(str(world.api("appraisal").client.base_url), token)
        for name, path in FIRST.items():
            say(f"asking for {path} for the first time")
            first = Run(asyncio.run(_first(client, path)), 1)
            yield told(row(name, "s", [first], f"until GET {path} is answered, which is counted then; {OVER}"))
        for name, path in QUESTIONS.items():
            say(f"asking for {path}")
            runs = [Run(seconds * 1000, ASKED) for seconds in asyncio.run(_ask(client, path))]
            yield told(
                row(name, "ms", runs, f"GET {path}, one after the other, from memory what takes long to count; {OVER}")
            )


def fill(world: World, scale: float) -> None:
    """A province's facts and tallies in the tables of appraisal."""
    with psycopg.connect(world.settings.database("appraisal", guarded=False), autocommit=True) as connection:
        for statement in [*PROVINCE.read_text().format(scale=scale).split(";\n"), *TALLIES, "VACUUM ANALYZE"]:
            connection.execute(statement)


async def _first(client: Client, path: str) -> float:
    """Asks again until there is an answer: seconds."""
    began = time.perf_counter()
    while (await client.get(path))[0] == 503:  # noqa: ASYNC110 - a client knows no event
        await asyncio.sleep(AGAIN)
    await client.close()
    return time.perf_counter() - began


async def _ask(client: Client, path: str) -> list[float]:
    """Seconds of each answer."""
    taken = []
    for _ in range(ASKED):
        began = time.perf_counter()
        status, answer = await client.get(path)
        if status != 200:
            raise Refusal(f"GET {path}: {status} {answer.decode()}")
        taken.append(time.perf_counter() - began)
    await client.close()
    return taken
