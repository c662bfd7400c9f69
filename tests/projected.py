"""A projection that is given events as the logs of their services would publish them: numbered lane by lane."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic
from uuid import NAMESPACE_OID, UUID, uuid5

import psycopg
from lianxin_schemas import codec
from lianxin_schemas.envelope import Source
from lianxin_schemas.events.base import Event
from lianxin_schemas.partition import partition_of
from lianxin_schemas.topics import TOPIC_OF

from services.runtime.inbox import Inbox, Message, Sorted, State
from services.runtime.rebuild import Projection
from services.runtime.receiver import Receiver
from services.runtime.settings import S

Said = Event | Sequence[Event] | tuple[Event, datetime]
"""An event, several, or one with the time at which it happened."""


class Published:
    """Numbers events as their logs do; each is recorded one `step` after the one before, the first after `began`."""

    def __init__(self, space: str, began: datetime, step: timedelta) -> None:
        self.space = space
        self._began, self._step = began, step
        self._lanes: Counter[tuple[str, int]] = Counter()
        self._streams: Counter[str] = Counter()
        self._positions: Counter[str] = Counter()
        self._offsets: Counter[tuple[str, int]] = Counter()

    def one(self, event: Event, time: datetime | None = None) -> Message:
        """The next message; without a time it happened when it is recorded."""
        topic = TOPIC_OF[type(event)]
        service = topic.producers[0] if topic.name != "seals" else "intake"
        place = (topic.name, partition_of(event.stream, topic.partitions))
        self._lanes[place] += 1
        self._streams[event.stream] += 1
        self._positions[service] += 1
        nth = sum(self._positions.values())
        recorded = self._began + nth * self._step
        row = codec.Row(
            id=uuid5(NAMESPACE_OID, f"{self.space}/{service}/{self._positions[service]}"),
            source=Source(self.space, service, 1),
            type=event.type(),
            stream=event.stream,
            version=self._streams[event.stream],
            position=self._positions[service],
            number=self._lanes[place],
            time=time or recorded,
            recordedtime=recorded,
            causation=UUID(int=nth, version=4),
            authtype="system",
            authid="test",
            data=codec.to_json(event),
        )
        return self.carry(place, codec.encode(row))

    def carry(self, place: tuple[str, int], value: bytes) -> Message:
        """Any bytes as the next message of a partition."""
        message = Message(*place, self._offsets[place], value)
        self._offsets[place] += 1
        return message

    def all(self, *said: Said) -> list[Message]:
        """Messages of all of it."""
        found = []
        for item in said:
            match item:
                case Event():
                    found.append(self.one(item))
                case (Event() as event, datetime() as time):
                    found.append(self.one(event, time))
                case _:
                    found += self.all(*item)
        return found


class Projected(Generic[S]):
    """A service's database with its projection, as one process would write it."""

    def __init__(self, settings: S, service: str, projection: Projection) -> None:
        self.settings = settings
        self.projection = projection
        self.info = settings.database(service, guarded=False)
        self.runner = asyncio.Runner()
        self.receiver = Receiver(self.info, self._inbox(), projection.handler)

    def _inbox(self) -> Inbox:
        return Inbox(self.projection.name, self.settings.space, self.projection.kinds)

    def take(self, messages: Iterable[Message]) -> Sorted:
        return self.runner.run(self.receiver.take(list(messages)))

    def apply_again(self, messages: Iterable[Message]) -> None:
        """Hands messages to the handler past the inbox, as if their marks had been lost."""
        received = self._inbox().sort(list(messages), State(), {}).applied

        async def again() -> None:
            async with await psycopg.AsyncConnection.connect(self.info, autocommit=True) as connection:
                work = await self.projection.handler(connection, received)
                async with connection.transaction():
                    for sql, parameters in work.statements:
                        await connection.execute(sql, parameters)

        self.runner.run(again())

    def settles(self, messages: Sequence[Message]) -> dict[str, list[tuple[Any, ...]]]:
        """Takes messages in, then the same again in both ways, which must change nothing; answers with the tables."""
        self.take(messages)
        tables = self.tables()
        again = self.take(messages)
        assert not again.applied
        assert self.tables() == tables
        self.apply_again(messages)
        assert self.tables() == tables
        return tables

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        with psycopg.connect(self.info, autocommit=True) as connection:
            return {
                name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=str)
                for name in self.projection.tables
            }

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.info, autocommit=True) as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        self.runner.run(self.receiver.close())
        self.runner.close()
