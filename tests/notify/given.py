"""What tests of notify start from: petitions and cases as their services publish them, and a database of one's own."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import psycopg
from lianxin_schemas import codec
from lianxin_schemas.envelope import Source
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseDecided,
    CaseLimitSet,
    CaseOpened,
    CaseReplied,
    Credit,
    Outcome,
    Step,
    SumRule,
    SumStep,
)
from lianxin_schemas.events.petitions import Channel, PetitionRegistered
from lianxin_schemas.partition import partition_of
from lianxin_schemas.topics import TOPIC_OF

from services.notify import reactions
from services.runtime.database import conninfo
from services.runtime.inbox import Inbox, Message
from services.runtime.inbox import Outcome as Became
from services.runtime.receiver import Receiver
from services.runtime.settings import Settings

NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
DUE = datetime(2026, 5, 11, 16, 0, tzinfo=UTC)
CADRE = Credit(office="office-a", cadre="c-0001")
OFFICE = Credit(office="county-office")


def registered(resident: str | None = "p-0001", petition: UUID | None = None) -> PetitionRegistered:
    """A petition, whose resident wants to be told."""
    return PetitionRegistered(petition=petition or uuid4(), channel=Channel.WEB, category="03.11", resident=resident)


def opened(petition: UUID, resident: str | None = "p-0001") -> CaseOpened:
    """Its case begins."""
    return CaseOpened(petition=petition, channel=Channel.WEB, category="03.11", registered=NOW, resident=resident)


def assigned(petition: UUID, credit: Credit = CADRE) -> CaseAssigned:
    """Somebody answers for it."""
    return CaseAssigned(petition=petition, credit=credit)


def limited(petition: UUID, due: datetime = DUE) -> CaseLimitSet:
    """It has a limit."""
    because = (SumStep(rule=SumRule.DAYS_ADDED, days=60, reached=due.date()),)
    return CaseLimitSet(petition=petition, step=Step.REPLY, due=due, because=because)


def accepted(petition: UUID) -> CaseAccepted:
    """The office takes it up."""
    return CaseAccepted(petition=petition, credit=CADRE)


def decided(petition: UUID) -> CaseDecided:
    """The office has decided: nobody's notice."""
    return CaseDecided(petition=petition, outcome=Outcome.SOLVED, credit=CADRE)


def replied(petition: UUID) -> CaseReplied:
    """The resident was answered."""
    return CaseReplied(petition=petition, credit=CADRE)


def whole_case(petition: UUID, resident: str | None = "p-0001") -> list[Event]:
    """A case from its beginning to the answer."""
    return [
        opened(petition, resident),
        assigned(petition),
        limited(petition),
        accepted(petition),
        decided(petition),
        replied(petition),
    ]


class World:
    """The services that notify hears: makes messages as their relays send them, numbered lane by lane."""

    def __init__(self, space: str) -> None:
        self._space = space
        self._numbers: Counter[tuple[str, int]] = Counter()
        self._versions: Counter[str] = Counter()
        self._offsets: Counter[tuple[str, int]] = Counter()

    def say(self, event: Event, time: datetime = NOW, id_: UUID | None = None) -> Message:
        """The next message of the event's lane; it is recorded a minute after it happened."""
        topic = TOPIC_OF[type(event)]
        partition = partition_of(event.stream, topic.partitions)
        self._numbers[topic.name, partition] += 1
        self._versions[event.stream] += 1
        number, cause = self._numbers[topic.name, partition], uuid4()
        row = codec.Row(
            id=id_ or uuid5(cause, "0"),
            source=Source(self._space, topic.producers[0], 1),
            type=event.type(),
            stream=event.stream,
            version=self._versions[event.stream],
            position=number,
            number=number,
            time=time,
            recordedtime=time + timedelta(minutes=1),
            causation=cause,
            authtype="user",
            authid="somebody",
            data=codec.to_json(event),
        )
        return self.again(Message(topic.name, partition, 0, codec.encode(row)))

    def again(self, message: Message) -> Message:
        """The same bytes at the next offset."""
        self._offsets[message.topic, message.partition] += 1
        offset = self._offsets[message.topic, message.partition]
        return Message(message.topic, message.partition, offset, message.value)


class React:
    """The reaction as its process runs it, fed by hand."""

    def __init__(self, settings: Settings) -> None:
        self.info = settings.database("notify")
        self.inbox = Inbox(reactions.NAME, settings.space, reactions.KINDS)
        self.world = World(settings.space)

    def take(self, *batches: Sequence[Message]) -> Counter[Became]:
        """Takes batches in by a process of its own, which knows nothing but what the database holds."""
        receiver = Receiver(self.info, self.inbox, reactions.react)

        async def work() -> Counter[Became]:
            counts = Counter[Became]()
            for batch in batches:
                counts += (await receiver.take(batch)).counts
            await receiver.close()
            return counts

        return asyncio.run(work())

    def hear(self, *events: Event, time: datetime = NOW) -> list[Message]:
        """Hears events in one batch; answers with their messages."""
        messages = [self.world.say(event, time) for event in events]
        self.take(messages)
        return messages

    def query(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        with psycopg.connect(self.info, autocommit=True) as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def logged(self) -> list[tuple[Any, ...]]:
        """The whole log, but for when it was recorded."""
        return self.query("SELECT position, stream, version, id, type, causation, data::text FROM events ORDER BY 1")

    def outbox(self) -> list[tuple[Any, ...]]:
        """Reason, channel, state and attempts of all notices, in the order in which they were raised."""
        return self.query(
            "SELECT n.reason, o.channel, o.state, o.attempt FROM outbox o JOIN notice n USING (notice)"
            " ORDER BY n.position, o.channel DESC"
        )


def make_database(server: str, name: str, template: str | None = None) -> str:
    """An empty database, or a copy of another; answers with its connection string."""
    with psycopg.connect(conninfo(server, "postgres"), autocommit=True) as connection:
        like = psycopg.sql.Identifier(template or "template0")
        wanted = psycopg.sql.Identifier(name)
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(wanted, like))
    return conninfo(server, name)
