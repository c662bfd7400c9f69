"""Sends commands over the public HTTP APIs: many at once, again when told to, and keeps count of every answer."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp

from deploy.demo.commands import ACCEPTED, Command
from deploy.local.state import Trouble

IN_FLIGHT = 32
PATIENCE = 300.0
"""Seconds until a request that is answered "not yet" or "too busy" every time is given up."""
ANSWER = 60.0
"""Seconds until a request without an answer is sent again."""
PAUSE = 0.2

T = TypeVar("T")
Json = Any


@dataclass
class Tally:
    """Every answer. `surprises` are sentences: answers other than the ones that had to come."""

    receipts: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    """By command: the path it went to, and the events it became."""
    repeated: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    """To ratings, by what became of them."""
    surprises: list[str] = field(default_factory=list)

    def accepted(self, prefix: str = "/") -> int:
        """How many commands below a path were accepted; a repeat does not count."""
        return sum(path.startswith(prefix) for path, _ in self.receipts.values())

    def registered(self) -> int:
        """How many petitions were put on record."""
        return sum(path == "/petitions" for path, _ in self.receipts.values())

    def outcomes(self) -> dict[str, int]:
        """Everything that was not accepted for the first time, by its code."""
        return {"repeated": self.repeated, **dict(sorted(self.refused.items())), **dict(sorted(self.answers.items()))}

    def mark(self, outcome: str, expect: str) -> None:
        """Counts what became of an answer to a rating; a code tells nothing of itself here."""
        self.answers[outcome] += 1
        if outcome != expect:
            self.surprises.append(f"An answer to a rating had to be {expect} and was {outcome}.")

    def take(self, command: Command, answer: Json) -> None:
        """Counts one answer: a receipt, or the error that a refusal is."""
        outcome = ACCEPTED if "events" in answer else str(answer.get("code"))
        if outcome != command.expect:
            self.surprises.append(f"{command.path} ({command.id}) had to be {command.expect} and was {outcome}.")
        if outcome != ACCEPTED:
            self.refused[outcome] += 1
        elif command.id not in self.receipts:
            self.receipts[command.id] = (command.path, answer["events"])
        else:
            self.repeated += 1
            if self.receipts[command.id][1] != answer["events"]:
                self.surprises.append(f"{command.path} ({command.id}) got another receipt the second time.")


class Client:
    """Whoever the demo speaks for, towards the services. `tokens` has one for each role; the empty role needs none."""

    def __init__(
        self, session: aiohttp.ClientSession, addresses: Mapping[str, str], tokens: Mapping[str, str], tally: Tally
    ) -> None:
        self._session, self._addresses, self._tokens = session, addresses, tokens
        self.tally = tally

    async def command(self, command: Command, after: str = "") -> Json:
        """Sends one command; answers with its receipt, or with the error that a refusal is."""
        parameters = {"after": after} if after else {}
        answer = await self._ask("POST", command.service, command.path, command.role, parameters, command.body)
        self.tally.take(command, answer)
        return answer

    async def batch(self, path: str, name: str, commands: Sequence[Command], after: str = "") -> dict[str, Json]:
        """Sends commands of one service and role as one batch, a list called `name`; answers with what became of each
        by its id. Those that were too many are sent again by themselves.
        """
        left, found = list(commands), {}
        parameters = {"after": after} if after else {}
        deadline = _now() + PATIENCE
        while left:
            body = {name: [command.item for command in left]}
            outcomes = await self._ask("POST", left[0].service, path, left[0].role, parameters, body)
            if not isinstance(outcomes, list):
                raise Trouble(f"The batch {path} was refused as a whole: {outcomes}.")
            for command, outcome in zip(left, outcomes, strict=True):
                if outcome["status"] != 503:
                    found[command.id] = outcome
                    self.tally.take(command, _receipt(outcome))
            left = [each for each, outcome in zip(left, outcomes, strict=True) if outcome["status"] == 503]
            if left:
                await _pause(path, 503, deadline, PAUSE)
        return found

    async def open(self, service: str, path: str, body: Json) -> Json:
        """What anybody gets who sends something without a token. Raises Trouble when it is refused."""
        return _granted(f"POST {path}", service, await self._ask("POST", service, path, "", {}, body))

    async def answer(self, code: str, mark: int, expect: str) -> None:
        """Gives a mark by a one-time code, as whoever holds it would: without a token."""
        answer = await self._ask("POST", "intake", "/ratings/answers", "", {}, {"code": code, "mark": mark})
        self.tally.mark(str(answer.get("outcome") or answer.get("code")), expect)

    async def get(self, service: str, path: str, **parameters: str) -> Json:
        """What the organisation department is told. Raises Trouble when it is refused."""
        answer = await self._ask("GET", service, path, "organisation", parameters)
        return _granted(f"GET {path} {parameters}", service, answer)

    async def _ask(
        self, method: str, service: str, path: str, role: str, parameters: Mapping[str, str], body: Json = None
    ) -> Json:
        """The JSON of the final answer. Raises Trouble when there is none in the time."""
        url = f"{self._addresses[service]}{path}"
        headers = {"Authorization": f"Bearer {self._tokens[role]}"} if role else {}
        deadline = _now() + PATIENCE
        while True:
            status, wait, answer = 503, PAUSE, {"code": "no connection"}
            try:
                async with self._session.request(
                    method, url, params=parameters, json=body, headers=headers
                ) as response:
                    status = response.status
                    wait = float(response.headers.get("Retry-After", PAUSE))
                    answer = await response.json()
            except (aiohttp.ClientError, TimeoutError) as error:
                answer = {"code": str(error) or type(error).__name__}
            if not _not_yet(status, answer):
                return answer
            await _pause(f"{method} {path}, {answer['code']}", status, deadline, wait)


def newest(afters: Iterable[str]) -> str:
    """One `after` for all of these: of each lane the highest number."""
    found: dict[str, int] = {}
    for part in filter(None, (part for after in afters for part in after.split(","))):
        lane, number = part.split(":")
        found[lane] = max(int(number), found.get(lane, 0))
    return ",".join(f"{lane}:{number}" for lane, number in found.items())


def _granted(what: str, service: str, answer: Json) -> Json:
    if isinstance(answer, dict) and "code" in answer:
        raise Trouble(f"{service} refused {what}: {answer['code']}, {answer['en']}")
    return answer


def _receipt(outcome: Json) -> Json:
    """The receipt in an outcome of a batch, or its error: some routes answer with more than a receipt."""
    return outcome.get("receipt") or (outcome.get("opened") or {}).get("receipt") or outcome["error"]


def _not_yet(status: int, answer: Json) -> bool:
    """Whether the same is to be sent again: busy, away, or what it follows from has not arrived."""
    if isinstance(answer, list):
        return False
    return status >= 500 or status == 202 or answer.get("code") == "case.not-found"


async def _pause(what: str, status: int, deadline: float, seconds: float) -> None:
    if _now() + seconds > deadline:
        raise Trouble(f"A service did not carry out within {PATIENCE:.0f} s: {what} (last answer {status}).")
    await asyncio.sleep(seconds)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def each(items: Iterable[T], work: Callable[[T], Awaitable[None]], width: int = IN_FLIGHT) -> None:
    """Does the work for every item, so many at a time, in their order. The first failure ends it and is raised."""
    left = iter(items)

    async def worker() -> None:
        for item in left:
            await work(item)

    workers = [asyncio.create_task(worker()) for _ in range(width)]
    try:
        await asyncio.gather(*workers)
    finally:
        for one in workers:
            one.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
