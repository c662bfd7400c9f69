"""Gathers the decisions that wait into one transaction each (protocol rule 3).

One head lock is shared by every writer of a log; a commit to disk costs the same for one decision as for five hundred.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
from kafka.errors import KafkaError

from services.runtime import log
from services.runtime.database import AWAY, Connection, Reconnecting, Statement
from services.runtime.log import Decision, Entry, First, Overtaken, Receipt, Repeated
from services.runtime.readback import Ahead

logger = logging.getLogger(__name__)

BATCH = 500
QUEUE = 5_000
UNREADY = 5.0
"""Seconds for which a failed batch makes its process not ready."""


class Overloaded(Exception):
    """Too many decisions wait; nothing of this one was kept."""


class Unavailable(Exception):
    """The database is away. The decision may or may not be kept: repeat it with the same id."""


class Contradicted(Exception):
    """The command's id stands in the log with another content or by another principal."""


Rows = Callable[[list[Entry]], list[Statement]]
"""Own events to statements on the service's own tables, run in the transaction that keeps the events."""


class Torn(Contradicted):
    """The command was kept before a restore, and a part of its events may be lost (protocol rule 13)."""


def same(decision: Decision, first: First) -> Receipt:
    """The first receipt for a repeat. Raises Torn, or Contradicted unless author and content are the same.

    Of a command that came back from Kafka after a restore the content is not known, and its author is believed.
    """
    if first.torn:
        raise Torn
    if first.author != decision.author or first.hash not in (None, decision.hash):
        raise Contradicted
    return first.receipt


Batch = list[tuple[Decision, "asyncio.Future[Receipt]"]]


class Gatherer:
    """One writer of a log inside an API process. `opened` looks at every new connection before it is written to."""

    def __init__(self, info: str, rows: Rows, opened: Callable[[Connection], Awaitable[None]]) -> None:
        self._connection = Reconnecting(info, opened)
        self._rows = rows
        self._waiting: deque[tuple[Decision, asyncio.Future[Receipt]]] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._trouble: tuple[str, float] | None = None

    async def __aenter__(self) -> "Gatherer":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._connection.close()

    def trouble(self) -> str | None:
        """Why the last batch could not be written, for a while: whoever gets no writes must not stay unready."""
        if self._trouble and time.monotonic() - self._trouble[1] < UNREADY:
            return self._trouble[0]
        return None

    def submit(self, decision: Decision) -> "asyncio.Future[Receipt]":
        """Puts a decision into the queue; the answer comes after the commit, for a repeat the first receipt.

        Raises TooLarge, Overloaded, and when awaited Contradicted, Overtaken, Unavailable: nothing was kept, but for
        Unavailable, where the same command is to be sent again.
        """
        log.check_size(decision)
        if len(self._waiting) >= QUEUE:
            raise Overloaded
        done: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((decision, done))
        self._wake.set()
        return done

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch = self._take()
                try:
                    await self._keep(batch)
                except (psycopg.Error, KafkaError, OSError, Ahead) as error:
                    logger.warning("the log cannot be written: %s", error)
                    self._trouble = (str(error), time.monotonic())
                    await self._connection.close()  # the next one is looked at anew
                    _fail(batch, Unavailable(str(error)))
                except Exception as error:  # a bug: those who wait hear of it, and the writer lives on
                    logger.exception("a batch could not be written")
                    _fail(batch, error)
                else:
                    self._trouble = None

    def _take(self) -> Batch:
        """The next decisions, none of which meets another's id or stream; those that do wait for the next batch."""
        batch: Batch = []
        later: Batch = []
        taken: set[UUID | str] = set()
        while self._waiting and len(batch) < BATCH:
            decision, done = self._waiting.popleft()
            marks: set[UUID | str] = {decision.cause, *(fact.event.stream for fact in decision.facts)}
            if marks & taken:
                later.append((decision, done))
            else:
                batch.append((decision, done))
            taken |= marks
        self._waiting.extendleft(reversed(later))
        return batch

    async def _keep(self, batch: Batch) -> None:
        await self._write(await self._connection.get(), batch)

    async def _write(self, connection: psycopg.AsyncConnection[Any], batch: Batch) -> None:
        """Writes a batch. Repeats get their first receipts; one that fails is split until the culprit stands alone."""
        if not batch:
            return
        decisions = [decision for decision, _ in batch]
        rows = self._rows([entry for decision in decisions for entry in decision.entries])
        try:
            receipts = await log.write(connection, decisions, then=rows)
        except AWAY:
            raise
        except Repeated:
            await self._write(connection, await self._without_repeats(connection, batch))
        except (Overtaken, psycopg.Error) as error:
            if len(batch) > 1:
                await self._write(connection, batch[: len(batch) // 2])
                await self._write(connection, batch[len(batch) // 2 :])
            else:
                _fail(batch, error)
        else:
            for decision, done in batch:
                _set(done, receipts[decision.cause])

    async def _without_repeats(self, connection: Connection, batch: Batch) -> Batch:
        """Answers what the log has already, looked up only when a batch broke on one: repeats are rare."""
        known = await log.receipts(connection, [decision.cause for decision, _ in batch])
        for decision, done in batch:
            if first := known.get(decision.cause):
                _answer(decision, first, done)
        return [item for item in batch if item[0].cause not in known]


def _answer(decision: Decision, first: First, done: "asyncio.Future[Receipt]") -> None:
    try:
        _set(done, same(decision, first))
    except Contradicted as error:
        _fail([(decision, done)], error)


def _set(done: "asyncio.Future[Receipt]", receipt: Receipt) -> None:
    if not done.done():
        done.set_result(receipt)


def _fail(batch: Batch, error: Exception) -> None:
    for _, done in batch:
        if not done.done():
            done.set_exception(error)
