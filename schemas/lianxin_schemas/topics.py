"""Every topic, as data: who writes it, what it carries, how it is divided. Nothing else creates a topic.

A topic's full name carries the space in front (`lianxin.visits`), so that two installations, or two tests, share a
broker.
"""

from dataclasses import dataclass

from lianxin_schemas.events import cases, petitions, responsibility, seals, visits
from lianxin_schemas.events.base import Event

SERVICES = ("intake", "assignment", "appraisal", "notify")


@dataclass(frozen=True)
class Topic:
    """One topic. `partitions` is fixed for ever: more partitions are a new topic and a move."""

    name: str
    says: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    events: tuple[type[Event], ...]
    partitions: int = 24
    retention_ms: int = -1
    """Facts are kept for ever."""


TOPICS = (
    Topic(
        name="visits",
        says="Visits of cadres to households",
        producers=("intake",),
        consumers=("appraisal",),
        events=(visits.VisitLogged, visits.VisitCorrected, visits.VisitWithdrawn),
    ),
    Topic(
        name="petitions",
        says="What residents ask for",
        producers=("intake",),
        consumers=("assignment",),
        events=(petitions.PetitionRegistered,),
    ),
    Topic(
        name="responsibility",
        says="Who answers for whom, and since when",
        producers=("assignment",),
        consumers=("appraisal",),
        events=(
            responsibility.CadreRegistered,
            responsibility.TermStarted,
            responsibility.TermEnded,
            responsibility.ZoneDrawn,
            responsibility.ZoneLeaderSet,
            responsibility.ZoneLeaderEnded,
            responsibility.HouseholdRegistered,
            responsibility.PairingStarted,
            responsibility.PairingEnded,
        ),
    ),
    Topic(
        name="cases",
        says="How petitions are handled, and by when",
        producers=("assignment",),
        consumers=("appraisal",),
        events=(
            cases.CaseOpened,
            cases.CaseAssigned,
            cases.CaseLimitSet,
            cases.CaseAccepted,
            cases.CaseDecided,
            cases.CaseReplied,
        ),
    ),
    Topic(
        name="seals",
        says="How far each log is in Kafka, whole",
        producers=("intake", "assignment"),
        consumers=("assignment", "appraisal"),
        events=(seals.LogSealed, seals.LogRecovered),
        partitions=1,
    ),
)

BY_NAME = {topic.name: topic for topic in TOPICS}
TOPIC_OF = {event: topic for topic in TOPICS for event in topic.events}
EVENTS = {event.type(): event for event in TOPIC_OF}
"""Newest version of every event by its CloudEvents type; older types are lifted by `upcast.py`."""


def produced_by(service: str) -> tuple[Topic, ...]:
    """The topics that a service's log feeds."""
    return tuple(topic for topic in TOPICS if service in topic.producers)


def consumed_by(service: str) -> tuple[Topic, ...]:
    """The topics that a service reads."""
    return tuple(topic for topic in TOPICS if service in topic.consumers)
