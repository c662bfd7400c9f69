"""The vault at work: a text is read, kept, erased. Routes and pages both call these (P1, P2)."""

from datetime import date, datetime
from uuid import UUID, uuid5

from lianxin_schemas.directory import Kind
from lianxin_schemas.events.vault import Datum, PersonErased, PersonKind, RevealReason
from pydantic import BaseModel

from services.intake.desk import Desk
from services.intake.domain import vault
from services.intake.domain.sealing import Person, Place, unseal
from services.intake.domain.vault import Asker, ErasePerson, KeepText, Matter, Reveal
from services.intake.store import events, keys
from services.intake.store import vault as store
from services.intake.store.vault import Kept
from services.refused import Refused
from services.runtime import directory, log
from services.runtime.database import send
from services.runtime.execute import known
from services.runtime.gather import Contradicted
from services.runtime.log import Author, Decision, Receipt


async def reveal(desk: Desk, command: Reveal, asker: Asker, now: datetime) -> str:
    """A text for whoever is entitled to it, after the event of the read was kept.

    Raises Refused: `vault.not-entitled`, `vault.not-there`, `vault.erased`, `vault.again`.
    """
    kept = await store.find(desk.vault, command.kind, command.person, command.datum, command.ref)
    person = kept.place.person if kept else Person(command.kind, command.person or "")
    matter = await _matter(desk, person, now)
    vault.may_read(asker, command.kind, command.datum, command.reason, matter)
    if kept is None:
        raise Refused("vault.not-there")
    hash_ = log.content_hash(command)
    return await read(desk, kept, command.command, Author("user", asker.id), hash_, command.reason, now)


async def read(
    desk: Desk, kept: Kept, cause: UUID, author: Author, hash_: bytes, reason: RevealReason, now: datetime
) -> str:
    """Opens a text, after the event was kept. Raises Refused `vault.erased`, and `vault.again` for a late repeat."""
    key = await _key(desk, kept.place.person)
    await desk.append(cause, author, hash_, vault.revealed(kept.place, author.id, reason), now)
    async with desk.pool.connection() as connection:
        first = await events.time_of(connection, log.event_id(cause, 0))
    if first is None or first < now - vault.AGAIN:
        raise Refused("vault.again", "command")
    return unseal(key, kept.place, kept.sealed).rstrip()  # what is of a closed set is as long as all of it


async def keep(desk: Desk, command: KeepText, asker: Asker) -> str:
    """Keeps words of whoever handles a case; answers with their reference. A repeat gets the same one.

    Raises Refused `vault.not-entitled`, `vault.erased`; Contradicted for another text under the same command.
    """
    vault.may_write(asker, await desk.matter(command.petition))
    person = await desk.resident(command.petition)
    ref = str(uuid5(command.command, asker.id))
    place = Place(person, Datum.SAID, ref)
    key = await make_key(desk, person)
    if kept := await store.find(desk.vault, person.kind, None, Datum.SAID, ref):
        if kept.place != place or unseal(key, place, kept.sealed) != command.text:
            raise Contradicted
        return ref
    await store.keep(desk.vault, key, person, {place: command.text}, command.petition)
    return ref


class Erased(BaseModel):
    """The receipt of an erasure: `complete` is the local day at whose end no backup holds the key any more."""

    person: str
    complete: date


async def erase(desk: Desk, command: ErasePerson, id_: str, asker: Asker, now: datetime) -> tuple[Receipt, Erased]:
    """Destroys a person's key. Raises Refused `vault.not-entitled`, `vault.not-there`, `vault.erased`."""
    person = Person(command.kind, id_)
    vault.may_erase(asker, command.kind, await _matter(desk, person, now))
    if not await store.of(desk.vault, command.kind, [id_]):
        raise Refused("vault.not-there", "person")
    hash_ = log.content_hash(command, f"{person.kind}/{person.id}")
    return await destroy(desk, person, command.command, Author("user", asker.id), hash_, now)


async def destroy(
    desk: Desk, person: Person, cause: UUID, author: Author, hash_: bytes, now: datetime
) -> tuple[Receipt, Erased]:
    """The key first, then the name that all may see, then the event: what breaks off in between, a repeat finishes.

    Who was erased has no key any more, whatever a backup has brought back.
    """
    event = vault.erased(person, now, desk.settings.keys_backup_days)
    receipt = await known(desk.pool, Decision(cause, author, (), hash=hash_))
    async with desk.pool.connection() as connection:
        last = await events.last(connection, event.stream, PersonErased)
    if last:
        await keys.destroy(desk.keys, person)
    if receipt and isinstance(last, PersonErased):
        return receipt, Erased(person=person.id, complete=last.complete)
    if last:
        raise Refused("vault.erased", "person")
    await keys.destroy(desk.keys, person)
    if person.kind is PersonKind.CADRE:
        async with desk.pool.connection() as connection:
            await send(connection, directory.erase(Kind.CADRE, [person.id]))
    receipt = await desk.append(cause, author, hash_, event, now)
    return receipt, Erased(person=person.id, complete=event.complete)


async def _matter(desk: Desk, person: Person, now: datetime) -> Matter:
    """What a person's data came with."""
    if person.kind is PersonKind.HOUSEHOLD:
        return await desk.household(person.id, now.astimezone(vault.HERE).date())
    return await desk.matter(await store.petition_of(desk.vault, person))


async def make_key(desk: Desk, person: Person) -> bytes:
    """The key of a person, new for a new one. Raises Refused `vault.erased`."""
    try:
        return await keys.make(desk.keys, person)
    except keys.Destroyed as error:
        raise Refused("vault.erased") from error


async def _key(desk: Desk, person: Person) -> bytes:
    try:
        key = await keys.of(desk.keys, person)
    except keys.Destroyed as error:
        raise Refused("vault.erased") from error
    if key is None:
        raise Refused("vault.not-there")
    return key
