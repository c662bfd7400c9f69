"""What is heard of a petition: its case is opened, assigned and given a limit at once (C3); the resident's word closes
it, opens it again or takes it back (C4, C8); whom it is about is kept.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import cast
from uuid import UUID

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.cases import CaseEvent, Credit
from lianxin_schemas.events.leads import ComplaintReceived
from lianxin_schemas.events.petitions import (
    PetitionEvent,
    PetitionRegistered,
    PetitionVerdictGiven,
    PetitionWithdrawalAsked,
)

from services import categories
from services.assignment.domain import answers, cases
from services.assignment.domain.cases import Case, Decided, Phase
from services.assignment.domain.days import day_of
from services.assignment.domain.limits import Law
from services.assignment.store import complaints, inbox, responsible
from services.assignment.store.cases import stream_of
from services.runtime import log, torn
from services.runtime.database import Connection
from services.runtime.inbox import Received
from services.runtime.log import Author, Decision, Entry, Fact, First
from services.runtime.receiver import Handler, Unfit, Work

NAME = "react"
KINDS: frozenset[type[Event]] = frozenset(
    {PetitionRegistered, PetitionVerdictGiven, PetitionWithdrawalAsked, ComplaintReceived}
)
AUTHOR = Author("system", "assignment")
Leaders = dict[tuple[str, date], Credit]


def handler(county_office: str, law: Law) -> Handler:
    """The reaction to what residents do. Without a leader in force, or about officials, the county answers."""
    county = Credit(office=county_office)

    async def react(connection: Connection, batch: list[Received]) -> Work:
        heard = [(item, item.event) for item in batch if isinstance(item.event, PetitionEvent)]
        registered = [event for _, event in heard if isinstance(event, PetitionRegistered)]
        lists = [item.event for item in batch if isinstance(item.event, ComplaintReceived)]
        decisions: list[Decision] = []
        known = await log.receipts(connection, [item.envelope.id for item, _ in heard]) if heard else {}
        if heard:
            leaders = await _leaders(connection, heard)

            def decide(case: Case, item: Received, event: PetitionEvent) -> list[Decided]:
                return _decide(case, item, event, leaders, county, law)

            decisions = await _decisions(connection, heard, known, decide)
        entries = [entry for decision in decisions for entry in decision.entries]
        return Work(decisions, [*complaints.rows(registered, lists), *inbox.rows(entries), *torn.whole(known)])

    return react


async def _leaders(connection: Connection, heard: Sequence[tuple[Received, PetitionEvent]]) -> Leaders:
    wanted = {
        (event.zone, day_of(item.envelope.time))
        for item, event in heard
        if isinstance(event, PetitionRegistered) and event.zone and not _about_officials(event)
    }
    return await responsible.leaders(connection, sorted(wanted)) if wanted else {}


async def _decisions(
    connection: Connection,
    heard: Sequence[tuple[Received, PetitionEvent]],
    known: Mapping[UUID, First],
    decide: Callable[[Case, Received, PetitionEvent], list[Decided]],
) -> list[Decision]:
    """A decision for each cause that is not in the log yet and changes something, in the order they came; of one that
    a restore has torn, the rest.
    """
    seen = torn.done(known)
    streams = await log.load(connection, [stream_of(event.petition) for _, event in heard])
    versions = {stream: len(entries) for stream, entries in streams.items()}
    folded = {stream: _fold(entries) for stream, entries in streams.items()}
    decisions = []
    for item, event in heard:
        if item.envelope.id in seen:
            continue
        seen.add(item.envelope.id)
        stream = stream_of(event.petition)
        kept, case = 0, folded[stream]
        if item.envelope.id in known:
            earlier, kept = torn.before(streams[stream], item.envelope.id)
            case = _fold(earlier)
        facts = decide(case, item, event)[kept:]
        if not facts:
            continue
        expected = {stream: versions[stream]}
        decisions.append(Decision(item.envelope.id, AUTHOR, [Fact(*fact) for fact in facts], expected, kept=kept))
        versions[stream] += len(facts)
        for fact in facts:
            folded[stream] = cases.evolve(folded[stream], *fact)
    return decisions


def _fold(entries: Sequence[Entry]) -> Case:
    return cases.fold((cast(CaseEvent, entry.event), entry.time) for entry in entries)


def _decide(
    case: Case, item: Received, event: PetitionEvent, leaders: Leaders, county: Credit, law: Law
) -> list[Decided]:
    """What one cause does to its case. Raises Unfit."""
    time = item.envelope.time
    try:
        match event:
            case PetitionRegistered():
                if case.phase is not Phase.NONE:
                    raise Unfit(item, "registered-twice")
                credit = county if _about_officials(event) else leaders.get((event.zone or "", day_of(time)), county)
                return [(opened, time) for opened in cases.open_case(event, time, credit, law)]
            case PetitionVerdictGiven():
                return answers.verdict(case, event, time, law)
            case PetitionWithdrawalAsked():
                return answers.withdrawal(case, event, time)
    except (ValueError, OverflowError) as error:  # a limit beyond the years that an event may name
        raise Unfit(item, "limit-out-of-range") from error
    raise AssertionError(f"{event.type()} is not handled")


def _about_officials(event: PetitionRegistered) -> bool:
    """Whether it may be about whoever leads the zone: because it says so, or by its category alone."""
    return event.complaint is True or categories.about_officials(event.category)
