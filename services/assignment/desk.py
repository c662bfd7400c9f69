"""What assignment's HTTP side holds open, and who may do what with it. Routes and pages both ask here."""

from dataclasses import dataclass
from typing import Any

from psycopg_pool import AsyncConnectionPool

from services.assignment.domain.cases import Hand
from services.assignment.domain.complaints import Complaint
from services.assignment.settings import Settings
from services.refused import Refused
from services.runtime.gather import Gatherer
from services.web.after import Arrivals
from services.web.principals import Principal, Role


@dataclass(frozen=True)
class Desk:
    """The database and the log, while the process serves."""

    settings: Settings
    pool: AsyncConnectionPool[Any]
    log: Gatherer
    arrivals: Arrivals

    def dispatches(self, principal: Principal) -> bool:
        """Whether somebody sees all cases and hands them over: the organisation department, the county's office."""
        staff = principal.has(Role.OFFICE) and principal.office == self.settings.county_office
        return staff or principal.has(Role.ORGANISATION)


def hand_of(principal: Principal) -> Hand:
    """As whom a principal acts."""
    return Hand(
        cadre=principal.id if principal.has(Role.CADRE) else None,
        office=principal.office if principal.has(Role.OFFICE) else None,
        any=principal.has(Role.IMPORT),
    )


def open_to(complaint: Complaint | None, principal: Principal, *, assigns: bool = False) -> Complaint:
    """Whom the petition is about. Refuses where there is no case, and in the same words those it is hidden from."""
    if complaint is None or complaint.hides_from(principal.id, assigns=assigns):
        raise Refused("case.not-found")
    return complaint
