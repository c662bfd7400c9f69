"""A visit is entered and read. Routes and pages both call this (V1, V2)."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from uuid import UUID

from services.intake.desk import Desk
from services.intake.domain import visits
from services.intake.domain.visits import LogVisit
from services.refused import Refused
from services.runtime import log
from services.runtime.execute import known
from services.runtime.log import Decision, Entry, Fact, Overtaken, Receipt
from services.web.principals import Principal, Role


def enter(desk: Desk, command: LogVisit, principal: Principal, now: datetime) -> Awaitable[Receipt]:
    """Enters one visit: decided, and in the log's queue, when this returns; kept when it has been awaited. The same
    command again gets the same receipt.

    Raises Refused, `auth.scope` at once, `time.…` and `visit.exists` when it is awaited; what the log raises.
    """
    own(principal, command.visit.cadre)
    hash_ = log.content_hash(command)
    try:
        events = visits.log_visit(command, now, oldest(desk, principal))
    except Refused as refused:
        return _kept_before(desk, Decision(command.command, principal.author, (), hash=hash_), refused)
    facts = [Fact(event, command.visit.started) for event in events]
    return _kept(desk.log.submit(Decision(command.command, principal.author, facts, hash=hash_)))


async def _kept(submitted: Awaitable[Receipt]) -> Receipt:
    try:
        return await submitted
    except Overtaken as error:
        raise Refused("visit.exists", "visit.visit") from error


async def _kept_before(desk: Desk, decision: Decision, refused: Refused) -> Receipt:
    """What was in time when it was sent first has its receipt, however late it is sent again (V2)."""
    if receipt := await known(desk.pool, decision):
        return receipt
    raise refused


async def entries(desk: Desk, visit: UUID) -> list[Entry]:
    """What the log holds of a visit; nothing where there is none."""
    async with desk.pool.connection() as connection:
        return (await log.load(connection, [f"visit-{visit}"]))[f"visit-{visit}"]


def state(entries: Sequence[Entry], principal: Principal, *others: Role) -> visits.State:
    """The entry as it stands. Raises Refused `auth.scope` whose entry it is not."""
    found = visits.fold(entry.event for entry in entries)
    if found.visit is not None:
        own(principal, found.visit.cadre, *others)
    return found


def own(principal: Principal, cadre: str, *others: Role) -> None:
    """A cadre enters and sees their own visits; the import role those of all."""
    if principal.id != cadre and not principal.roles & {Role.IMPORT, *others}:
        raise Refused("auth.scope", "visit.cadre")


def oldest(desk: Desk, principal: Principal) -> int | None:
    """How many days back an entry may lie; None for those who may import."""
    return None if principal.has(Role.IMPORT) else desk.settings.oldest_days
