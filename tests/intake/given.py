"""What tests of intake are given: assignment's events as its log would publish them, taken in by the projection."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from lianxin_schemas import codec
from lianxin_schemas.envelope import Source
from lianxin_schemas.events import cases, responsibility
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.petitions import Channel
from lianxin_schemas.partition import partition_of
from lianxin_schemas.topics import TOPIC_OF

from services.intake.projections import PROJECTION
from services.intake.settings import Settings
from services.intake.store.tables import TABLES
from services.runtime.inbox import Inbox, Message, Sorted, State
from services.runtime.receiver import Receiver

BEGAN = datetime(2026, 3, 2, 1, tzinfo=UTC)
REGION = "990101001001"


def credit(office: str = "o-1", cadre: str | None = "c-1") -> cases.Credit:
    return cases.Credit(office=office, cadre=cadre)


def opened(petition: uuid.UUID, zone: str | None = "z-1") -> cases.CaseOpened:
    return cases.CaseOpened(petition=petition, channel=Channel.WEB, category="03.11", zone=zone, registered=BEGAN)


def limit(petition: uuid.UUID, due: datetime = BEGAN + timedelta(days=60)) -> cases.CaseLimitSet:
    because = (cases.SumStep(rule=cases.SumRule.DAYS_ADDED, days=60, reached=due.date()),)
    return cases.CaseLimitSet(petition=petition, step=cases.Step.REPLY, due=due, because=because)


def begun(petition: uuid.UUID, by: cases.Credit | None = None) -> list[Event]:
    """A case that was opened and given to somebody, with its limit."""
    return [opened(petition), cases.CaseAssigned(petition=petition, credit=by or credit()), limit(petition)]


def replied(petition: uuid.UUID, said: str | None = None, by: cases.Credit | None = None) -> list[Event]:
    """The same case, decided and replied."""
    by = by or credit()
    return [
        cases.CaseAccepted(petition=petition, credit=by),
        cases.CaseDecided(petition=petition, outcome=cases.Outcome.SOLVED, credit=by),
        cases.CaseReplied(petition=petition, credit=by, said=said),
    ]


def drawn(zone: str = "z-1", region: str | None = REGION, groups: tuple[str, ...] = ()) -> responsibility.ZoneDrawn:
    return responsibility.ZoneDrawn(zone=zone, level=responsibility.ZoneLevel.VILLAGE, region=region, groups=groups)


class Published:
    """Numbers events as assignment's log does."""

    def __init__(self, space: str) -> None:
        self.space = space
        self._lanes: Counter[tuple[str, int]] = Counter()
        self._streams: Counter[str] = Counter()
        self._offsets: Counter[tuple[str, int]] = Counter()
        self._position = 0

    def one(self, event: Event) -> Message:
        """The next message, a minute after the one before."""
        topic = TOPIC_OF[type(event)]
        place = (topic.name, partition_of(event.stream, topic.partitions))
        self._position += 1
        self._lanes[place] += 1
        self._streams[event.stream] += 1
        time = BEGAN + timedelta(minutes=self._position)
        row = codec.Row(
            id=uuid.uuid5(uuid.NAMESPACE_OID, f"{self.space}{self._position}"),
            source=Source(self.space, "assignment", 1),
            type=event.type(),
            stream=event.stream,
            version=self._streams[event.stream],
            position=self._position,
            number=self._lanes[place],
            time=time,
            recordedtime=time,
            causation=uuid.UUID(int=self._position, version=4),
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

    def all(self, *events: Event | Sequence[Event]) -> list[Message]:
        """Messages of events and of lists of events."""
        flat = [event for item in events for event in ([item] if isinstance(item, Event) else item)]
        return [self.one(event) for event in flat]


class Projected:
    """intake's projection, as one process would write it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.log = Published(settings.space)
        self.info = settings.database("intake", guarded=False)
        self.runner = asyncio.Runner()
        inbox = Inbox(PROJECTION.name, settings.space, PROJECTION.kinds)
        self.receiver = Receiver(self.info, inbox, PROJECTION.handler)

    def hears(self, *events: Event | Sequence[Event]) -> list[Message]:
        """Takes in what assignment's log says next."""
        messages = self.log.all(*events)
        assert not self.take(messages).parked
        return messages

    def take(self, messages: Iterable[Message]) -> Sorted:
        return self.runner.run(self.receiver.take(list(messages)))

    def apply_again(self, messages: Iterable[Message]) -> None:
        """Hands messages to the handler past the inbox, as if their marks had been lost."""
        inbox = Inbox(PROJECTION.name, self.settings.space, PROJECTION.kinds)
        received = inbox.sort(list(messages), State(), {}).applied

        async def again() -> None:
            async with await psycopg.AsyncConnection.connect(self.info, autocommit=True) as connection:
                work = await PROJECTION.handler(connection, received)
                for sql, parameters in work.statements:
                    await connection.execute(sql, parameters)

        self.runner.run(again())

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        with psycopg.connect(self.info, autocommit=True) as connection:
            return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=str) for name in TABLES}

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.info, autocommit=True) as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        self.runner.run(self.receiver.close())
        self.runner.close()
