"""Policies over HTTP: adopted by the organisation department, read by everybody (A1, U1)."""

from datetime import UTC, datetime
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from lianxin_schemas.events.scores import PolicyAdopted
from pydantic import BaseModel

from services.appraisal.domain.policy import AdoptPolicy, adopt
from services.appraisal.domain.words import of_policy
from services.appraisal.store import policies
from services.runtime import log
from services.runtime.log import Entry, Fact
from services.web.principals import Allow, Principal, Role, anyone
from services.web.receipts import Receipt
from services.web.writing import write

router = APIRouter(prefix="/policies", tags=["policies"])

Adopter = Annotated[Principal, Depends(Allow(Role.ORGANISATION))]


class EditionView(BaseModel):
    """An edition as it was adopted, and the event that says so."""

    zh: str
    en: str
    edition: PolicyAdopted
    event: UUID
    adopted: datetime


@router.post("", status_code=201)
async def adopt_one(command: AdoptPolicy, principal: Adopter, request: Request) -> Receipt:
    """Adopts the next edition of a policy, checked and refused as a whole."""
    stream, now = f"policy-{command.policy}", datetime.now(UTC)

    def decide(entries: list[Entry]) -> list[Fact]:
        editions = [cast(PolicyAdopted, entry.event) for entry in entries]
        return [Fact(adopt(editions, command), now)]

    return await write(request, principal, command.command, log.content_hash(command), stream, decide)


@router.get("", dependencies=[Depends(anyone)])
async def all_(request: Request) -> list[EditionView]:
    """Every edition of every policy, by policy and edition."""
    async with request.app.state.pool.connection() as connection:
        found = await policies.editions(connection)
    return [
        EditionView(
            zh=of_policy(edition.policy).zh,
            en=of_policy(edition.policy).en,
            edition=edition,
            event=event,
            adopted=adopted,
        )
        for edition, event, adopted in found
    ]
