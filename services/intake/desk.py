"""What intake's HTTP side holds open, and what routes and pages both need from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.leads import ComplaintReceived
from lianxin_schemas.events.petitions import PetitionRegistered
from lianxin_schemas.events.vault import PersonKind
from psycopg_pool import AsyncConnectionPool

from services.intake.domain import cases
from services.intake.domain.sealing import Person
from services.intake.domain.vault import Matter, unnamed
from services.intake.settings import Settings
from services.intake.store import cases as case_store
from services.intake.store import events, keys, vault
from services.intake.store import households as households_store
from services.runtime.execute import TRIES
from services.runtime.gather import Gatherer
from services.runtime.log import Author, Decision, Fact, Overtaken, Receipt
from services.web.after import Arrivals

Pool = AsyncConnectionPool[Any]


@dataclass
class Desk:
    """The three databases and the log, while the process serves."""

    settings: Settings
    pool: Pool
    vault: Pool
    keys: Pool
    log: Gatherer
    arrivals: Arrivals
    _own: dict[str, bytes] = field(default_factory=dict)

    async def own_key(self, name: str) -> bytes:
        """A key of the installation; it never changes, so it is asked for once."""
        if name not in self._own:
            async with self.keys.connection() as connection:
                self._own[name] = await keys.own(connection, name)
        return self._own[name]

    async def case(self, petition: UUID) -> cases.Case:
        """A petition's case as far as it has come."""
        return (await self.cases([petition]))[petition]

    async def cases(self, petitions: Sequence[UUID]) -> dict[UUID, cases.Case]:
        """The case of each petition as far as it has come."""
        async with self.pool.connection() as connection:
            found = await case_store.histories(connection, petitions)
        return {petition: cases.fold(events) for petition, events in found.items()}

    async def matter(self, petition: UUID | None) -> Matter:
        """Who handles a petition and whom it is about; of no petition nobody does."""
        if petition is None:
            return Matter()
        async with self.pool.connection() as connection:
            lead = await events.last(connection, f"complaint-{petition}", ComplaintReceived)
        about = lead.about if isinstance(lead, ComplaintReceived) else ()
        return Matter((await self.case(petition)).credit, about)

    async def household(self, household: str, day: date) -> Matter:
        """Who answers for a household on a local day."""
        async with self.pool.connection() as connection:
            return Matter(answering=await households_store.answering(connection, household, day))

    async def zone_of(self, households: Sequence[str]) -> str | None:
        """The zone that all of these lie in, if it is one."""
        async with self.pool.connection() as connection:
            return await households_store.zone_of(connection, households)

    async def resident(self, petition: UUID) -> Person:
        """Whom a petition's data are about: one person a petition, so that nobody is followed from one to another."""
        async with self.pool.connection() as connection:
            event = await events.last(connection, f"petition-{petition}", PetitionRegistered)
        if isinstance(event, PetitionRegistered) and event.resident:
            person = Person(PersonKind.RESIDENT, event.resident)
            if await vault.petition_of(self.vault, person) == petition:  # an import may name whomever it likes
                return person
        return unnamed(petition)

    async def append(self, cause: UUID, author: Author, hash_: bytes, event: Event, time: datetime) -> Receipt:
        """Keeps one event behind whatever its stream holds; a repeat gets its first receipt."""
        for attempt in range(1, TRIES + 1):
            async with self.pool.connection() as connection:
                expected = {event.stream: await events.version(connection, event.stream)}
            try:
                return await self.log.submit(Decision(cause, author, [Fact(event, time)], expected, hash_))
            except Overtaken:
                if attempt == TRIES:
                    raise
        raise AssertionError("unreachable")
