"""A case for whoever may see it. Routes and pages both call this (C4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from lianxin_schemas.events.cases import CaseEvent

from services.assignment.desk import Desk, hand_of, open_to
from services.assignment.domain import cases
from services.assignment.domain.cases import Case
from services.assignment.domain.complaints import Complaint
from services.assignment.store import complaints
from services.assignment.store.cases import Kept, events_of
from services.refused import Refused
from services.web.principals import Principal


@dataclass(frozen=True)
class Found:
    """A case, the events it follows from, and whom the petition is about."""

    case: Case
    events: Sequence[Kept]
    complaint: Complaint


async def find(desk: Desk, petition: UUID, principal: Principal) -> Found:
    """The case, for those who handle it, the county's office, and those who oversee or enter all.

    Raises Refused `case.not-found`, also for an official complained about; `auth.scope`.
    """
    async with desk.pool.connection() as connection:
        complaint = open_to((await complaints.of(connection, [petition])).get(petition), principal)
        events = await events_of(connection, petition)
    case = cases.fold((cast(CaseEvent, kept.event), kept.time) for kept in events)
    handles = case.credit is not None and hand_of(principal).answers_for(case.credit)
    if not handles and not desk.dispatches(principal):
        raise Refused("auth.scope")
    return Found(case, events, complaint)
