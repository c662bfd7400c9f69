"""How far the policies reach: of all cadres and zones, how many have a score and how many too little data (A3, A10)."""

from collections.abc import Iterable, Sequence

from lianxin_schemas.events.scores import PolicyAdopted
from pydantic import BaseModel

from services.appraisal.domain.periods import Period
from services.appraisal.domain.policy import needed
from services.appraisal.domain.score import Counts, comes_out
from services.appraisal.queries.scores import held
from services.appraisal.queries.views import PeriodView, PolicyView, policy_view
from services.appraisal.store import policies, reading
from services.appraisal.store.counts import asked, of_all
from services.appraisal.store.reading import Connection


class Scored(BaseModel):
    """So many of so many have a score; the others read "not enough data"."""

    scored: int
    of: int

    @classmethod
    def of_those(cls, policy: PolicyAdopted, counted: Iterable[Counts], of: int) -> "Scored":
        """How many of these, about whom there is anything, have a score."""
        return cls(scored=sum(comes_out(policy, counts) for counts in counted), of=of)


class PolicyReach(BaseModel):
    """How far one policy reaches."""

    policy: PolicyView
    cadres: Scored
    zones: Scored


class ReachView(BaseModel):
    """Every policy in force when the period began."""

    period: PeriodView
    policies: Sequence[PolicyReach]


async def reach(connection: Connection, period: Period) -> ReachView:
    """Counts those in the register. To be asked inside one snapshot."""
    cadres, zones = await reading.cadres(connection), await reading.zones(connection)
    counted: dict[int, tuple[list[Counts], list[Counts]]] = {}
    found = []
    for policy in held([edition for edition, _, _ in await policies.editions(connection)], period):
        required = needed(policy, period)
        if required not in counted:  # once for all policies that need as many visits
            by_cadre = await of_all(connection, asked("cadre", "", period, required))
            by_zone = await of_all(connection, asked("zone", "", period, required))
            counted[required] = (
                [by_cadre[cadre] for cadre in cadres if cadre in by_cadre],
                [by_zone[zone] for zone in zones if zone in by_zone],
            )
        of_cadres, of_zones = counted[required]
        reached = Scored.of_those(policy, of_cadres, len(cadres)), Scored.of_those(policy, of_zones, len(zones))
        found.append(PolicyReach(policy=policy_view(policy), cadres=reached[0], zones=reached[1]))
    return ReachView(period=PeriodView(name=period.name, first=period.first, last=period.last), policies=found)
