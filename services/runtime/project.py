"""Projections: topics to tables (aiokafka). All partitions of one poll are taken in by one transaction."""

import asyncio
import logging
import time
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from lianxin_schemas.topics import consumed_by

from services.runtime import broker, topics
from services.runtime.database import pause
from services.runtime.inbox import Message
from services.runtime.receiver import Moved, Receiver
from services.runtime.settings import Settings

logger = logging.getLogger(__name__)

BATCH = 5_000


class Feed(ConsumerRebalanceListener):  # type: ignore[misc]
    """Feeds a receiver from the topics of a service, as one member of its consumer group."""

    def __init__(self, settings: Settings, service: str, receiver: Receiver) -> None:
        self._settings = settings
        self._receiver = receiver
        self._service = service
        self._looked = 0.0
        self._unsought = False
        self._committed = time.monotonic()
        self._following: asyncio.Task[list[Message]] | None = None

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Nothing to hand over: the marks are in the database."""

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Positions come from the database, not from Kafka's committed offsets (protocol rule 9)."""
        try:
            await self._seek(assigned)
        except Exception:  # aiokafka would log it and read on from where it likes
            logger.exception("the positions could not be set, trying again")
            self._unsought = True

    async def _seek(self, partitions: set[TopicPartition]) -> None:
        self._drop()
        if not partitions:
            return
        bookmarks = await self._receiver.start()
        ends = await self._consumer.end_offsets(list(partitions))
        for tp in partitions & self._consumer.assignment():  # it may have changed meanwhile
            place = bookmarks.get((self._settings.bare(tp.topic), tp.partition), 0)
            self._consumer.seek(tp, place if place <= ends[tp] else 0)

    async def run(self) -> None:
        """Takes messages in until cancelled."""
        await self._start()
        try:
            while True:
                if self._unsought:
                    await self._seek(self._consumer.assignment())
                    self._unsought = False
                following = self._following = self._following or asyncio.create_task(self._next())
                await asyncio.wait([following])
                if self._following is not following:  # dropped meanwhile
                    continue
                # While the database works on this batch, the next one is fetched and looked into.
                self._following = asyncio.create_task(self._next())
                messages = following.result()
                await self._take(messages)
                if not messages:
                    await self._look()
                for topic, partition in self._receiver.earlies.due(time.monotonic()):
                    tp = TopicPartition(self._settings.topic(topic), partition)
                    if tp in self._consumer.assignment():
                        logger.warning("numbers are missing in %s: reading it again from its start", tp)
                        self._consumer.seek(tp, 0)
        finally:
            self._drop()
            await self._consumer.stop()

    async def _next(self) -> list[Message]:
        polled = await self._consumer.getmany(timeout_ms=200, max_records=BATCH)
        messages = [
            Message(self._settings.bare(tp.topic), tp.partition, record.offset, record.value)
            for tp, records in polled.items()
            for record in records
        ]
        await self._receiver.inbox.open_ahead(messages)
        self._receiver.foresee(messages)
        return messages

    def _drop(self) -> None:
        """What was fetched ahead is of no use once positions change: it is fetched again from there."""
        if self._following:
            self._following.cancel()
            self._following = None

    async def _look(self) -> None:
        """Once a second while nothing comes: reads on from the bookmarks if somebody has moved the marks."""
        if time.monotonic() - self._looked < 1.0:
            return
        self._looked = time.monotonic()
        assigned = self._consumer.assignment()
        if not await self._receiver.still_mine({(self._settings.bare(tp.topic), tp.partition) for tp in assigned}):
            await self._seek(assigned)

    async def _start(self) -> None:
        tries = 0
        while True:
            self._consumer = AIOKafkaConsumer(
                **broker.options(self._settings),
                group_id=f"{self._settings.space}.{self._service}.{self._receiver.inbox.consumer}",
                group_instance_id=self._settings.member,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=broker.FETCHED,
                session_timeout_ms=10_000,
                heartbeat_interval_ms=1_000,
                rebalance_timeout_ms=15_000,
            )
            self._consumer.subscribe(
                [self._settings.topic(topic.name) for topic in consumed_by(self._service)], listener=self
            )
            try:
                await self._consumer.start()
            except KafkaError as error:
                logger.warning("the broker is away, trying again: %s", error)
                await self._consumer.stop()
                await pause(tries)
                tries += 1
            else:
                return

    async def _take(self, messages: list[Message]) -> None:
        if not messages:
            return
        try:
            result = await self._receiver.take(messages)
        except Moved:
            await self._seek(self._consumer.assignment())
            return
        if time.monotonic() - self._committed >= 1.0:
            self._committed = time.monotonic()
            await self._hint(result.ends)

    async def _hint(self, ends: Mapping[tuple[str, int], int]) -> None:
        """Commits to Kafka where reading goes on: a hint for lag tools, never read by us."""
        offsets = {
            TopicPartition(self._settings.topic(topic), partition): self._receiver.earlies.bookmark(
                topic, partition, end
            )
            for (topic, partition), end in ends.items()
        }
        kept = {tp: offset for tp, offset in offsets.items() if tp in self._consumer.assignment()}
        if not kept:  # all of them went to another process meanwhile, and aiokafka refuses to commit nothing
            return
        try:
            await self._consumer.commit(kept)
        except KafkaError as error:
            logger.info("Kafka did not take the hint: %r", error)


async def run(settings: Settings, service: str, receiver: Receiver) -> None:
    """Runs one projection process until cancelled. Waits for the broker and the topics at start."""
    await asyncio.to_thread(topics.wait, settings, consumed_by(service))
    await Feed(settings, service, receiver).run()
