"""Ratings as they are sent: each answer by a code of its own round, a few twice, none told apart (G1, G2)."""

import asyncio
from datetime import date

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from lianxin_schemas.events.ratings import MarkLevel, RatingKind, RoundOpened

from deploy.demo import asking
from deploy.demo.asking import ALREADY, COUNTED, UNKNOWN
from deploy.demo.client import Client, Tally
from deploy.demo.ratings import Mark, Round

CLOSES = date(2026, 12, 1)
ROUNDS = [
    Round(
        f"00000000-0000-5000-8000-{n:012}",
        RatingKind.ZONE,
        f"c-{n}",
        6,
        (n, n, n),
        zone=f"z-{n}",
        region="990121101000",
    )
    for n in (1, 2)
]
MARKS = [Mark(MarkLevel.COUNTY, "c-1", (70, 75)), Mark(MarkLevel.PROVINCE, "c-1", (80,))]


class Intake:
    """Stands in for the service: hands out codes, and counts what is answered by them."""

    def __init__(self) -> None:
        self.marks: list[tuple[str, int]] = []
        self.given: list[tuple[str, int]] = []
        self.spent: set[str] = set()

    async def open(self, request: web.Request) -> web.Response:
        asked = [command["round"] for command in (await request.json())["rounds"]]
        opened = [
            {"round": each["round"], "codes": [f"{each['round']}/{n}" for n in range(each["invited"])]}
            for each in asked
        ]
        receipt = {"events": ["e"], "after": "ratings:1"}
        return web.json_response(
            [{"status": 201, "opened": each | {"receipt": receipt}, "error": None} for each in opened]
        )

    async def answer(self, request: web.Request) -> web.Response:
        assert "Authorization" not in request.headers
        given = await request.json()
        if "/" not in given["code"]:
            return web.json_response({"code": UNKNOWN}, status=404)
        if given["code"] in self.spent:
            return web.json_response({"outcome": ALREADY})
        self.spent.add(given["code"])
        self.given.append((given["code"].split("/")[0], given["mark"]))
        return web.json_response({"outcome": COUNTED})

    async def mark(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.marks.append((body["level"], body["points"]))
        return web.json_response({"events": [body["command"]], "after": "ratings:2"}, status=201)


@pytest.fixture
def played() -> tuple[Intake, Tally, int]:
    intake, tally, advanced = Intake(), Tally(), [0]

    def advance(count: int) -> None:
        advanced[0] += count

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/ratings/rounds/batch", intake.open)
        app.router.add_post("/ratings/answers", intake.answer)
        app.router.add_post("/marks", intake.mark)
        async with TestServer(app) as server, aiohttp.ClientSession() as session:
            client = Client(session, {"intake": str(server.make_url("")).rstrip("/")}, {"organisation": "t"}, tally)
            await asking.send(client, ROUNDS, MARKS, CLOSES, 1, advance)

    asyncio.run(run())
    return intake, tally, advanced[0]


def test_every_answer_is_counted_once_in_its_own_round(played: tuple[Intake, Tally, int]) -> None:
    intake, tally, _ = played
    assert sorted(intake.given) == [(each.round, mark) for each in ROUNDS for mark in each.answers]
    assert (tally.answers[COUNTED], tally.answers[UNKNOWN]) == (6, len(asking.UNKNOWN_CODES))
    assert tally.surprises == []


def test_marks_are_given_in_their_order_and_rounds_opened_once(played: tuple[Intake, Tally, int]) -> None:
    intake, tally, advanced = played
    assert [points for level, points in intake.marks if level == "county"] == [70, 75]
    assert (tally.accepted("/marks"), tally.accepted("/ratings/rounds")) == (3, 2)
    assert advanced >= asking.sendings(ROUNDS, MARKS)


def test_a_round_is_opened_within_the_contract() -> None:
    body = asking.opening(ROUNDS[0], CLOSES).body["round"]
    assert RoundOpened.model_validate(body).closes == CLOSES


def test_G2_a_second_answer_says_something_else_and_comes_last() -> None:
    codes = {each.round: [f"{each.round}/{n}" for n in range(each.invited)] for each in ROUNDS}
    many = [Round(f"r{n}", RatingKind.ZONE, "c", 20, tuple([3] * 10 + [5] * 4)) for n in range(50)]
    codes |= {each.round: [f"{each.round}/{n}" for n in range(each.invited)] for each in many}
    sent = asking.answers(many, codes, 1)
    first = [each.code for each in sent if each.expect == COUNTED]
    again = [each.code for each in sent if each.expect == ALREADY]
    assert len(set(first)) == len(first) == 700
    assert 3 < len(again) < 30
    assert set(again) <= set(first)
    assert [each.expect for each in sent[:700]] == [COUNTED] * 700
    assert asking.answers(many, codes, 1) == sent
