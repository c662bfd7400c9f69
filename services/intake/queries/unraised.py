"""A cadre's visits with needs that are no petition yet (V4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services import categories
from services.intake.desk import Desk
from services.intake.domain import petitions, visits
from services.intake.domain.visits import Phase
from services.intake.store import events
from services.runtime import log

DAYS = timedelta(days=14)
"""For how long they are listed."""


@dataclass(frozen=True)
class Waiting:
    """A visit, and how many of its needs wait."""

    visit: UUID
    started: datetime
    households: tuple[str, ...]
    needs: int


async def waiting(desk: Desk, cadre: str, now: datetime) -> list[Waiting]:
    """The own visits of the last days, the newest first. What is about officials never is one and does not wait."""
    async with desk.pool.connection() as connection:
        streams = await events.heard(connection, cadre, now - DAYS)
        states = [
            visits.fold(entry.event for entry in entries) for entries in (await log.load(connection, streams)).values()
        ]
        own = [
            state.visit
            for state in states
            if state.visit
            and state.phase is Phase.LOGGED
            and state.visit.cadre == cadre
            and state.visit.started >= now - DAYS
        ]
        wanted = {visit.visit: _petitions(visit.visit, visit.needs) for visit in own}
        every = [f"petition-{petition}" for those in wanted.values() for petition in those]
        raised = await events.there(connection, every)
    left = {visit: [each for each in those if f"petition-{each}" not in raised] for visit, those in wanted.items()}
    found = [Waiting(each.visit, each.started, each.households, len(left[each.visit])) for each in own]
    return sorted((each for each in found if each.needs), key=lambda each: each.started, reverse=True)


def _petitions(visit: UUID, needs: tuple[str, ...]) -> list[UUID]:
    """What its needs can become."""
    pairs = zip(needs, petitions.candidates(visit, needs), strict=True)
    return [petition for need, petition in pairs if not categories.about_officials(need)]
