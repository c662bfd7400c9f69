"""A county in a quarter, and the broker that carries what it says."""

import random
from typing import Any

from kafka import KafkaProducer
from lianxin_schemas.events.petitions import Satisfaction, Solved
from lianxin_schemas.events.ratings import MarkLevel, RatingKind
from lianxin_schemas.events.responsibility import CadreRegistered, Rank, RegionLevel, ZoneDrawn, ZoneLevel
from lianxin_schemas.events.visits import VisitCorrected, VisitWithdrawn, WithdrawalReason

from services.appraisal.settings import Settings
from services.runtime import topics
from services.runtime.inbox import Message
from tests.appraisal.given import (
    assigned,
    at,
    limit,
    marked,
    opened,
    paired,
    region,
    registered,
    released,
    reopened,
    replied,
    term,
    uid,
    verdict,
    visit,
    withdrawn,
    zone,
)


def story(seed: random.Random) -> list[Any]:
    """A county in a quarter, with corrections and withdrawals."""
    found: list[object] = [zone("z-1", "c-1", "g-1"), CadreRegistered(cadre="c-1", office="o-1", rank=Rank.VILLAGE)]
    found += [term(f"c-{number}") for number in range(1, 7)]
    found += [paired(f"h-{number}", f"c-{number % 6 + 1}") for number in range(40)]
    for number in range(200):
        homes = {f"h-{seed.randrange(44)}" for _ in range(seed.randint(1, 3))}
        day = f"2026-0{seed.randint(1, 3)}-{seed.randint(10, 28)}"
        made = visit(number, f"c-{seed.randint(1, 6)}", day, *sorted(homes))
        found.append(made)
        if seed.random() < 0.2:
            found.append(visit(number, f"c-{seed.randint(1, 6)}", "2026-02-11", *made.households, kind=VisitCorrected))
        if seed.random() < 0.1:
            found.append(VisitWithdrawn(visit=uid(number), reason=WithdrawalReason.WRONG_PERSON))
    found += [region("141002", RegionLevel.COUNTY), region("141002100000", RegionLevel.TOWNSHIP, "141002")]
    found.append(ZoneDrawn(zone="z-1", level=ZoneLevel.GROUP, groups=("g-1",), region="141002100000"))
    for number in range(1, 7):
        counts = [seed.randint(1, 9) for _ in range(5)]
        found.append(released(number, f"c-{number}", *counts, kind=seed.choice(list(RatingKind))))
        found.append(marked(number, f"c-{number}", seed.randint(0, 100), seed.choice(list(MarkLevel))))
    for number in range(60):
        cadre = f"c-{seed.randint(1, 6)}"
        found.append(registered(number, complaint=seed.random() < 0.1, category=seed.choice(["03", "05.01"])))
        found.append([opened(number, f"2026-0{seed.randint(1, 3)}-03"), assigned(number, cadre)])
        found.append(limit(number, "2026-03-01 00:00"))
        if seed.random() < 0.8:
            found.append((replied(number, cadre), at(f"2026-0{seed.randint(2, 3)}-0{seed.randint(1, 9)} 09:00")))
            found.append(verdict(number, seed.choice(list(Solved)), seed.choice(list(Satisfaction))))
        elif seed.random() < 0.3:
            found.append(withdrawn(number, "2026-02-20 09:00"))
        if seed.random() < 0.2:
            found += [reopened(number, cadre), limit(number, "2026-06-01 00:00")]
    return found


class Broker:
    """Sends messages to the topics at the offsets they carry."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        topics.apply(settings)
        self.producer = KafkaProducer(bootstrap_servers=settings.kafka, acks="all")

    def send(self, messages: list[Message]) -> None:
        sent = [
            self.producer.send(self.settings.topic(message.topic), message.value, partition=message.partition)
            for message in messages
        ]
        for message, future in zip(messages, sent, strict=True):
            assert future.get(30).offset == message.offset
