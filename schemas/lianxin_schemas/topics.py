"""Every topic, as data: who writes it, what it carries, how it is divided. Nothing else creates a topic.

A topic's full name carries the space in front (`lianxin.visits`), so that two installations, or two tests, share a
broker.
"""

from dataclasses import dataclass

from lianxin_schemas.events import (
    cases,
    leads,
    notices,
    petitions,
    ratings,
    responsibility,
    scores,
    seals,
    vault,
    visits,
)
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
    restricted: bool = False
    """Only its consumers may read it; the others are open to every subscriber system."""


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
        says="What residents ask for, and what they say of the reply",
        producers=("intake",),
        consumers=("assignment", "appraisal", "notify"),
        events=(petitions.PetitionRegistered, petitions.PetitionWithdrawalAsked, petitions.PetitionVerdictGiven),
    ),
    Topic(
        name="leads",
        says="Complaints about officials",
        producers=("intake",),
        consumers=("assignment",),
        events=(leads.ComplaintReceived,),
        partitions=8,
        restricted=True,
    ),
    Topic(
        name="vault",
        says="Who read personal data and why, and whose were erased",
        producers=("intake",),
        consumers=(),
        events=(vault.TextRevealed, vault.PersonErased),
        partitions=8,
        restricted=True,
    ),
    Topic(
        name="ratings",
        says="What people think of those who answer for them, in sums of five answers or more",
        producers=("intake",),
        consumers=("appraisal",),
        events=(ratings.RoundOpened, ratings.RoundClosed, ratings.RatingsReleased, ratings.MarkGiven),
    ),
    Topic(
        name="responsibility",
        says="Who answers for whom, and since when",
        producers=("assignment",),
        consumers=("intake", "appraisal"),
        events=(
            responsibility.RegionRegistered,
            responsibility.OfficeRegistered,
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
        consumers=("intake", "appraisal", "notify"),
        events=(
            cases.CaseOpened,
            cases.CaseAssigned,
            cases.CaseLimitSet,
            cases.CaseAccepted,
            cases.CaseDecided,
            cases.CaseReplied,
            cases.CaseReopened,
            cases.CaseClosed,
            cases.CaseWithdrawn,
        ),
    ),
    Topic(
        name="scores",
        says="What scores are made of",
        producers=("appraisal",),
        consumers=(),
        events=(scores.PolicyAdopted,),
        partitions=8,
    ),
    Topic(
        name="notices",
        says="Who was told what, once",
        producers=("notify",),
        consumers=(),
        events=(notices.NoticeRaised, notices.NoticeSent, notices.NoticeFailed, notices.NoticeGivenUp),
    ),
    Topic(
        name="seals",
        says="How far each log is in Kafka, whole",
        producers=SERVICES,
        consumers=SERVICES,
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
