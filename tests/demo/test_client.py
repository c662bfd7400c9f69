"""What is sent again, what is counted, and what is called a surprise."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from deploy.demo import client as sending
from deploy.demo.client import Client, Tally, each
from deploy.demo.commands import Command
from deploy.local.state import Trouble

RECEIPT = {"events": ["e-1"], "after": "cases.1.1:1"}


def refusal(code: str, status: int = 404) -> web.Response:
    return web.json_response({"code": code, "en": "", "zh": ""}, status=status)


def over_http(answers: list[Any], work: Callable[[Client], Awaitable[Any]]) -> Tally:
    """The tally after some work towards a server that gives these answers in turn."""
    left = iter(answers)
    tally = Tally()

    async def run() -> None:
        async def answer(_: web.Request) -> web.Response:
            given = next(left)
            return given if isinstance(given, web.Response) else web.json_response(given)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        async with TestServer(app) as server, aiohttp.ClientSession() as session:
            url = str(server.make_url("/")).rstrip("/")
            names = ("intake", "assignment", "appraisal")
            await work(Client(session, dict.fromkeys(names, url), {"import": "t", "organisation": "t"}, tally))

    asyncio.run(run())
    assert list(left) == []
    return tally


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PAUSE", 0)


def command(id_: str = "c-1", expect: str = "accepted") -> Command:
    return Command("/cases/p/acceptance", {"command": id_}, expect, service="assignment")


def test_what_has_not_arrived_yet_is_sent_again() -> None:
    not_yet = [refusal("case.not-found"), refusal("after.not-yet", 202), refusal("service.away", 503)]
    tally = over_http([*not_yet, RECEIPT], lambda client: client.command(command()))
    assert (tally.accepted(), tally.surprises) == (1, [])


def test_a_batch_sends_again_only_what_was_too_much() -> None:
    def outcome(status: int, **more: Any) -> dict[str, Any]:
        return {"status": status, "receipt": None, "error": None, **more}

    busy = outcome(503, error={"code": "service.overloaded"})
    answers = [[outcome(201, receipt=RECEIPT), busy], [outcome(422, error={"code": "body.invalid"})]]
    tally = over_http(
        answers, lambda client: client.batch("/visits/batch", "visits", [command(), command("c-2", "body.invalid")])
    )
    assert (tally.accepted(), dict(tally.refused), tally.surprises) == (1, {"body.invalid": 1}, [])


def test_a_batch_says_what_the_address_of_each_says() -> None:
    verdict = Command("/petitions/p-1/verdict", {"command": "c-1", "solved": "solved"})
    assert verdict.item == {"petition": "p-1", "kind": "verdict", "command": "c-1", "solved": "solved"}
    closing = Command("/cases/p-2/closing", {"command": "c-2"}, service="assignment")
    assert closing.item == {"petition": "p-2", "kind": "closing", "command": "c-2"}
    visit = Command("/visits", {"command": "c-3", "visit": {}})
    assert visit.item == visit.body


def test_the_newest_of_several_afters_has_the_highest_number_of_each_lane() -> None:
    afters = ["cases.1.1:9,petitions.3.1:4", "", "cases.1.1:10", "cases.2.1:1"]
    assert sending.newest(afters) == "cases.1.1:10,petitions.3.1:4,cases.2.1:1"
    assert sending.newest([]) == ""


def test_what_never_comes_ends_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PATIENCE", -1.0)
    with pytest.raises(Trouble, match=r"case\.not-found"):
        over_http([refusal("case.not-found")], lambda client: client.command(command()))


def test_a_question_that_is_refused_ends_in_a_sentence() -> None:
    with pytest.raises(Trouble, match=r"period\.malformed"):
        over_http([refusal("period.malformed", 422)], lambda client: client.get("appraisal", "/scores/zones/z"))


def test_a_repeat_counts_once() -> None:
    tally = Tally()
    for _ in range(3):
        tally.take(command(), RECEIPT)
    assert (tally.accepted(), tally.accepted("/visits"), tally.outcomes()) == (1, 0, {"repeated": 2})
    assert tally.surprises == []


def test_another_receipt_for_a_repeat_is_a_surprise() -> None:
    tally = Tally()
    tally.take(command(), RECEIPT)
    tally.take(command(), RECEIPT | {"events": ["e-2"]})
    assert len(tally.surprises) == 1


@pytest.mark.parametrize("expect", ["accepted", "visit.exists"])
def test_another_outcome_than_had_to_come_is_a_surprise(expect: str) -> None:
    tally = Tally()
    tally.take(command(expect=expect), {"code": "visit.withdrawn"})
    assert len(tally.surprises) == 1
    assert tally.outcomes() == {"repeated": 0, "visit.withdrawn": 1}


def test_no_more_than_so_many_at_a_time() -> None:
    running, most, done = 0, 0, []

    async def work(item: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        done.append(item)

    asyncio.run(each(range(50), work, width=4))
    assert (most, sorted(done)) == (4, list(range(50)))


def test_the_first_failure_ends_the_work() -> None:
    seen = []

    async def work(item: int) -> None:
        seen.append(item)
        await asyncio.sleep(0)
        raise Trouble(str(item))

    with pytest.raises(Trouble, match="0"):
        asyncio.run(each(range(50), work, width=4))
    assert len(seen) <= 8
