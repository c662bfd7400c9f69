"""The projection: newest states whatever the order, the same again changes nothing, rebuild and verify (rules 9-11)."""

import random
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from kafka import KafkaProducer
from lianxin_schemas.events import cases, responsibility

from services.intake.projections import PROJECTION, fold
from services.intake.settings import Settings
from services.intake.store.tables import merge
from services.intake.verifying import verify
from services.runtime import rebuild, topics
from services.runtime.inbox import Inbox, Message, State
from tests.intake.given import REGION, Projected, begun, drawn, make, replied
from tests.servers import Addresses


@pytest.fixture
def apart(servers: Addresses) -> Iterator[Projected]:
    """A space of its own; its topics are not made."""
    made = Projected(make(servers))
    yield made
    made.close()


def story() -> list[Any]:
    """A village with an office, a zone whose leader changes, and cases at every stage."""
    found: list[Any] = [
        responsibility.RegionRegistered(region=REGION, level=responsibility.RegionLevel.VILLAGE, parent=REGION[:6]),
        responsibility.OfficeRegistered(office="o-1", sector=responsibility.Sector.OTHER, region=REGION),
        drawn("z-1", None),
        drawn("z-1", groups=("g-1", "g-2")),
        responsibility.ZoneLeaderSet(zone="z-1", cadre="c-1", since=date(2025, 1, 1)),
        responsibility.ZoneLeaderEnded(zone="z-1", cadre="c-1", since=date(2025, 1, 1), until=date(2026, 1, 31)),
        responsibility.ZoneLeaderSet(zone="z-1", cadre="c-2", since=date(2026, 2, 1)),
        responsibility.HouseholdRegistered(household="h-1", group="g-9"),
        responsibility.HouseholdRegistered(household="h-1", group="g-1", care=responsibility.Care.SOME),
        responsibility.PairingStarted(household="h-1", cadre="c-3", since=date(2025, 1, 1)),
        responsibility.PairingStarted(household="h-1", cadre="c-4", since=date(2025, 1, 1)),
        responsibility.PairingEnded(household="h-1", cadre="c-3", since=date(2025, 1, 1), until=date(2025, 12, 31)),
        responsibility.TermStarted(cadre="c-3", since=date(2024, 1, 1)),
        responsibility.TermEnded(cadre="c-3", since=date(2024, 1, 1), until=date(2026, 6, 30)),
    ]
    for number in range(1, 5):
        petition = uuid.UUID(int=number, version=4)
        found += [*begun(petition), *(replied(petition, f"t-{number}") if number % 2 else [])]
    found.append(cases.CaseClosed(petition=uuid.UUID(int=1, version=4), because=cases.Closing.VERDICT))
    return found


def test_newest_states_stand_and_the_same_again_changes_nothing(apart: Projected) -> None:
    messages = apart.hears(*story())
    tables = apart.tables()
    assert tables["zone"] == [("z-1", 2, "village", REGION, ["g-1", "g-2"])]
    assert tables["household"] == [("h-1", 2, "g-1")]
    assert tables["pairing"] == [
        ("h-1", "c-3", date(2025, 1, 1), 5, date(2025, 12, 31)),
        ("h-1", "c-4", date(2025, 1, 1), 4, None),
    ]
    assert tables["term"] == [("c-3", date(2024, 1, 1), 2, date(2026, 6, 30))]
    assert [row[1:] for row in tables["zone_leader"]] == [
        ("c-1", date(2025, 1, 1), 4, date(2026, 1, 31)),
        ("c-2", date(2026, 2, 1), 5, None),
    ]
    assert tables["office"] == [("o-1", 1, "other", REGION)]
    assert tables["region"] == [(REGION, 1, "village", REGION[:6])]
    assert len(tables["case_event"]) == 4 * 3 + 2 * 3 + 1
    assert not apart.take(messages).applied
    assert apart.tables() == tables
    apart.apply_again(messages)
    assert apart.tables() == tables


@pytest.mark.parametrize("seed", range(5))
def test_rows_do_not_depend_on_the_order_of_arrival(apart: Projected, seed: int) -> None:
    messages = apart.log.all(*story())
    inbox = Inbox(PROJECTION.name, apart.settings.space, PROJECTION.kinds)
    received = inbox.sort(messages, State(), {}).applied
    apart.take(messages)
    whole = apart.tables()
    for table in whole:
        apart.query(f"DELETE FROM {table}")
    shuffled = random.Random(seed).sample(received, len(received))
    while shuffled:  # versions of one key come backwards too, in one batch and over batches
        batch, shuffled = shuffled[:7], shuffled[7:]
        for name, rows in fold(batch).items():
            sql, parameters = merge(name, rows)
            apart.query(sql, *parameters)
    assert apart.tables() == whole


def send(settings: Settings, messages: list[Message]) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.kafka, acks="all")
    try:
        for message in messages:
            topic = settings.topic(message.topic)
            sent = producer.send(topic, message.value, partition=message.partition)
            assert sent.get(30).offset == message.offset
    finally:
        producer.close()


def test_verify_finds_nothing_and_then_bites_and_rebuild_mends(apart: Projected) -> None:
    topics.apply(apart.settings)
    messages = apart.log.all(*story())
    faulty = apart.log.one(drawn("z-9"))
    assert faulty.value
    broken = Message(faulty.topic, faulty.partition, faulty.offset, faulty.value.replace(b'"village"', b'"hamlet"'))
    behind = apart.log.one(drawn("z-9"))
    noise = apart.log.carry((faulty.topic, faulty.partition), b"{")
    sent = [*messages, broken, behind, noise]
    send(apart.settings, sent)
    result = apart.take(sent)
    assert sorted(item.reason for item in result.parked) == ["invalid-data", "no-envelope"]
    assert len(result.behind) == 1
    assert verify(apart.settings) == []
    whole = apart.tables()

    later = apart.log.all(drawn("z-2"))
    send(apart.settings, later)  # beyond the marks: none of verify's business
    assert verify(apart.settings) == []
    apart.take(later)

    apart.query("UPDATE office SET region = '990101'")
    assert verify(apart.settings) == [
        "office: live alone has ('o-1', 1, 'other', '990101')",
        f"office: refolded alone has ('o-1', 1, 'other', '{REGION}')",
    ]
    apart.query("UPDATE zone SET groups = '[]'")
    apart.query("UPDATE household SET of_group = 'g-2'")
    apart.query("UPDATE pairing SET until = NULL")
    apart.query("DELETE FROM term")
    tables = Counter(sentence.partition(":")[0] for sentence in verify(apart.settings))
    assert tables == {"zone": 2, "household": 2, "pairing": 2, "term": 1, "office": 2}
    apart.query("DELETE FROM case_event WHERE version > 1")
    assert verify(apart.settings)[-1] == f"and {4 * 2 + 2 * 3 + 1 + 9 - 20} more"
    apart.query("INSERT INTO zone SELECT 'z-x' || n, 1, 'village' FROM generate_series(1, 30) n")
    assert verify(apart.settings)[-1].startswith("and ")

    apart.runner.run(rebuild.rebuild(apart.settings, "intake", PROJECTION, lambda _done, _of: None))
    assert verify(apart.settings) == []
    assert apart.tables() == {**whole, "zone": sorted([*whole["zone"], ("z-2", 1, "village", REGION, [])])}
