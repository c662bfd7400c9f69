"""Petitions come in: from the counter, the telephone, the web, a visit's needs (C1, V4). Routes and pages call these.

What was told is kept in the vault before the event, so that what was accepted is there to be read. Where the event was
not kept after all, sealed words lie in the vault that nothing refers to.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid5

from lianxin_schemas.events.petitions import PetitionRegistered
from lianxin_schemas.events.vault import PersonKind
from lianxin_schemas.events.visits import Visit
from pydantic import BaseModel

from services import categories
from services.intake import revealing
from services.intake.desk import Desk
from services.intake.domain import petitions, receipts, visits
from services.intake.domain.petitions import Ids, RaiseNeeds, ReceivePetition, Told
from services.intake.domain.sealing import Person, fingerprint
from services.intake.store import cases as case_store
from services.intake.store import events
from services.intake.store import receipts as store
from services.intake.store import vault as vault_store
from services.refused import Refused
from services.runtime.execute import TRIES, known
from services.runtime.log import Author, Decision, Fact, Overtaken, Receipt

RESIDENT = Author("user", "resident")
"""Whoever has no account: every resident."""
PERSONAL = {"words", "name", "telephone", "mail"}


@dataclass(frozen=True)
class Received:
    """What the resident takes home: a petition, and number and secret to follow it by."""

    petition: UUID
    number: str
    secret: str


async def receive(
    desk: Desk, command: ReceivePetition, author: Author, now: datetime, oldest_days: int | None
) -> tuple[Receipt, Received]:
    """Takes a petition in. The same command again gets the same receipt, number and secret.

    Raises Refused `category.unknown`, `zone.unknown`, `time.…`; Contradicted as the log does.
    """
    cause = receipts.cause(await desk.own_key("receipts"), command.command)
    petition, ids = uuid5(cause, "petition"), Ids.of(cause, 0)
    secrets = await _secrets(desk, [(ids, command.told)])
    decision = Decision(cause, author, (), hash=_hash(command, {"told": PERSONAL}, secrets))
    if receipt := await known(desk.pool, decision):
        return receipt, await give(desk, petition)
    if not categories.ours(command.category):
        raise Refused("category.unknown", "category")
    await _check_zone(desk, command.zone)
    made = petitions.receive_petition(command, petition, ids, now, oldest_days)
    facts = [Fact(event, command.time or now) for event in made]
    received = await _prepare(desk, [(petition, ids, command.told)])
    return await desk.log.submit(replace(decision, facts=facts)), received[petition]


async def raise_needs(
    desk: Desk, visit: UUID, command: RaiseNeeds, state: visits.State, author: Author, now: datetime
) -> tuple[Receipt, list[Received]]:
    """Makes petitions from needs of a visit in one step, each need once (V4), in the order of the needs.

    Raises Refused `visit.…`, `need.not-heard`, `need.raised`, `zone.unknown`.
    """
    cause = receipts.cause(await desk.own_key("receipts"), command.command)
    ids = [Ids.of(cause, nth) for nth in range(len(command.needs))]
    secrets = await _secrets(desk, list(zip(ids, command.needs, strict=True)))
    hash_ = _hash(command, {"needs": {"__all__": PERSONAL}}, secrets, str(visit))
    if receipt := await known(desk.pool, Decision(cause, author, (), hash=hash_)):
        async with desk.pool.connection() as connection:
            before = await events.caused(connection, cause, len(command.needs))
        return receipt, [await give(desk, e.petition) for e in before if isinstance(e, PetitionRegistered)]
    await _check_zone(desk, command.zone)
    for attempt in range(1, TRIES + 1):
        there = await raised(desk, visit, state.visit)
        made = petitions.raise_needs(state, visit, command, there, cause)
        told = list(zip([event.petition for event in made], ids, command.needs, strict=True))
        received = await _prepare(desk, told)
        try:
            receipt = await desk.log.submit(Decision(cause, author, [Fact(e, now) for e in made], hash=hash_))
        except Overtaken:  # somebody else has just raised one of them
            if attempt == TRIES:
                raise
        else:
            return receipt, [received[event.petition] for event in made]
    raise AssertionError("unreachable")


async def give(desk: Desk, petition: UUID) -> Received:
    """A petition's number and secret, always the same."""
    key = await desk.own_key("receipts")
    async with desk.pool.connection() as connection:
        number = await store.give(connection, petition, (receipts.number(key, petition, nth) for nth in count()))
    return Received(petition, number, receipts.secret(key, petition))


async def raised(desk: Desk, visit: UUID, entry: Visit | None) -> set[UUID]:
    """The petitions that needs of a visit have become."""
    ids = petitions.candidates(visit, entry.needs if entry else ())
    async with desk.pool.connection() as connection:
        there = await events.there(connection, [f"petition-{id_}" for id_ in ids])
    return {id_ for id_ in ids if f"petition-{id_}" in there}


async def heard(desk: Desk, visit: UUID, petition: UUID) -> PetitionRegistered | None:
    """The registration of a petition that a need of this visit has become."""
    async with desk.pool.connection() as connection:
        event = await events.last(connection, f"petition-{petition}", PetitionRegistered)
    return event if isinstance(event, PetitionRegistered) and event.visit == visit else None


async def _check_zone(desk: Desk, zone: str | None) -> None:
    if zone is not None:
        async with desk.pool.connection() as connection:
            if not await case_store.zone_known(connection, zone):
                raise Refused("zone.unknown", "zone")


async def _secrets(desk: Desk, told: Sequence[tuple[Ids, Told]]) -> list[bytes]:
    """Fingerprints of what was told, each under the key of whoever told it: erased, they say nothing any more."""
    found = []
    for ids, each in told:
        if each.personal:
            key = await revealing.make_key(desk, Person(PersonKind.RESIDENT, ids.resident))
            found.append(fingerprint(key, each.model_dump_json(exclude_defaults=True)))
    return found


def _hash(command: BaseModel, personal: Any, secrets: Sequence[bytes], of: str = "") -> bytes:
    """What makes two commands of one id the same, as `log.content_hash`, with nothing personal in it."""
    plain = command.model_dump_json(exclude_defaults=True, exclude=personal)
    return hashlib.sha256(b"\0".join([f"{of} {plain}".encode(), *secrets])).digest()


async def _prepare(desk: Desk, told: Sequence[tuple[UUID, Ids, Told]]) -> dict[UUID, Received]:
    """Seals what was told and gives each petition its number."""
    for petition, ids, each in told:
        if each.personal:
            person = Person(PersonKind.RESIDENT, ids.resident)
            key = await revealing.make_key(desk, person)
            await vault_store.keep(desk.vault, key, person, each.texts(ids), petition)
    return {petition: await give(desk, petition) for petition, _, _ in told}
