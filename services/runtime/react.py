"""Reactions: topics to own events (Faust). Every setting is here because the default loses or stalls.

- codec `raw`: Faust's own codecs drop, or stall for ever, on a message that cannot be decoded;
- `noack_take` with an ack after our commit: the other ways acknowledge a message although its handler failed;
- CrashingSupervisor: an agent that failed otherwise looks healthy and reads nothing;
- positions from the database: a committed offset ahead of a restored database would skip messages;
- no tables, no leader topic, no topic made: topics come from the contract alone.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any, cast

import faust
from faust.streams import Stream
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP, EventT, StreamT
from faust.types.auth import CredentialsT
from lianxin_schemas.topics import consumed_by
from mode import CrashingSupervisor

from services.runtime import broker, topics
from services.runtime.inbox import Message
from services.runtime.receiver import Moved, Receiver
from services.runtime.settings import Settings

logger = logging.getLogger(__name__)

BATCH = 500


def build(settings: Settings, service: str, receiver: Receiver) -> faust.App:
    """The Faust application of one service's reactions. Opens nothing yet."""

    class OurThread(AIOKafkaConsumerThread):
        async def seek_to_committed(self) -> Mapping[TP, int]:
            places: Mapping[TP, int] = await self.call_thread(self._seek, await receiver.start())
            return places

        async def _seek(self, bookmarks: dict[tuple[str, int], int]) -> Mapping[TP, int]:
            consumer = self._ensure_consumer()
            assigned = consumer.assignment()
            ends = await consumer.end_offsets(list(assigned)) if assigned else {}
            places = {tp: bookmarks.get((settings.bare(tp.topic), tp.partition), 0) for tp in assigned}
            places = {tp: place if place <= ends[tp] else 0 for tp, place in places.items()}
            for tp, place in places.items():
                consumer.seek(tp, place)
            return {TP(tp.topic, tp.partition): place for tp, place in places.items()}

    class OurConsumer(Consumer):
        def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
            return OurThread(self, loop=self.loop, beacon=self.beacon)

    class OurTransport(Transport):
        Consumer = OurConsumer

    class OurApp(faust.App):
        def _new_transport(self) -> Transport:
            return OurTransport(self.conf.broker_consumer, self)

        def _create_directories(self) -> None:
            """None: they are for tables."""

    app = OurApp(
        f"{settings.space}.{service}.{receiver.inbox.consumer}",
        broker=[f"kafka://{address}" for address in settings.kafka.split(",")],
        broker_credentials=_credentials(settings),
        agent_supervisor=CrashingSupervisor,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        broker_session_timeout=10,
        broker_heartbeat_interval=1,
        broker_rebalance_timeout=15,
        broker_commit_interval=1,
        consumer_group_instance_id=settings.member,
        stream_wait_empty=False,
        web_enabled=False,
        worker_redirect_stdouts=False,
    )
    names = [settings.topic(topic.name) for topic in consumed_by(service)]
    _subscribe(app, names, settings, receiver)
    return app


def _credentials(settings: Settings) -> CredentialsT | None:
    """What `broker.options` gives the other libraries."""
    context = broker.tls(settings)
    if settings.kafka_user:
        return faust.SASLCredentials(
            username=settings.kafka_user,
            password=broker.password(settings),
            ssl_context=context,
            mechanism=settings.kafka_mechanism,
        )
    return faust.SSLCredentials(context) if context else None


def _subscribe(app: faust.App, names: list[str], settings: Settings, receiver: Receiver) -> None:
    channel = app.topic(*names, value_serializer="raw", key_serializer="raw", key_type=bytes, value_type=bytes)
    waiting: dict[tuple[str, int], list[EventT[Any]]] = {}

    @app.agent(channel)
    async def take(stream: StreamT[bytes]) -> None:
        assert isinstance(stream, Stream)
        async for taken in stream.noack_take(BATCH, within=0.02):
            events = cast(list[EventT[Any]], taken)  # it yields events, although it is typed to yield values
            messages = [
                Message(settings.bare(e.message.topic), e.message.partition, e.message.offset, e.message.value)
                for e in events
            ]
            try:
                result = await receiver.take(messages)
            except Moved:
                await app.consumer.perform_seek()
                continue
            for event, message in zip(events, messages, strict=True):
                waiting.setdefault((message.topic, message.partition), []).append(event)
            for place, end in result.ends.items():
                # What lies at or behind the first Early stays unacknowledged, so that lag tools see it.
                limit = receiver.earlies.bookmark(*place, end)
                for event in waiting[place]:
                    if event.message.offset < limit:
                        event.ack()
                waiting[place] = [event for event in waiting[place] if event.message.offset >= limit]

    @app.timer(1.0)  # type: ignore[untyped-decorator]
    async def look() -> None:
        for topic, partition in receiver.earlies.due(time.monotonic()):
            logger.warning("numbers are missing in %s/%s: reading it again from its start", topic, partition)
            await app.consumer.seek_wait({TP(settings.topic(topic), partition): 0})
        assigned = {(settings.bare(tp.topic), tp.partition) for tp in app.consumer.assignment()}
        if not await receiver.still_mine(assigned):
            await app.consumer.perform_seek()


def run(settings: Settings, service: str, receiver: Receiver) -> None:
    """Runs one reaction process until it is ended; a failure ends it with code 1. Waits for broker and topics first."""
    topics.wait(settings, consumed_by(service))
    worker = faust.Worker(build(settings, service, receiver), loglevel="WARNING", redirect_stdouts=False)
    worker.execute_from_commandline()
