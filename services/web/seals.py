"""Seals over HTTP, alike in every service: the public keys for anyone, proofs for those who have the events (P3)."""

import math
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from services.refused import Refused
from services.runtime import proofs, seals
from services.runtime.proofs import Proof
from services.runtime.settings import Settings
from services.web.principals import Allow, Principal, Role, anyone

Subscriber = Annotated[Principal, Depends(Allow(Role.SERVICE, Role.ORGANISATION))]


class Key(BaseModel):
    """A key that a service signs its seals with, or once did. `id` is what seals and people name it by."""

    id: str
    service: str
    key: str
    """Ed25519, 32 bytes in hexadecimal."""


def soon(settings: Settings) -> int:
    """Within how many seconds what is in the log lies under a seal, as a rule."""
    return math.ceil(2 * settings.seal_every)


async def proof(request: Request, service: str, event: UUID, *, whole: bool) -> Proof:
    """The proof of an event. Raises Refused `proof.no-event`, `proof.not-yet`, `proof.none`, `seals.no-key`."""
    settings: Settings = request.app.state.settings
    try:
        async with request.app.state.pool.connection() as connection:
            found = await proofs.prove(connection, settings, service, event, whole=whole)
    except proofs.NotSealed as error:
        raise Refused("proof.not-yet", seconds=soon(settings)) from error
    except proofs.NotSigned as error:
        raise Refused("proof.none") from error
    except seals.NoKey as error:
        raise Refused("seals.no-key") from error
    if found is None:
        raise Refused("proof.no-event")
    return found


def routes(settings: Settings, service: str) -> APIRouter:
    """The routes of a service."""
    router = APIRouter(prefix="/seals", tags=["seals"])

    @router.get("/keys", dependencies=[Depends(anyone)])
    async def keys() -> list[Key]:
        """The public keys of all services, those that sign no more included."""
        try:
            known = seals.listed(settings.seal_keys)
        except seals.NoKey as error:
            raise Refused("seals.no-key") from error
        return [Key(id=each.id, service=each.service, key=each.raw.hex()) for each in known.values()]

    @router.get("/proofs/{event}", tags=["proofs"])
    async def prove(event: UUID, _: Subscriber, request: Request) -> Proof:
        """That an event is in this service's log. Without its message: whoever may read the topic has it."""
        return await proof(request, service, event, whole=False)

    return router
