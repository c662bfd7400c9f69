"""Takes messages in: decides by the inbox, lets the handler work, keeps rows, events and marks in one commit.

Reactions (Faust) and projections (aiokafka) both feed it; the transaction, and so the guarantee, is here alone.
"""

import asyncio
import logging
import operator
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import psycopg
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.seals import LogRecovered
from psycopg.errors import SerializationFailure

from services.runtime import failpoints, log
from services.runtime.database import AWAY, Connection, Reconnecting, Statement, pause
from services.runtime.inbox import Earlies, Inbox, Lane, Message, Received, Sorted, State
from services.runtime.marks import bookmark, hear, move_marks, park, read_bookmarks, read_state

T = TypeVar("T")
logger = logging.getLogger(__name__)


OVERTAKEN_MOST = 20
"""How often one batch may find that a command was quicker."""


@dataclass(frozen=True)
class Work:
    """What a handler makes of messages: own events to append, and rows to write."""

    decisions: Sequence[log.Decision] = ()
    statements: Sequence[Statement] = ()


Handler = Callable[[psycopg.AsyncConnection[Any], list[Received]], Awaitable[Work]]
"""Works on messages in their order. Raises Unfit for one that it cannot accept for what it is."""


@dataclass(frozen=True)
class Reaction:
    """What a service does of itself when it hears of something: `handler` turns messages into own events."""

    name: str
    kinds: frozenset[type[Event]]
    handler: Handler


@dataclass(frozen=True)
class InTwo(Generic[T]):
    """A handler in two parts. What the first makes of a batch, without a database and without refusing any, can be made
    while the database works on the batch before.
    """

    prepare: Callable[[list[Received]], T]
    keep: Callable[[psycopg.AsyncConnection[Any], T], Awaitable[Work]]

    async def __call__(self, connection: psycopg.AsyncConnection[Any], received: list[Received]) -> Work:
        """Both."""
        return await self.keep(connection, self.prepare(received))


class _Ahead(NamedTuple):
    """A batch that was sorted and prepared before its turn, from the state that stood or was to stand then."""

    messages: Sequence[Message]
    state: State
    result: Sorted
    prepared: Any

    def fits(self, messages: Sequence[Message], state: State) -> bool:
        same = len(messages) == len(self.messages) and all(map(operator.is_, messages, self.messages))
        return same and state is self.state


class Moved(Exception):
    """Somebody has moved the marks, freed a key or ended a lane: drop what is in memory, read on from the bookmarks."""


class Lost(Exception):
    """The connection ended under a batch. Perhaps its transaction's time was up, and fewer messages go through: the
    server says so as it closes, but a pipeline does not hear it.
    """


class Unfit(Exception):
    """A message that is refused for what it is: it is parked with its key, under this reason."""

    def __init__(self, received: Received, reason: str) -> None:
        super().__init__(reason)
        self.received, self.reason = received, reason


@dataclass
class Receiver:
    """One consumer in one process. Not to be shared between tasks."""

    info: str
    inbox: Inbox
    handler: Handler
    opened: Callable[[Connection], Awaitable[None]] | None = None
    """Looks at every new connection before it is used: one that appends must not do so behind Kafka (rule 13)."""
    earlies: Earlies = field(default_factory=Earlies)

    def __post_init__(self) -> None:
        self._connection = Reconnecting(self.info, self.opened)
        self._state: State | None = None
        self._alone = asyncio.Lock()
        self._parted = False
        self._most: int | None = None
        self._next: State | None = None
        """What the state will be once the batch at hand is kept."""
        self._ahead: _Ahead | None = None

    async def start(self) -> dict[tuple[str, int], int]:
        """Forgets what it holds in memory, as after every change of assignment; answers with the bookmarks."""
        async with self._alone:
            self._state = self._next = None
            self._parted = False
            self.earlies.forget()
            return await self.patiently(lambda connection: read_bookmarks(connection, self.inbox.consumer))

    def foresee(self, messages: Sequence[Message]) -> None:
        """Sorts and prepares the batch that comes next, as if the one at hand were kept. If it is not, that was in
        vain: a batch is decided on from the state that it finds.
        """
        state = self._next or self._state
        if state and messages and isinstance(self.handler, InTwo):
            result = self.inbox.sort(messages, state, {})
            self._ahead = _Ahead(messages, state, result, self.handler.prepare(result.applied))

    async def take(self, messages: Sequence[Message]) -> Sorted:
        """Takes messages in, for good when it returns. Waits while the database is away. Raises Moved.

        A batch under which the connection is lost is halved until it goes through; the next one may be twice as large.
        """
        failpoints.reach("receive.after-read")
        done = Sorted()
        while True:
            batch = messages[: self._most]
            try:
                done = done.then(await self._take(batch))
            except Lost as lost:
                self._most = len(batch) // 2
                logger.warning("lost the database under %s messages, %s at a time: %s", len(batch), self._most, lost)
                continue
            messages = messages[len(batch) :]
            if not messages:
                self._most = self._most and self._most * 2
                return done

    async def _take(self, messages: Sequence[Message]) -> Sorted:
        refused: dict[tuple[Lane, int], str] = {}
        overtaken = 0
        while True:
            try:
                async with self._alone:
                    result = await self.patiently(lambda connection: self._try(connection, messages, refused))
            except SerializationFailure as error:
                logger.info("reading on from the bookmarks: %s", error)
                raise Moved from error
            except (log.Repeated, log.Overtaken) as error:
                # A handler loads before it decides, so this ends; one that does not has to end the process.
                overtaken += 1
                if overtaken == OVERTAKEN_MOST:
                    raise
                logger.info("deciding again: %r", error)
            except Unfit as unfit:
                refused[unfit.received.lane, unfit.received.envelope.lanenumber] = unfit.reason
            else:
                return result

    async def still_mine(self, places: set[tuple[str, int]]) -> bool:
        """Whether the marks of these partitions are still where this process left them.

        A rebuild swapped in, or a database restored, takes them back; without a further message nobody would notice.
        After the database was away it cannot be known.
        """
        async with self._alone:
            if self._parted:
                return False
            if (mine := self._state) is None:
                return True
            now = await self.patiently(lambda connection: read_state(connection, self.inbox.consumer))
            lanes = [lane for lane in mine.marks | now.marks if (lane.topic, lane.partition) in places]
            return all(mine.marks.get(lane) == now.marks.get(lane) for lane in lanes)

    async def _try(
        self,
        connection: psycopg.AsyncConnection[Any],
        messages: Sequence[Message],
        refused: dict[tuple[Lane, int], str],
    ) -> Sorted:
        try:
            return await self._keep(connection, messages, refused)
        except AWAY as error:
            if len(messages) > 1 and connection.closed:
                self._state = None
                raise Lost(error) from error
            raise

    async def _keep(
        self,
        connection: psycopg.AsyncConnection[Any],
        messages: Sequence[Message],
        refused: dict[tuple[Lane, int], str],
    ) -> Sorted:
        state = self._state = self._state or await read_state(connection, self.inbox.consumer)
        ahead, self._ahead = self._ahead, None
        if not (ahead and not refused and ahead.fits(messages, state)):
            ahead = None
        result = ahead.result if ahead else self.inbox.sort(messages, state, refused)
        marks = state.marks | result.marks
        following = self._next = State(marks, result.keys, state.aside, state.ends)
        if ahead and isinstance(self.handler, InTwo):
            work = await self.handler.keep(connection, ahead.prepared)
        else:
            work = await self.handler(connection, result.applied)
        earlies = self.earlies
        earlies.note(result, marks, time.monotonic())
        offsets = {place: earlies.bookmark(*place, end) for place, end in result.ends.items()}
        await log.write(
            connection,
            work.decisions,
            first=move_marks(self.inbox.consumer, state, result.trusted | result.marks),
            then=[
                *work.statements,
                *hear(result.seals),
                *park(self.inbox.consumer, result.parked, result.behind),
                *bookmark(self.inbox.consumer, offsets),
            ],
        )
        self._state, self._next = following, None
        if any(isinstance(item.event, LogRecovered) for item in result.seals):
            self._state = await read_state(connection, self.inbox.consumer)
            if self._state.ends != state.ends:
                raise Moved("lanes have ended: what came early of them is looked at again")
        return result

    async def patiently(self, attempt: Callable[[psycopg.AsyncConnection[Any]], Awaitable[T]]) -> T:
        """Runs an attempt until the database answers, with growing pauses (protocol rule 12)."""
        tries = 0
        while True:
            try:
                return await attempt(await self._connection.get())
            except (SerializationFailure, Lost):
                raise
            except AWAY as error:
                logger.warning("the database is away, trying again: %s", error)
                self._state = None
                self._parted = True
                await self._connection.close()
                await pause(tries)
                tries += 1

    async def close(self) -> None:
        """Closes the connection."""
        await self._connection.close()
