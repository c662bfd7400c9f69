"""Answers to a rating over HTTP, by code and by nothing else (G2)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from services.intake.ballots import Ballots
from services.intake.domain.ballots import Answer, Outcome
from services.web.principals import Principal, anyone, whoever

router = APIRouter(prefix="/ratings", tags=["ratings"])

STEP = 0.1
"""Seconds: whatever an answer says, it leaves at a whole step after the question came."""


class Given(BaseModel):
    """What became of an answer."""

    outcome: Outcome


@router.post("/answers", dependencies=[Depends(anyone)])
async def answer(
    given: Answer, principal: Annotated[Principal | None, Depends(whoever)], request: Request, response: Response
) -> Given:
    """Counts a mark. A code that was used before is not looked at again, and is answered alike every time."""
    response.headers["Cache-Control"] = "no-store"
    return Given(outcome=await take(given, request, principal))


async def take(given: Answer, request: Request, principal: Principal | None) -> Outcome:
    """What the route and a page do with an answer; how long it takes does not tell what was found.

    Raises what `Ballots.answer` does.
    """
    ballots: Ballots = request.app.state.ballots
    async with whole_steps():
        return await ballots.answer(given, datetime.now(UTC), source(request), principal.id if principal else None)


@asynccontextmanager
async def whole_steps() -> AsyncIterator[None]:
    """What is done inside ends at a whole step after it began, however it ends."""
    clock = asyncio.get_running_loop().time
    came = clock()
    try:
        yield
    finally:
        await asyncio.sleep(STEP - (clock() - came) % STEP)


def source(request: Request) -> str:
    """The address that a request comes from."""
    return request.client.host if request.client else ""
