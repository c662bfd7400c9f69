"""The life of one notice on one channel: tried, tried again, sent or given up (N3)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID, uuid5

from lianxin_schemas.events.notices import (
    NoticeChannel,
    NoticeEvent,
    NoticeFailed,
    NoticeGivenUp,
    NoticeRaised,
    NoticeSent,
    Problem,
)

from services.refused import Refused

FINAL = frozenset({Problem.REFUSED, Problem.NO_ADDRESS})
"""Problems that no second try would mend."""


@dataclass(frozen=True)
class EndTry:
    """A try has ended; `attempt` counts from 1, `problem` is None when it has left."""

    notice: UUID
    channel: NoticeChannel
    attempt: int
    problem: Problem | None = None

    @property
    def id(self) -> UUID:
        """The command's id follows from what it is about: the same try cannot end twice in the log."""
        return uuid5(self.notice, f"{self.channel}/{self.attempt}")


class Phase(StrEnum):
    """How far a notice has come on a channel."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given-up"


@dataclass(frozen=True)
class Way:
    """One channel of a notice: its phase, and the tries that have ended."""

    phase: Phase = Phase.WAITING
    tries: int = 0


@dataclass(frozen=True)
class Notice:
    """A notice as decisions need it. A channel that nothing has happened on is absent."""

    raised: NoticeRaised | None = None
    ways: Mapping[NoticeChannel, Way] = field(default_factory=dict)

    def on(self, channel: NoticeChannel) -> Way:
        """How far it has come on a channel."""
        return self.ways.get(channel, Way())


def evolve(notice: Notice, event: NoticeEvent) -> Notice:
    """The notice after one more event of its stream."""
    match event:
        case NoticeRaised():
            return replace(notice, raised=event)
        case NoticeSent():
            way = Way(Phase.SENT, notice.on(event.channel).tries + 1)
        case NoticeFailed():
            way = Way(Phase.WAITING, event.attempt)
        case NoticeGivenUp():
            way = Way(Phase.GIVEN_UP, event.attempts)
        case _:
            raise AssertionError(f"{event.type()} is no event of a notice")
    return replace(notice, ways={**notice.ways, event.channel: way})


def fold(events: Iterable[NoticeEvent]) -> Notice:
    """The notice after all events of its stream."""
    notice = Notice()
    for event in events:
        notice = evolve(notice, event)
    return notice


def end_try(notice: Notice, command: EndTry, retries: Sequence[float]) -> tuple[NoticeEvent, float | None]:
    """What becomes of a try: its event, and the seconds until the next try, None where there is none.

    `retries` are the seconds after each failed try; when they are used up the notice is given up.
    Raises Refused `notice.ended` for a try whose end is known already.
    """
    way = notice.on(command.channel)
    if notice.raised is None or way.phase is not Phase.WAITING or way.tries + 1 != command.attempt:
        raise Refused("notice.ended")
    id_, channel, attempt, problem = command.notice, command.channel, command.attempt, command.problem
    if problem is None:
        return NoticeSent(notice=id_, channel=channel), None
    if problem in FINAL or attempt > len(retries):
        return NoticeGivenUp(notice=id_, channel=channel, attempts=attempt, problem=problem), None
    return NoticeFailed(notice=id_, channel=channel, attempt=attempt, problem=problem), retries[attempt - 1]
