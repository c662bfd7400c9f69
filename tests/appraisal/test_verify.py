"""verify, on a real broker: it finds nothing, and then bites (rules 10 and 11, A12)."""

import random
from collections.abc import Iterator

import pytest
from lianxin_schemas.events.visits import VisitWithdrawn, WithdrawalReason

from services.appraisal.settings import Settings
from services.appraisal.store import merge
from services.appraisal.verify import verify
from services.runtime.inbox import Message
from tests.appraisal.county import Broker, story
from tests.appraisal.given import (
    Published,
    Store,
    uid,
    visit,
)

SPACE_PARTITION = 5


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
