"""Petitions over HTTP (C1)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from services.intake.domain.petitions import RegisterPetition, register_petition
from services.refused import Refused
from services.runtime import log
from services.runtime.execute import known
from services.runtime.log import Decision, Fact, Overtaken
from services.web.principals import Allow, Principal, Role
from services.web.receipts import Receipt

router = APIRouter(prefix="/petitions", tags=["petitions"])

Writer = Annotated[Principal, Depends(Allow(Role.OFFICE, Role.CADRE, Role.IMPORT))]


@router.post("", status_code=201)
async def register(command: RegisterPetition, principal: Writer, request: Request) -> Receipt:
    """Puts a petition on record. The import role may do so at a time long past."""
    now = datetime.now(UTC)
    oldest = None if principal.has(Role.IMPORT) else request.app.state.settings.oldest_days
    decision = Decision(command.command, principal.author, (), hash=log.content_hash(command))
    try:
        events = register_petition(command, now, oldest)
    except Refused:
        # What was in time when it was sent first has its receipt, however late it is sent again.
        if receipt := await known(request.app.state.pool, decision):
            return Receipt.of(receipt)
        raise
    decision = replace(decision, facts=[Fact(event, command.time or now) for event in events])
    try:
        return Receipt.of(await request.app.state.log.submit(decision))
    except Overtaken as error:
        raise Refused("petition.exists", "petition.petition") from error
