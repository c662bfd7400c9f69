"""What whoever handles a petition may read of it and write to it, beside the case itself (P1, P2)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from lianxin_schemas.events.petitions import PetitionRegistered, PetitionVerdictGiven
from lianxin_schemas.events.vault import Datum, PersonKind, RevealReason

from services.intake import revealing
from services.intake.desk import Desk
from services.intake.domain import vault
from services.intake.domain.vault import Asker, Reveal
from services.intake.store import vault as store
from services.refused import Refused
from services.runtime import log


class Sort(StrEnum):
    """What there is to read."""

    WORDS = "words"
    """What the petition says."""
    NAME = "name"
    TELEPHONE = "telephone"
    MAIL = "mail"
    REPLY = "reply"
    """What the office has answered last."""
    VERDICT = "verdict"
    """What the resident said of the reply last."""


DATA = {Datum.NAME: Sort.NAME, Datum.TELEPHONE: Sort.TELEPHONE, Datum.MAIL: Sort.MAIL}


@dataclass(frozen=True)
class Text:
    """A text that lies in the vault, named as the vault names it."""

    datum: Datum
    person: str
    ref: str | None = None


async def reasons(desk: Desk, petition: UUID, asker: Asker) -> list[RevealReason]:
    """For which reasons somebody may read. Raises Refused `vault.not-entitled` where there is none."""
    matter, found = await desk.matter(petition), []
    for reason in (RevealReason.HANDLING, RevealReason.INSPECTION):
        try:
            vault.may_read(asker, PersonKind.RESIDENT, Datum.SAID, reason, matter)
        except Refused:
            continue
        found.append(reason)
    if not found:
        raise Refused("vault.not-entitled")
    return found


async def texts(desk: Desk, petition: UUID) -> dict[Sort, Text]:
    """What there is of a petition, without opening any of it."""
    person = await desk.resident(petition)
    kept = {each.place: each for each in await store.of(desk.vault, PersonKind.RESIDENT, [person.id])}
    there = {DATA[place.datum]: Text(place.datum, person.id) for place in kept if place.datum in DATA}
    refs = await _refs(desk, petition)
    said = {place.ref for place in kept if place.datum is Datum.SAID}
    there |= {sort: Text(Datum.SAID, person.id, ref) for sort, ref in refs.items() if ref in said}
    return {sort: there[sort] for sort in Sort if sort in there}


async def read(desk: Desk, text: Text, command: UUID, asker: Asker, reason: RevealReason, now: datetime) -> str:
    """Opens one of them, after the event of the read was kept. Raises as `revealing.reveal` does."""
    wanted = Reveal(
        command=uuid5(command, f"{reason}/{text.datum}/{text.ref or ''}"),
        kind=PersonKind.RESIDENT,
        datum=text.datum,
        person=None if text.ref else text.person,
        ref=text.ref,
        reason=reason,
    )
    return await revealing.reveal(desk, wanted, asker, now)


async def _refs(desk: Desk, petition: UUID) -> dict[Sort, str | None]:
    """The references of words that events of a petition and its case name; one may name whatever it likes."""
    stream = f"petition-{petition}"
    async with desk.pool.connection() as connection:
        entries = (await log.load(connection, [stream]))[stream]
    refs: dict[Sort, str | None] = {}
    for entry in entries:
        match entry.event:
            case PetitionRegistered():
                refs[Sort.WORDS] = entry.event.said
            case PetitionVerdictGiven():
                refs[Sort.VERDICT] = entry.event.said
    if reply := (await desk.case(petition)).reply:
        refs[Sort.REPLY] = reply.said
    return refs
