"""A petition is registered: its case is opened, assigned and given a limit at once (C3)."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.cases import Credit
from lianxin_schemas.events.petitions import PetitionRegistered
from lianxin_schemas.events.seals import LogSealed

from services.assignment.domain import cases
from services.assignment.domain.days import day_of
from services.assignment.domain.limits import Law
from services.assignment.store import responsible
from services.runtime import log
from services.runtime.database import Connection
from services.runtime.inbox import Received
from services.runtime.log import Author, Decision, Fact
from services.runtime.receiver import Handler, Unfit, Work

NAME = "react"
KINDS: frozenset[type[Event]] = frozenset({PetitionRegistered, LogSealed})
AUTHOR = Author("system", "assignment")


def handler(county_office: str, law: Law) -> Handler:
    """The reaction to registered petitions; without a leader in force, the county's office answers."""
    county = Credit(office=county_office)

    async def react(connection: Connection, batch: list[Received]) -> Work:
        new = await _new(connection, batch)
        wanted = {(petition.zone, _day(item)) for item, petition in new if petition.zone}
        leaders = await responsible.leaders(connection, sorted(wanted)) if wanted else {}
        return Work([_open(item, petition, leaders, county, law) for item, petition in new])

    return react


async def _new(connection: Connection, batch: Sequence[Received]) -> list[tuple[Received, PetitionRegistered]]:
    """The petitions without the repeats: of a cause in the log already, or earlier in the batch.

    Raises Unfit for one that is registered a second time under another event.
    """
    petitions = [(item, item.event) for item in batch if isinstance(item.event, PetitionRegistered)]
    if not petitions:
        return []
    seen = set(await log.receipts(connection, [item.envelope.id for item, _ in petitions]))
    streams = await log.load(connection, [_stream(event) for _, event in petitions])
    opened = {stream for stream, entries in streams.items() if entries}
    new = []
    for item, event in petitions:
        if item.envelope.id in seen:
            continue
        if _stream(event) in opened:
            raise Unfit(item, "registered-twice")
        seen.add(item.envelope.id)
        opened.add(_stream(event))
        new.append((item, event))
    return new


def _open(
    item: Received,
    petition: PetitionRegistered,
    leaders: dict[tuple[str, date], Credit],
    county: Credit,
    law: Law,
) -> Decision:
    registered = item.envelope.time
    credit = leaders.get((petition.zone or "", _day(item)), county)
    try:
        events = cases.open_case(petition, registered, credit, law)
    except (ValueError, OverflowError) as error:  # a limit beyond the years that an event may name
        raise Unfit(item, "limit-out-of-range") from error
    cause: UUID = item.envelope.id
    return Decision(cause, AUTHOR, [Fact(event, registered) for event in events])


def _stream(petition: PetitionRegistered) -> str:
    return f"case-{petition.petition}"


def _day(item: Received) -> date:
    return day_of(item.envelope.time)
