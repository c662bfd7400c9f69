"""Staff enter what a resident said of their own petition by telephone or at the counter, and an import what was said
elsewhere (C4, C8). One or many: what a decision needs is read for all of them at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lianxin_schemas.events.leads import ComplaintReceived

from services.intake.desk import Desk
from services.intake.domain import following
from services.intake.domain.cases import Case
from services.intake.domain.following import EnterVerdict, EnterWithdrawal
from services.refused import Refused
from services.runtime import log
from services.runtime.execute import Loaded, execute, look
from services.runtime.log import Author, Entry, Fact, Receipt


@dataclass(frozen=True)
class Said:
    """What was said of a petition."""

    petition: UUID
    command: EnterVerdict | EnterWithdrawal

    @property
    def stream(self) -> str:
        """The petition's."""
        return f"petition-{self.petition}"

    @property
    def about(self) -> str:
        """The stream that says whom it is about."""
        return f"complaint-{self.petition}"

    @property
    def hash(self) -> bytes:
        """What makes two commands of one id the same."""
        act = "verdict" if isinstance(self.command, EnterVerdict) else "withdrawal"
        return log.content_hash(self.command, f"{act} {self.stream}")


@dataclass(frozen=True)
class Heard:
    """Petitions as they stand, with their cases."""

    loaded: Loaded
    cases: dict[UUID, Case]


async def heard(desk: Desk, said: Sequence[Said]) -> Heard:
    """The petitions that something was said of."""
    streams = [stream for one in said for stream in (one.stream, one.about)]
    loaded = await look(desk.pool, [one.command.command for one in said], streams)
    return Heard(loaded, await desk.cases([one.petition for one in said]))


async def enter(
    desk: Desk, said: Said, before: Heard, author: Author, now: datetime, oldest_days: int | None
) -> Receipt:
    """Keeps what was said. `before` has the petition; two that share it and a petition come one after the other.

    Raises Refused `petition.not-found`, to those whom it is about as well; `verdict.…`, `withdrawal.asked`,
    `petition.ended`, `time.…`.
    """
    entries = before.loaded.entries
    about = [
        name
        for entry in entries[said.about]
        if isinstance(entry.event, ComplaintReceived)
        for name in entry.event.about
    ]
    if not entries[said.stream] or author.id in about:
        raise Refused("petition.not-found")

    def decide(found: dict[str, list[Entry]]) -> list[Fact]:
        state = following.fold((entry.event, entry.time) for entry in found[said.stream])
        case = before.cases[said.petition]
        return [Fact(*event) for event in following.enter(state, case, said.command, now, oldest_days)]

    return await execute(
        desk.pool,
        desk.log,
        command=said.command.command,
        hash_=said.hash,
        author=author,
        streams=[said.stream],
        decide=decide,
        loaded=before.loaded,
    )
