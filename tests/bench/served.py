"""A world whose services run, and a client that remembers what was accepted."""

import asyncio
import contextlib
import json
import random
import uuid
from collections.abc import Iterator
from urllib.parse import quote

from deploy.local import keys
from tests.bench import oracle
from tests.bench.bench import Bench, quiet
from tests.bench.client import Client, Refusal
from tests.bench.visits import Visit, body, visits
from tests.world.world import World

BATCH = 100
AGAIN = 0.05
"""Seconds after which a client asks again that was told to come back."""
MOST = 100_000_000


class Served:
    """The way of a visit: intake's API and relay, appraisal's projection, API and relay; one process each."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        world.start("intake", "relay", member="relay")
        world.start("appraisal", "relay", member="relay")
        world.start("appraisal", "project", member="project")
        token = keys.sign(world.folder / "keys", "importer", ["import", "organisation"])
        self.intake, self.appraisal = (
            Client(str(world.api(name).client.base_url), token) for name in ("intake", "appraisal")
        )
        self.accepted: list[Visit] = []
        self._visits = visits(MOST, seed)
        self._chance = random.Random(seed)

    def _body(self) -> tuple[Visit, str]:
        visit = next(self._visits)
        return visit, body(visit, str(uuid.UUID(int=self._chance.getrandbits(128), version=4)))

    async def one(self) -> None:
        """Enters a visit."""
        visit, text = self._body()
        await self._enter(visit, text)

    async def _enter(self, visit: Visit, text: str) -> bytes:
        """What a client does: the same again, until it was accepted."""
        while (answer := await self.intake.post("/visits", text))[0] == 503:  # noqa: ASYNC110 - a client knows no event
            await asyncio.sleep(AGAIN)
        if answer[0] != 201:
            raise Refusal(f"POST /visits: {answer[0]} {answer[1].decode()}")
        self.accepted.append(visit)
        return answer[1]

    async def batch(self) -> None:
        """Enters a hundred visits with one request."""
        made = [self._body() for _ in range(BATCH)]
        text = f'{{"visits":[{",".join(text for _, text in made)}]}}'
        _, answer = await self.intake.post("/visits/batch", text)
        if answer.count(b'"status":201') != BATCH:
            raise Refusal(f"not all of a batch were accepted: {answer[:500].decode()}")
        self.accepted += [visit for visit, _ in made]

    async def seen(self) -> None:
        """Enters a visit and returns when the tables with it have been read."""
        visit, text = self._body()
        receipt = json.loads(await self._enter(visit, text))
        path = f"/visits/{visit.visit}?after={quote(receipt['after'])}"
        while (answer := await self.appraisal.get(path))[0] in (202, 503):  # noqa: ASYNC110
            await asyncio.sleep(AGAIN)
        if answer[0] != 200:
            raise Refusal(f"GET {path}: {answer[0]} {answer[1].decode()}")

    async def close(self) -> None:
        """Ends the connections."""
        await self.intake.close()
        await self.appraisal.close()


@contextlib.contextmanager
def at_work(world: World, seed: int) -> Iterator[Served]:
    """Everything runs in a world, and nothing of it any more once all that was accepted is visible."""
    served = Served(world, seed)
    quiet(world)
    yield served
    quiet(world)
    for process in world.processes:
        process.terminate()
        process.wait(60)


@contextlib.contextmanager
def serving(bench: Bench, seed: int) -> Iterator[Served]:
    """Everything runs; afterwards every accepted visit is counted in the tables, once, or it raises."""
    with bench.world() as world:
        served = Served(world, seed)
        yield served
        quiet(world)
        oracle.check(world.settings.database("appraisal", guarded=False), served.accepted)
        if len(served.accepted) <= 100_000:  # the refold keeps every event in memory
            world.verify()
