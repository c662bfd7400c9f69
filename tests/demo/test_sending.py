"""Petitions as an import sends them: each service's turn waits for what the other did (C4, C8)."""

import asyncio
from collections import defaultdict
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from deploy.demo import sending
from deploy.demo.client import Client, Tally
from deploy.demo.journeys import Journey


class Services:
    """Stand in for both: each batch gets tokens of its own, and says which it waited for."""

    def __init__(self) -> None:
        self.steps: dict[str, list[str]] = defaultdict(list)
        self.after: dict[str, list[str]] = defaultdict(list)
        self.single: list[str] = []
        self._number = 0

    def receipt(self, command: dict[str, Any], topic: str) -> dict[str, Any]:
        self._number += 1
        return {"events": [command["command"]], "after": f"{topic}.1.1:{self._number}"}

    def take(self, request: web.Request, items: list[dict[str, Any]], topic: str) -> web.Response:
        outcomes = []
        for item in items:
            inner = item.get("petition")
            petition = inner["petition"] if isinstance(inner, dict) else str(inner)
            self.steps[petition].append(item.get("kind", "register"))
            self.after[petition].append(request.query.get("after", ""))
            outcomes.append({"status": 201, "receipt": self.receipt(item, topic), "error": None})
        return web.json_response(outcomes)

    async def many(self, request: web.Request) -> web.Response:
        [items] = (await request.json()).values()
        assert len(items) <= sending.MOST
        return self.take(request, items, "cases" if request.path == "/cases/batch" else "petitions")

    async def one(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.single.append(request.path)
        return web.json_response(self.receipt(body, "x"), status=201)


def play(journeys: list[Journey]) -> tuple[Services, Tally, int]:
    services, tally, advanced = Services(), Tally(), [0]

    def advance(count: int) -> None:
        advanced[0] += count

    async def run() -> None:
        app = web.Application()
        for path in ("/petitions/batch", "/petitions/answers/batch", "/cases/batch"):
            app.router.add_post(path, services.many)
        app.router.add_post("/{rest:.*}", services.one)
        async with TestServer(app) as server, aiohttp.ClientSession() as session:
            url = str(server.make_url("")).rstrip("/")
            client = Client(session, dict.fromkeys(("intake", "assignment"), url), {"import": "t"}, tally)
            await sending.petitions(client, journeys, advance)

    asyncio.run(run())
    return services, tally, advanced[0]


def test_every_step_is_sent_in_its_order_after_what_it_follows_from(made_up_journeys: list[Journey]) -> None:
    journeys = [each for each in made_up_journeys if len(each.turns) >= 4][:40] + made_up_journeys[:300]
    journeys = list({each.registration.id: each for each in journeys}.values())
    services, tally, advanced = play(journeys)
    by_hand = {path.split("/")[2] for path in services.single if path.startswith("/cases")}
    for journey in journeys:
        petition = journey.registration.body["petition"]["petition"]
        if petition in services.steps:
            kinds = [step.item["kind"] for steps in journey.turns for step in steps]
            assert [kind for kind in services.steps[petition] if kind != "register"] == kinds
            waited = services.after[petition]
            assert all(
                after for kind, after in zip(services.steps[petition], waited, strict=True) if kind != "register"
            )
        elif journey.steps:
            assert petition in by_hand
    assert (tally.surprises, tally.accepted("/petitions") + tally.accepted("/cases")) == (
        [],
        sum(1 + len(each.steps) for each in journeys),
    )
    assert advanced == sum(each.sendings() for each in journeys)
    assert tally.registered() == len(journeys)
