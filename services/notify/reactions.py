"""Something has happened: whoever must be told gets a notice, once (N1, N3)."""

from collections.abc import Sequence
from uuid import UUID

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.cases import CaseEvent
from lianxin_schemas.events.notices import NoticeRaised

from services.notify.domain import causes
from services.notify.domain.causes import Contact
from services.notify.store import contacts as store
from services.notify.store import notices
from services.runtime import log
from services.runtime.database import Connection, Statement
from services.runtime.inbox import Received
from services.runtime.log import Author, Decision, Fact
from services.runtime.receiver import Unfit, Work

NAME = "react"
KINDS: frozenset[type[Event]] = frozenset(causes.KINDS)
AUTHOR = Author("system", "notify")


async def react(connection: Connection, batch: list[Received]) -> Work:
    """The notices that a batch of causes raises, with their rows in pages and outbox.

    Raises Unfit for an event of a case that was not opened here.
    """
    listened = [item for item in batch if isinstance(item.event, causes.KINDS)]
    if not listened:
        return Work()
    seen = set(await log.receipts(connection, [item.envelope.id for item in listened]))
    cases = {item.event.petition for item in listened if isinstance(item.event, CaseEvent)}
    contacts = await store.of(connection, cases)
    decisions = []
    for item in listened:
        decision = _decide(item, contacts)
        if decision.facts and decision.cause not in seen:
            seen.add(decision.cause)
            decisions.append((item, decision))
    return Work([decision for _, decision in decisions], [*store.keep(contacts), *_rows(decisions)])


def _decide(item: Received, contacts: dict[UUID, Contact]) -> Decision:
    """What a message raises; `contacts` learn from it."""
    event, cause, contact = item.event, item.envelope.id, None
    if isinstance(event, CaseEvent):
        contact = causes.learn(contacts.get(event.petition), event)
        if contact is None:
            raise Unfit(item, "case-not-opened")
        contacts[event.petition] = contact
    found = causes.notices(event, cause, contact)
    return Decision(cause, AUTHOR, [Fact(notice, item.envelope.time) for notice in found])


def _rows(decisions: Sequence[tuple[Received, Decision]]) -> list[Statement]:
    raised = {
        fact.event: item.envelope.recordedtime
        for item, decision in decisions
        for fact in decision.facts
        if isinstance(fact.event, NoticeRaised)
    }
    ways = [(event.notice, channel) for event in raised for channel in causes.channels(event)]
    entries = [entry for _, decision in decisions for entry in decision.entries]
    return [
        *notices.rows(entries),
        *notices.post({event.notice: recorded for event, recorded in raised.items()}, ways),
    ]
