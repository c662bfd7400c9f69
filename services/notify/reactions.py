"""Something has happened: whoever must be told gets a notice, once (N1, N3)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.cases import CaseEvent
from lianxin_schemas.events.notices import NoticeChannel, NoticeRaised, NoticeSent

from services.notify.domain import causes
from services.notify.domain.causes import Contact
from services.notify.store import contacts as store
from services.notify.store import notices
from services.runtime import log, torn
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
    known = await log.receipts(connection, [item.envelope.id for item in listened])
    seen = torn.done(known)
    cases = {item.event.petition for item in listened if isinstance(item.event, CaseEvent)}
    contacts = await store.of(connection, cases)
    decisions = []
    for item in listened:
        decision = _decide(item, contacts)
        if decision.cause in seen:
            continue
        seen.add(decision.cause)
        if decision.facts and decision.cause in known:
            decision = await _rest(connection, decision)
        if decision.facts:
            decisions.append((item, decision))
    statements = [*store.keep(contacts), *_rows(decisions), *torn.whole(known)]
    return Work([decision for _, decision in decisions], statements)


async def _rest(connection: Connection, decision: Decision) -> Decision:
    """What a restore has lost of a decision of which it kept the beginning. Its notice has a stream of its own."""
    stream = decision.entries[0].stream
    entries = (await log.load(connection, [stream]))[stream]
    _, kept = torn.before(entries, decision.cause)
    return replace(decision, facts=decision.facts[kept:], kept=kept, expected={stream: len(entries)})


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
    recorded: dict[UUID, datetime] = {}
    ways: list[tuple[UUID, NoticeChannel]] = []
    for item, event in [(item, fact.event) for item, decision in decisions for fact in decision.facts]:
        if isinstance(event, NoticeRaised):
            ways += [(event.notice, way) for way in causes.channels(event) if way is not NoticeChannel.PAGE]
        elif isinstance(event, NoticeSent):  # in the pages, at once
            ways.append((event.notice, event.channel))
        else:
            continue
        recorded[event.notice] = item.envelope.recordedtime
    entries = [entry for _, decision in decisions for entry in decision.entries]
    return [*notices.rows(entries), *notices.post(recorded, ways)]
