"""The reaction as its process runs it, fed by hand."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lianxin_schemas.events.cases import CaseAssigned, Credit
from lianxin_schemas.events.petitions import PetitionRegistered

from services.assignment import loading, reactions
from services.runtime import log
from services.runtime.inbox import Inbox, Message, Outcome
from services.runtime.log import Entry
from services.runtime.receiver import Receiver
from services.runtime.settings import Settings
from tests.assignment.given import LAW, NOW, Intake, opened


class React:
    """A consumer of one space, and the intake it hears."""

    def __init__(self, settings: Settings) -> None:
        self.info = settings.database("assignment")
        self.inbox = Inbox(reactions.NAME, settings.space, reactions.KINDS)
        self.intake = Intake(settings.space)

    def take(self, *batches: Sequence[Message]) -> Counter[Outcome]:
        """Takes batches in by a process of its own, which knows nothing but what the database holds."""
        receiver = Receiver(self.info, self.inbox, reactions.handler("county-office", LAW))

        async def work() -> Counter[Outcome]:
            counts = Counter[Outcome]()
            for batch in batches:
                counts += (await receiver.take(batch)).counts
            await receiver.close()
            return counts

        return asyncio.run(work())

    def events(self, event: PetitionRegistered) -> list[Entry]:
        """The case of a petition."""

        async def work() -> list[Entry]:
            async with await opened(self.info) as connection:
                return (await log.load(connection, [f"case-{event.petition}"]))[f"case-{event.petition}"]

        return asyncio.run(work())

    def credit(self, event: PetitionRegistered) -> Credit:
        """Whom the case was assigned to."""
        [credit] = [entry.event.credit for entry in self.events(event) if isinstance(entry.event, CaseAssigned)]
        return credit


def load(info: str, folder: Path) -> int:
    """Loads a register; answers with the number of events."""

    async def work() -> int:
        async with await opened(info) as connection:
            return await loading.load(connection, folder, NOW, lambda _done, _of: None)

    return asyncio.run(work())
