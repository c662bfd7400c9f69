"""How far the policies reach: of all cadres and zones, how many have a score and how many too little data (A3, A10)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from lianxin_schemas.events.scores import PolicyAdopted
from pydantic import BaseModel

from services.appraisal.domain.periods import Period
from services.appraisal.domain.policy import needed
from services.appraisal.domain.score import comes_out
from services.appraisal.queries.scores import held
from services.appraisal.queries.views import PeriodView, PolicyView, policy_view
from services.appraisal.store import policies, reading
from services.appraisal.store.counts import Everybody, asked, of_all
from services.appraisal.store.reading import Connection, Pool

KINDS = {"cadre": reading.cadres, "zone": reading.zones}


class Scored(BaseModel):
    """So many of so many have a score; the others read "not enough data"."""

    scored: int
    of: int


class PolicyReach(BaseModel):
    """How far one policy reaches."""

    policy: PolicyView
    cadres: Scored
    zones: Scored


class ReachView(BaseModel):
    """Every policy in force when the period began."""

    period: PeriodView
    policies: Sequence[PolicyReach]


def counting(pool: Pool, within: str = "") -> Callable[[Period], Awaitable[ReachView]]:
    """Counts those in the register in one snapshot, which may take so long (PostgreSQL's spelling), or as long as any
    question; then sees how many have a score, in a thread.
    """

    async def counted(period: Period) -> ReachView:
        async with pool.connection() as connection, reading.snapshot(connection, within):
            found = held([edition for edition, _, _ in await policies.editions(connection)], period)
            registered = {kind: set(await everyone(connection)) for kind, everyone in KINDS.items()}
            everybody = await _everybody(connection, found, period)
        return await asyncio.to_thread(_reach, period, found, registered, everybody)

    return counted


Counted = Mapping[tuple[str, int], Everybody]
"""By kind and visits needed."""


async def _everybody(connection: Connection, editions: Sequence[PolicyAdopted], period: Period) -> Counted:
    """Once for all policies that need as many visits."""
    return {
        (kind, required): await of_all(connection, asked(kind, "", period, required))
        for required in sorted({needed(policy, period) for policy in editions})
        for kind in KINDS
    }


def _reach(
    period: Period, editions: Sequence[PolicyAdopted], registered: Mapping[str, set[str]], everybody: Counted
) -> ReachView:
    scored = {(kind, policy.policy): 0 for kind in KINDS for policy in editions}
    for (kind, required), counted in everybody.items():
        asking = [policy for policy in editions if needed(policy, period) == required]
        for subject, counts in counted.each():
            if subject in registered[kind]:
                for policy in asking:
                    scored[kind, policy.policy] += comes_out(policy, counts)
    return ReachView(
        period=PeriodView(name=period.name, first=period.first, last=period.last),
        policies=[
            PolicyReach(
                policy=policy_view(policy),
                cadres=Scored(scored=scored["cadre", policy.policy], of=len(registered["cadre"])),
                zones=Scored(scored=scored["zone", policy.policy], of=len(registered["zone"])),
            )
            for policy in editions
        ],
    )
