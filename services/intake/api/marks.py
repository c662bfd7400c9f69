"""Marks by county and by province over HTTP (G1)."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from services.intake.domain.marks import GiveMark, fold, give_mark
from services.runtime import log
from services.runtime.log import Entry, Fact
from services.web.principals import Allow, Principal, Role
from services.web.receipts import Receipt
from services.web.writing import write

router = APIRouter(prefix="/marks", tags=["ratings"])


@router.post("", status_code=201)
async def give(
    command: GiveMark, principal: Annotated[Principal, Depends(Allow(Role.ORGANISATION))], request: Request
) -> Receipt:
    """Gives a mark, or replaces the one of the same level, cadre and period."""
    now = datetime.now(UTC)

    def decide(entries: list[Entry]) -> list[Fact]:
        return [Fact(event, now) for event in give_mark(fold(entry.event for entry in entries), command)]

    return await write(request, principal, command.command, log.content_hash(command), f"mark-{command.mark}", decide)
