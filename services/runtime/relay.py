"""Carries the log to Kafka, in order, and reads back what arrived (protocol rules 5-8). One is active, others wait.

Crash-only: whatever goes wrong ends the process, and the restart at the mark is the retry.
"""

import asyncio
import logging
import os
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn
from uuid import NAMESPACE_URL, uuid4, uuid5

import aiokafka.errors
import psycopg
import uvloop
from aiokafka import AIOKafkaProducer
from kafka.errors import KafkaError
from lianxin_schemas import codec
from lianxin_schemas.events.seals import LaneEnd, LogSealed, Span

from services.runtime import failpoints, log, merkle, seals
from services.runtime.database import pause
from services.runtime.inbox import Lane
from services.runtime.marks import bookmark, move_marks, read_state
from services.runtime.publish import producer, publish
from services.runtime.readback import NAME, Ahead, compare, open_readback
from services.runtime.settings import Settings
from services.runtime.unsealed import Unsealed

logger = logging.getLogger(__name__)

BATCH = 2_000
MOST_SEALED = 4_096
"""Positions under one seal: whoever asks for a proof has this many rows read and hashed."""
PACE = 0.012
"""Seconds from one batch to the next: one of one costs all on its way nearly what one of ten does. Visits at 500/s fill
two cores if it is 5 ms, and are visible later than with 12.
"""
MARK_EVERY = 0.05
"""Seconds within which the mark follows what was acknowledged. What lies between is sent again after a crash."""
RENEW_EVERY = 1.0
"""Seconds between renewals of the lease over an empty log."""


class Relay:
    """The active relay of one log. Every method raises what goes wrong; the process ends then."""

    def __init__(
        self, settings: Settings, service: str, connection: psycopg.AsyncConnection[Any], signer: seals.Signer
    ) -> None:
        self._settings = settings
        self._service = service
        self._connection = connection
        self._signer = signer
        self._holder = settings.member or str(uuid4())
        self._epoch = 0
        self._position = 0
        """Up to which all is acknowledged."""
        self._marked = 0
        """What the mark in the database says of it."""
        self._held = 0.0

    async def run(self) -> None:
        """Takes the lease when it is free, then publishes for as long as it holds it."""
        await self._take_lease()
        self._unsealed = await self._sent_before()
        self._back = await open_readback(self._connection, self._settings, self._service)
        self._back.heard = self._unsealed.arrived
        sender = await producer(self._settings)
        await self._read_back()
        sealed = time.monotonic()
        listener = await psycopg.AsyncConnection.connect(self._settings.database(self._service), autocommit=True)
        await listener.execute("LISTEN log")
        while True:
            await self._turn(sender, listener)
            if time.monotonic() - sealed >= self._settings.seal_every:
                await self._seal()
                sealed = time.monotonic()

    async def _turn(self, sender: AIOKafkaProducer, listener: psycopg.AsyncConnection[Any]) -> None:
        """Sends what there is, and waits: for the next batch's time, or until there is something."""
        began = time.monotonic()
        if await self._forward(sender):
            await asyncio.sleep(max(0.0, began + PACE - time.monotonic()))
            return
        timeout = 0.2 if self._marked == self._position else MARK_EVERY
        async for _ in listener.notifies(timeout=timeout, stop_after=1):
            pass

    async def _take_lease(self) -> None:
        waiting = False
        while True:
            cursor = await self._connection.execute(
                "UPDATE relay SET epoch = epoch + 1, holder = %s, expires = clock_timestamp() + interval '5 s'"
                # A lease that ends so late was given before the database's clock was set back: the epoch guards it.
                " WHERE expires NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 min' OR holder = %s"
                " RETURNING epoch, position",
                [self._holder, self._holder],
            )
            if row := await cursor.fetchone():
                self._epoch, self._position = row
                self._marked = self._position
                logger.info("relay of %s: epoch %s, from position %s", self._service, *row)
                return
            if not waiting:
                logger.info("relay of %s: another one is active, standing by", self._service)
            waiting = True
            await asyncio.sleep(0.5)

    async def _hold(self, position: int) -> None:
        await self._connection.execute("SELECT relay_at(%s, %s)", [self._epoch, position])
        self._position = self._marked = position
        self._held = time.monotonic()

    async def _renew(self, position: int) -> None:
        """Renews the lease while something takes long, with the mark where all is acknowledged. Two relays would
        otherwise send a batch in turns for ever.
        """
        if time.monotonic() - self._held > RENEW_EVERY:
            await self._hold(position)

    async def _forward(self, sender: AIOKafkaProducer) -> int:
        """Publishes the next rows, and lets the mark follow when it is time; answers with how many there were."""
        rows, places = await self._rows(self._position)
        failpoints.reach("relay.after-read")
        if rows:
            hashes = await publish(sender, self._settings, rows, places, self._renew)
            failpoints.reach("relay.after-send")
            self._note_sent(rows, hashes)
            self._back.sent |= {
                hash_: (Lane(str(row.source), *place), row.number)
                for row, place, hash_ in zip(rows, places, hashes, strict=True)
            }
            self._position = rows[-1].position
        every = RENEW_EVERY if self._marked == self._position else MARK_EVERY
        if time.monotonic() - self._held > every:
            await self._hold(self._position)
        return len(rows)

    async def _rows(self, after: int) -> tuple[list[codec.Row], list[tuple[str, int]]]:
        """The next rows behind a position, with topic and partition of each."""
        cursor = await self._connection.execute(
            f"SELECT topic, partition, {log.ROW_COLUMNS} FROM events WHERE position > %s ORDER BY position LIMIT %s",
            [after, BATCH],
        )
        found = await cursor.fetchall()
        rows = [log.row_of(self._settings.space, self._service, row[2:]) for row in found]
        return rows, [(row[0], row[1]) for row in found]

    def _note_sent(self, rows: Sequence[codec.Row], hashes: Sequence[bytes]) -> None:
        for row, hash_ in zip(rows, hashes, strict=True):
            self._unsealed.sent(row.position, hash_)

    async def _sent_before(self) -> Unsealed:
        """What relays before this one sent and did not seal, from the log's rows."""
        cursor = await self._connection.execute("SELECT sealed FROM relay")
        [(at,)] = await cursor.fetchall()
        self._unsealed = Unsealed(at)
        while at < self._position:
            rows, _ = await self._rows(at)
            rows = [row for row in rows if row.position <= self._position]
            if not rows:
                break
            self._note_sent(rows, [merkle.leaf(codec.encode(row)) for row in rows])
            at = rows[-1].position
            await self._hold(self._position)
        return self._unsealed

    async def _read_back(self) -> bool:
        """Whether all up to the mark is in Kafka, whole. If not, the mark goes back before the first missing one."""
        loop = asyncio.get_running_loop()

        def progress() -> None:
            asyncio.run_coroutine_threadsafe(self._renew(self._position), loop).result()

        await asyncio.to_thread(self._back.read, progress)
        await compare(self._connection, self._service, self._back.marks)
        missing = await self._first_missing()
        if missing is None:
            return True
        logger.warning("read-back: position %s is not in Kafka, publishing again from there", missing)
        await self._hold(missing - 1)
        return False

    async def _first_missing(self) -> int | None:
        """The first position up to the mark that was not read back: numbers are dense, one look per lane is enough.

        One look it is because of LIMIT: else the planner joins first, and goes through each lane from its beginning.
        """
        lanes = [(int(lane.source.rsplit("/", 1)[1]), lane, number) for lane, number in self._back.marks.items()]
        cursor = await self._connection.execute(
            "SELECT min(e.position) FROM lane l LEFT JOIN unnest(%s::int[], %s::text[], %s::int[], %s::bigint[])"
            " AS r (incarnation, topic, partition, number) USING (incarnation, topic, partition), LATERAL"
            " (SELECT position FROM events WHERE incarnation = l.incarnation AND topic = l.topic"
            " AND partition = l.partition AND number = coalesce(r.number, 0) + 1 LIMIT 1) e WHERE e.position <= %s",
            [
                [incarnation for incarnation, _, _ in lanes],
                [lane.topic for _, lane, _ in lanes],
                [lane.partition for _, lane, _ in lanes],
                [number for _, _, number in lanes],
                self._position,
            ],
        )
        row = await cursor.fetchone()
        return row[0] if row else None

    async def _seal(self) -> None:
        """Reads back, then says in the log itself how far it is in Kafka, whole and as it was sent (rule 8).

        Nothing is sent meanwhile, so the numbers read back are those of the mark.
        """
        if self._marked != self._position:
            await self._hold(self._position)
        if not await self._read_back() or self._unsealed.ahead:
            # Else the marks of the read-back, kept with the seal, would lie behind it: a relay after us would not read
            # again what lies between, and seal nothing any more.
            return
        cursor = await self._connection.execute(
            "SELECT sealed, sealed_at < now() - interval '1 hour' OR EXISTS"
            " (SELECT FROM events WHERE position > sealed AND position <= %s AND topic <> 'seals'),"
            " (SELECT coalesce(max(version), 0) FROM events WHERE stream = %s), now(), incarnation FROM relay, head",
            [self._position, f"log-{self._service}"],
        )
        [(sealed, due, version, now, incarnation)] = await cursor.fetchall()
        if not due or sealed >= self._position:
            return
        if (position := self._unsealed.differs(self._position)) is not None:
            logger.error("position %s: what Kafka holds is not what was sent; nothing is sealed from there", position)
            return
        source = f"/{self._settings.space}/{self._service}/{incarnation}"
        made = await asyncio.to_thread(self._seals, sealed + 1, source, now)
        decision = log.Decision(
            cause=uuid5(NAMESPACE_URL, f"{source}/seal/{self._epoch}/{self._position}"),
            author=log.Author("system", self._service),
            facts=[log.Fact(seal, now) for seal in made],
            expected={made[0].stream: version},
        )
        state = await read_state(self._connection, NAME)
        await log.write(
            self._connection,
            [decision],
            first=[
                ("SELECT relay_at(%s, %s)", [self._epoch, self._position]),
                *move_marks(NAME, state, self._back.moved(state.marks)),
            ],
            then=[
                ("UPDATE relay SET sealed = %s, sealed_at = now()", [self._position]),
                *bookmark(NAME, self._back.bookmarks),
            ],
        )
        self._unsealed.drop(self._position)

    def _seals(self, first: int, source: str, now: datetime) -> list[LogSealed]:
        """Seals over all from a position to the mark. Each names the ends of lanes as they were read back."""
        lanes = tuple(
            LaneEnd(topic=lane.topic, partition=lane.partition, number=number)
            for lane, number in sorted(self._back.marks.items())
            if lane.source == source
        )
        made = []
        for start in range(first, self._position + 1, MOST_SEALED):
            span = Span(first=start, last=min(start + MOST_SEALED - 1, self._position))
            root = self._unsealed.root(span.first, span.last).hex()
            plain = LogSealed(service=self._service, covers=span, lanes=lanes, root=root)
            made.append(self._signer.sign(source, now, plain))
        return made


async def _connected(settings: Settings, service: str) -> psycopg.AsyncConnection[Any]:
    attempt = 0
    while True:
        try:
            return await psycopg.AsyncConnection.connect(settings.database(service), autocommit=True)
        except psycopg.OperationalError as error:
            logger.warning("the database is away, trying again: %s", error)
            await pause(attempt)
            attempt += 1


async def _serve(settings: Settings, service: str) -> NoReturn:
    code = 1
    try:
        signer = seals.signer(settings, service)
        await Relay(settings, service, await _connected(settings, service), signer).run()
    except (Ahead, seals.NoKey) as error:
        logger.error("%s", error)
        code = 3
    except (KafkaError, aiokafka.errors.KafkaError, psycopg.Error) as error:
        logger.error("relay of %s ends, its restart begins at the mark: %r", service, error)
    except Exception:
        logger.exception("relay of %s ends, its restart begins at the mark", service)
    os._exit(code)  # from here, not by sys.exit: whoever ends a loop waits for what is under way in it


def run(settings: Settings, service: str) -> NoReturn:
    """Runs until something goes wrong and ends the process then: code 3 when Kafka is ahead of the log, or when there
    is no key to sign seals with, otherwise 1.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, service))
    raise AssertionError("unreachable")
