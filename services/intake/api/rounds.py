"""Rounds of ratings over HTTP (G1): opened, with a code for each who is asked, and closed."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from services.intake.domain import codes, rounds
from services.intake.domain.rounds import CloseRound, OpenRound, local_day
from services.intake.store import rounds as store
from services.refused import Refused
from services.runtime import log
from services.runtime.execute import known
from services.runtime.log import Decision, Entry, Fact, Overtaken
from services.web import batches
from services.web.batches import Items
from services.web.documented import leads_to
from services.web.principals import Allow, Principal, Role
from services.web.receipts import Receipt
from services.web.writing import write

router = APIRouter(prefix="/ratings/rounds", tags=["ratings"])

MOST_CODES = 50_000
"""Codes that one answer holds."""
ON = leads_to("post /ratings/rounds/{round_}/closing", round_="$response.body#/round")
CSV: dict[str, Any] = {"content": {"text/csv": {"schema": {"type": "string"}}}}
"""How a list to print is documented."""
Organisation = Annotated[Principal, Depends(Allow(Role.ORGANISATION))]


class Batch(BaseModel):
    """Up to 1,000 rounds; each is accepted or refused by itself."""

    rounds: Items


class Opened(BaseModel):
    """A round that is open, with its codes. They stand nowhere else: whoever gets this answer hands them out."""

    receipt: Receipt
    round: UUID
    kind: str
    zone: str | None
    cadre: str
    closes: date
    codes: list[str]


class Outcome(BaseModel):
    """What became of one round of a batch, in the order sent: `status` as if it had been sent alone."""

    status: int
    opened: Opened | None = None
    error: dict[str, Any] | None = None


@router.post("", status_code=201, response_model=Opened, responses={201: CSV | ON})
async def open_one(command: OpenRound, principal: Organisation, request: Request, response: Response) -> Any:
    """Opens a round. The same command again gets the same codes. `Accept: text/csv` gets a list to print."""
    opened = await _open(command, principal, request)
    return _as_asked(request, response, opened, [opened])


@router.post("/batch", response_model=list[Outcome], responses={200: CSV})
async def open_many(batch: Batch, principal: Organisation, request: Request, response: Response) -> Any:
    """Opens many rounds, with an outcome for each. As a list to print it holds those that were opened."""
    asked = sum(_asked(item) for item in batch.rounds)
    if asked > MOST_CODES:
        raise Refused("rounds.too-many-codes", "rounds", most=MOST_CODES)
    commands = batches.read(batch.rounds, OpenRound.model_validate)
    done = await batches.each(commands, lambda command: _open(command, principal, request), request, response)
    outcomes = [Outcome(status=one.status, opened=one.result, error=one.error) for one in done]
    return _as_asked(request, response, outcomes, [outcome.opened for outcome in outcomes if outcome.opened])


@router.post("/{round_}/closing", status_code=201)
async def close(round_: UUID, command: CloseRound, principal: Organisation, request: Request) -> Receipt:
    """Closes a round whose last day has passed."""
    stream, now = f"round-{round_}", datetime.now(UTC)
    today = local_day(now)
    async with request.app.state.pool.connection() as connection:
        released, waiting = await store.stop(connection, round_, today)

    def decide(entries: list[Entry]) -> list[Fact]:
        state = rounds.fold(entry.event for entry in entries)
        return [Fact(event, now) for event in rounds.close_round(state, today, released, waiting)]

    return await write(request, principal, command.command, log.content_hash(command, stream), stream, decide)


async def _open(command: OpenRound, principal: Principal, request: Request) -> Opened:
    now = datetime.now(UTC)
    decision = Decision(command.command, principal.author, (), hash=log.content_hash(command))
    try:
        facts = [Fact(event, now) for event in rounds.open_round(command, local_day(now))]
    except Refused:
        # What was in time when it was sent first has its receipt, however late it is sent again.
        if receipt := await known(request.app.state.pool, decision):
            return _opened(command, receipt, request)
        raise
    decision = Decision(command.command, principal.author, facts, hash=decision.hash)
    try:
        return _opened(command, await request.app.state.log.submit(decision), request)
    except Overtaken as error:
        raise Refused("round.exists", "round.round") from error


def _opened(command: OpenRound, receipt: log.Receipt, request: Request) -> Opened:
    asked = command.round
    return Opened(
        receipt=Receipt.of(receipt),
        codes=codes.of_round(request.app.state.ballots.secret, asked.round, asked.invited),
        **asked.model_dump(include={"round", "kind", "zone", "cadre", "closes"}),
    )


def _asked(item: Any) -> int:
    """How many codes an item of a batch asks for, as far as it says so."""
    try:
        return max(0, min(int(item["round"]["invited"]), rounds.MOST_INVITED))
    except (TypeError, KeyError, ValueError, OverflowError):
        return 0


def _as_asked(request: Request, response: Response, whole: Any, opened: Sequence[Opened]) -> Any:
    """The answer as JSON, or as the list to print: a line a code. No cache keeps either."""
    if "text/csv" not in request.headers.get("accept", ""):
        response.headers["Cache-Control"] = "no-store"
        return whole
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["round", "kind", "zone", "cadre", "closes", "code"])
    for one in opened:
        lines.writerows([one.round, one.kind, one.zone or "", one.cadre, one.closes, code] for code in one.codes)
    # The mark in front tells spreadsheet programs that this is UTF-8.
    return Response("\ufeff" + text.getvalue(), media_type="text/csv", headers={"Cache-Control": "no-store"})
