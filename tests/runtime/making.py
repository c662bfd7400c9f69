"""Events, messages and decisions for tests of the plumbing."""

from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from lianxin_schemas import codec
from lianxin_schemas.envelope import Source
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.petitions import Channel, PetitionRegistered
from lianxin_schemas.events.seals import LaneEnd, LogSealed, Span
from lianxin_schemas.events.visits import Purpose, VisitCorrected, VisitLogged, VisitWithdrawn, WithdrawalReason
from lianxin_schemas.partition import partition_of
from lianxin_schemas.topics import BY_NAME, TOPIC_OF

from services.runtime.inbox import Message
from services.runtime.log import Author, Decision, Fact

SPACE = "t"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CADRE = Author("user", "c-0001")


@cache
def visits_in(partition: int, many: int) -> tuple[UUID, ...]:
    """Visits whose messages all lie in one partition."""
    found = (UUID(int=n) for n in count(1) if partition_of(f"visit-{UUID(int=n)}", 24) == partition)
    return tuple(next(found) for _ in range(many))


def logged(visit: UUID | None = None, **fields: Any) -> VisitLogged:
    """A visit entered for the first time."""
    given = {"cadre": "c-0001", "households": ("h-1",), "started": NOON, "ended": NOON, "purpose": Purpose.CARE}
    return VisitLogged(visit=visit or uuid4(), **(given | fields))


def corrected(visit: UUID, **fields: Any) -> VisitCorrected:
    """The visit entered anew."""
    return VisitCorrected.model_validate(logged(visit, **fields).model_dump())


def withdrawn(visit: UUID) -> VisitWithdrawn:
    """The entry taken back."""
    return VisitWithdrawn(visit=visit, reason=WithdrawalReason.ENTERED_TWICE)


def petition() -> PetitionRegistered:
    """A petition on record."""
    return PetitionRegistered(petition=uuid4(), channel=Channel.WEB, category="03")


def sealed(service: str, *lanes: tuple[str, int, int], last: int = 1) -> LogSealed:
    """A seal that names the ends of lanes."""
    ends = tuple(LaneEnd(topic=topic, partition=partition, number=number) for topic, partition, number in lanes)
    return LogSealed(service=service, covers=Span(first=1, last=last), lanes=ends)


def decision(*events: Event, cause: UUID | None = None, author: Author = CADRE, **more: Any) -> Decision:
    """A command's events; its content is the same for the same `hash`."""
    facts = [Fact(event, NOON) for event in events]
    return Decision(cause or uuid4(), author, facts, **({"hash": b"content"} | more))


def wire(event: Event, number: int, *, space: str = SPACE, service: str = "intake", incarnation: int = 1) -> bytes:
    """The bytes of an event as a relay publishes them."""
    return codec.encode(
        codec.Row(
            id=UUID(int=number),
            source=Source(space, service, incarnation),
            type=event.type(),
            stream=event.stream,
            version=1,
            position=number,
            number=number,
            time=NOON,
            recordedtime=NOON,
            causation=UUID(int=number),
            authtype="user",
            authid="c-0001",
            data=codec.to_json(event),
        )
    )


def message(event: Event, number: int, offset: int | None = None, **origin: Any) -> Message:
    """An event as Kafka hands it over, at the offset before its number where none is named."""
    topic = TOPIC_OF[type(event)]
    partition = partition_of(event.stream, topic.partitions)
    return Message(topic.name, partition, number - 1 if offset is None else offset, wire(event, number, **origin))


def raw(value: bytes | None, offset: int, partition: int = 0, topic: str = "visits") -> Message:
    """Any bytes at a place of a topic."""
    assert partition < BY_NAME[topic].partitions
    return Message(topic, partition, offset, value)
