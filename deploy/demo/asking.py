"""Ratings as they are sent: rounds opened in batches, marks from above, and answers by those who hold a code."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from deploy.demo.client import Client, each
from deploy.demo.commands import Command, command_id
from deploy.demo.quarter import FIRST_DAY, LAST_DAY
from deploy.demo.ratings import Mark, Round

COUNTED, ALREADY, UNKNOWN = "counted", "already-counted", "rating.unknown"
TWICE = 0.02
"""The share of those who send their answer a second time."""
UNKNOWN_CODES = ("0000-0000-0000", "7777-7777-7777", "ZZZZ-ZZZZ-ZZZZ")
"""Tried in vain; fewer than the service takes for guessing."""
ANSWERING = 64
"""Answers on their way at a time: each is held back until it tells nothing by how long it took."""
PERIOD = {"first": FIRST_DAY.isoformat(), "last": LAST_DAY.isoformat()}


@dataclass(frozen=True)
class Answer:
    """What somebody sends: a code and a mark, and what must come of it."""

    code: str
    mark: int
    expect: str = COUNTED


def opening(round_: Round, closes: date) -> Command:
    """Opens a round that takes answers until the end of a day."""
    about = {
        "round": round_.round,
        "kind": round_.kind.value,
        "cadre": round_.cadre,
        "zone": round_.zone or None,
        "region": round_.region or None,
        "invited": round_.invited,
        "closes": closes.isoformat(),
    }
    body = {"command": command_id("open", round_.round), "round": about | PERIOD}
    return Command("/ratings/rounds", body, role="organisation")


def giving(mark: Mark) -> list[Command]:
    """Gives a mark, and the ones after it that replace it."""
    return [
        Command(
            "/marks",
            {
                "command": command_id("mark", mark.level, mark.cadre, number),
                "level": mark.level.value,
                "cadre": mark.cadre,
                "points": points,
                **PERIOD,
            },
            role="organisation",
        )
        for number, points in enumerate(mark.points)
    ]


def answers(rounds: Sequence[Round], codes: Mapping[str, Sequence[str]], seed: int) -> list[Answer]:
    """All answers in a random order; those sent a second time come after the others."""
    random = Random(f"answers-{seed}")
    once = [
        Answer(code, mark)
        for round_ in rounds
        for code, mark in zip(codes[round_.round], round_.answers, strict=False)  # not everybody answers
    ]
    random.shuffle(once)
    again = [Answer(each.code, 6 - each.mark, ALREADY) for each in once if random.random() < TWICE]
    return [*once, *again, *(Answer(code, 1, UNKNOWN) for code in UNKNOWN_CODES)]


async def send(
    client: Client,
    rounds: Sequence[Round],
    marks: Sequence[Mark],
    closes: date,
    seed: int,
    advance: Callable[[int], None],
) -> Mapping[str, Sequence[str]]:
    """Opens the rounds, hands out the codes, takes the answers; and gives the marks. Answers with each round's codes,
    those of whoever answered first.
    """
    opened = await client.batch("/ratings/rounds/batch", "rounds", [opening(each, closes) for each in rounds])
    codes = {one["opened"]["round"]: one["opened"]["codes"] for one in opened.values()}
    advance(len(rounds))

    async def answer(given: Answer) -> None:
        await client.answer(given.code, given.mark, given.expect)
        advance(1)

    async def give(mark: Mark) -> None:
        for command in giving(mark):
            await client.command(command)
            advance(1)

    sent = answers(rounds, codes, seed)
    once = len(sent) - sum(each.expect != COUNTED for each in sent)
    await each(sent[:once], answer, width=ANSWERING)
    await each(sent[once:], answer, width=ANSWERING)
    await each(marks, give)
    return codes


def sendings(rounds: Sequence[Round], marks: Sequence[Mark]) -> int:
    """About how often something is sent."""
    return len(rounds) + sum(len(each.answers) for each in rounds) + sum(len(each.points) for each in marks)
