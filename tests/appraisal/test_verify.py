"""verify, and rebuild under a running receiver, on a real broker (rules 10 and 11, A12)."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaProducer
from lianxin_schemas.events.petitions import Satisfaction, Solved
from lianxin_schemas.events.ratings import MarkLevel, RatingKind
from lianxin_schemas.events.responsibility import CadreRegistered, Rank, RegionLevel, ZoneDrawn, ZoneLevel
from lianxin_schemas.events.visits import VisitCorrected, VisitWithdrawn, WithdrawalReason

from services.appraisal.projections import PROJECTION
from services.appraisal.settings import Settings
from services.appraisal.store import merge
from services.appraisal.verify import verify
from services.runtime import rebuild, topics
from services.runtime.inbox import Message
from services.runtime.receiver import Moved
from tests.appraisal.given import (
    Published,
    Store,
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

SPACE_PARTITION = 5


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


@pytest.fixture
def broker(installation: Settings) -> Iterator[Broker]:
    made = Broker(installation)
    yield made
    made.producer.close()


@pytest.fixture
def store(installation: Settings) -> Iterator[Store]:
    made = Store(installation)
    yield made
    made.close()


def test_A12_verify_finds_nothing_and_then_bites(store: Store, broker: Broker) -> None:
    log = Published(store.settings.space)
    messages = log.all(*story(random.Random(1)))
    broken = log.carry(("visits", SPACE_PARTITION), b"{")
    refused = log.one(visit(900, "c-1", "2026-03-02", "h-1"))
    behind = log.one(VisitWithdrawn(visit=uid(900), reason=WithdrawalReason.ENTERED_TWICE))
    assert refused.value
    bytes_ = refused.value.replace(b'"purpose":"routine"', b'"purpose":"unheard"')
    faulty = Message(refused.topic, refused.partition, refused.offset, bytes_)
    sent = [*messages, broken, faulty, behind]
    broker.send(sent)
    result = store.take(sent)
    assert [item.reason for item in result.parked] == ["no-envelope", "invalid-data"]
    assert len(result.behind) == 1
    assert verify(store.settings) == []

    later = log.all(visit(901, "c-1", "2026-03-02", "h-1"))
    broker.send(later)  # beyond the marks: none of verify's business
    assert verify(store.settings) == []
    store.take(later)

    store.query("UPDATE visit SET cadre = 'c-9' WHERE visit = %s", uid(901))
    [sentence] = verify(store.settings)
    assert sentence == f"visit {uid(901)}: live cadre = c-9, refolded cadre = c-1"
    store.query("UPDATE visit SET cadre = 'c-1' WHERE visit = %s", uid(901))

    store.query("UPDATE case_tally SET in_time = in_time + 1 WHERE kind = 'cadre' AND subject = 'c-2'")
    found = verify(store.settings)
    assert found[0].startswith("case_tally cadre c-2 2026-01-01: live in_time = ")
    [scored] = [sentence for sentence in found if sentence.startswith("score of cadre c-2 in 2026: ")]
    assert "petitions_in_time/2 live " in scored
    assert "first live " in scored
    assert "three-dimensions live " in scored
    assert "satisfaction live " not in scored
    store.query("UPDATE case_tally SET in_time = in_time - 1 WHERE kind = 'cadre' AND subject = 'c-2'")

    store.query("UPDATE region SET level = 'village' WHERE level = 'township'")
    found = verify(store.settings)
    assert found[0] == "region 141002100000: live level = village, refolded level = township"
    assert [sentence.split(":")[0] for sentence in found[1:3]] == [
        "township  in 2026",
        "township 141002100000 in 2026",
    ]
    store.query("UPDATE region SET level = 'township' WHERE level = 'village'")

    store.query("UPDATE rating SET counts[5] = counts[5] + 1")
    assert any("zone_rating/" in sentence for sentence in verify(store.settings))
    store.query("UPDATE rating SET counts[5] = counts[5] - 1")
    assert verify(store.settings) == []

    store.query("DELETE FROM household")
    found = verify(store.settings)
    assert len(found) == 21
    assert found[0] == "household h-0: live nothing, refolded version = 1, grp = g-1"
    assert found[-1].startswith("and ")


def test_A12_rebuild_under_a_running_receiver(store: Store, broker: Broker) -> None:
    log = Published(store.settings.space)
    first = log.all(*story(random.Random(2)))
    broker.send(first)
    store.take(first)
    before = store.tables()
    store.query("UPDATE visit_tally SET visits = 77")
    assert verify(store.settings)

    late = log.all(visit(950, "c-1", "2026-03-02", "h-5"), visit(950, "c-2", "2026-03-03", "h-6", kind=VisitCorrected))
    store.take(late[:1])  # the live process is ahead of the topics that the rebuild reads
    work = rebuild.rebuild(store.settings, "appraisal", PROJECTION, lambda _done, _of: None)
    assert store.runner.run(work) == len(first)
    assert store.tables() == before

    broker.send(late)
    with pytest.raises(Moved):
        store.take(late[1:])
    bookmarks = store.runner.run(store.receiver.start())
    assert bookmarks["visits", late[0].partition] == late[0].offset
    store.settles(late)
    assert verify(store.settings) == []
    store.runner.run(rebuild.rebuild(store.settings, "appraisal", PROJECTION, lambda _done, _of: None))
    assert verify(store.settings) == []


def test_A12_a_rebuild_by_two_processes_comes_to_the_same(store: Store, broker: Broker) -> None:
    log = Published(store.settings.space)
    messages = log.all(*story(random.Random(3)))
    broker.send(messages)
    store.take(messages)
    before = store.tables()
    store.query("UPDATE visit_tally SET visits = 77")

    work = rebuild.rebuild(store.settings, "appraisal", PROJECTION, lambda _done, _of: None, processes=2)
    assert store.runner.run(work) == len(messages)

    assert store.tables() == before
    assert verify(store.settings) == []


def test_A12_rows_that_were_staged_and_rows_that_went_along_are_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = Published(store.settings.space).all(*story(random.Random(4)))
    found = []
    for few in (0, 1_000_000):
        monkeypatch.setattr(merge, "FEW", few)
        store.empty()
        store.apply_again(messages)
        found.append(store.tables())
    assert found[0] == found[1]
    assert found[0]["visit"]
    assert found[0]["case_fact"]
