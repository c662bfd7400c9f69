"""The table of topics holds together, and keys fall where Kafka's own partitioner puts them."""

import random
import re
import string
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lianxin_schemas import codec, upcast
from lianxin_schemas.envelope import Source
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.responsibility import (
    CadreRegistered,
    Care,
    HouseholdRegistered,
    PairingStarted,
    Rank,
    ZoneLeaderSet,
)
from lianxin_schemas.events.vault import Datum, PersonKind, RevealReason, TextRevealed
from lianxin_schemas.generate import ROOT, versions
from lianxin_schemas.ids import rfc3339
from lianxin_schemas.partition import murmur2, murmur2_all, partition_of
from lianxin_schemas.topics import BY_NAME, EVENTS, SERVICES, TOPIC_OF, TOPICS, Topic, consumed_by, produced_by

PAST = re.compile(r"^[a-z]+(_[a-z]+)*\.(?:[a-z]+_)*(?:[a-z]+ed|set|drawn|withdrawn|sent|given(?:_up)?)$")


def leaves(kind: type[Event]) -> list[type[Event]]:
    """The events below a kind that have a name of their own."""
    below = [leaf for child in kind.__subclasses__() for leaf in leaves(child)]
    own = [kind] if "name" in vars(kind) and kind.__module__.startswith("lianxin_schemas.") else []
    return own + below


def test_every_event_belongs_to_exactly_one_topic() -> None:
    carried = [event for topic in TOPICS for event in topic.events]

    assert len(carried) == len(set(carried)) == len(TOPIC_OF)
    assert set(carried) == set(leaves(Event))


def test_no_two_events_share_a_type() -> None:
    assert len(EVENTS) == len(TOPIC_OF)


@pytest.mark.parametrize("event", TOPIC_OF, ids=lambda event: event.__name__)
def test_an_event_is_named_in_the_past_tense_and_for_its_class(event: type[Event]) -> None:
    spoken = "".join(part.capitalize() for part in re.split(r"[._]", event.name))

    assert PAST.match(event.name)
    assert event.__name__ == spoken
    assert event.type() == f"lianxin.{event.name}.v{event.version}"
    assert event.__doc__


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_topic_is_written_by_services_and_read_by_services_or_subscribers_alone(topic: Topic) -> None:
    assert topic.producers
    assert {*topic.producers, *topic.consumers} <= set(SERVICES)
    assert re.fullmatch(r"[a-z]+", topic.name)
    assert topic.says
    assert topic.partitions >= 1


def test_topics_are_found_by_name_and_by_service() -> None:
    assert {topic.name: topic for topic in TOPICS} == BY_NAME
    for service in SERVICES:
        assert all(service in topic.producers for topic in produced_by(service))
        assert all(service in topic.consumers for topic in consumed_by(service))


def test_facts_are_kept_for_ever() -> None:
    assert {topic.retention_ms for topic in TOPICS} == {-1}


def test_every_older_version_has_a_step_to_the_next_and_its_schema() -> None:
    for event in TOPIC_OF:
        for name in versions(event)[:-1]:
            assert upcast.newest(f"lianxin.{name}") == event.type()
            assert (ROOT / f"json/{name}.json").exists()


def test_every_step_ends_at_an_event() -> None:
    assert {upcast.newest(type_) for type_ in upcast.STEPS} <= EVENTS.keys()


def test_z2_a_pairing_and_a_leader_are_kept_in_the_order_of_their_household_and_zone() -> None:
    since = date(2026, 1, 1)

    assert PairingStarted(household="h-000123", cadre="c-0001", since=since).stream == "household-h-000123"
    assert ZoneLeaderSet(zone="z-01", cadre="c-0001", since=since).stream == "zone-z-01"


def test_r4_a_household_is_known_by_its_opaque_id_alone_and_of_its_needs_the_weight() -> None:
    assert set(EVENTS["lianxin.household.registered.v1"].model_fields) == {"household", "group", "care"}
    assert list(Care) == ["none", "some", "much"]


def test_r3_r4_events_from_before_strengths_and_care_mean_none() -> None:
    cadre = codec.parse("lianxin.cadre.registered.v1", {"cadre": "c-0001", "office": "o-0001", "rank": "village"})
    household = codec.parse("lianxin.household.registered.v1", {"household": "h-000123", "group": "g-0001"})

    assert cadre == CadreRegistered(cadre="c-0001", office="o-0001", rank=Rank.VILLAGE, strengths=())
    assert household == HouseholdRegistered(household="h-000123", group="g-0001", care=Care.NONE)


def test_p1_what_happens_to_a_households_data_is_no_stream_of_the_register() -> None:
    read = TextRevealed(
        person="h-1", kind=PersonKind.HOUSEHOLD, datum=Datum.CARE, by="c-1", reason=RevealReason.HANDLING
    )

    assert read.stream == "home-h-1"


def test_a4_whoever_is_credited_stands_in_the_event_itself() -> None:
    handled = [EVENTS[f"lianxin.case.{what}.v1"] for what in ("assigned", "accepted", "decided", "replied")]

    assert all(event.model_fields["credit"].is_required() for event in handled)


def test_c3a_a_limit_explains_itself_by_at_least_one_line() -> None:
    because = EVENTS["lianxin.case.limit_set.v1"].model_json_schema()["properties"]["because"]

    assert because["minItems"] == 1


def test_v3_a_correction_carries_the_whole_visit() -> None:
    logged, corrected = EVENTS["lianxin.visit.logged.v1"], EVENTS["lianxin.visit.corrected.v1"]

    assert list(corrected.model_fields) == list(logged.model_fields)


def keys(count: int) -> list[str]:
    seeded = random.Random(20261123)
    alphabet = string.ascii_lowercase + string.digits + "-连心"
    return ["".join(seeded.choices(alphabet, k=seeded.randrange(0, 70))) for _ in range(count)]


@pytest.mark.filterwarnings("ignore:(read|open)_text is deprecated:DeprecationWarning")
def test_a_key_falls_where_kafkas_own_partitioner_puts_it() -> None:
    # Imported here, for the import itself warns.
    from kafka.partitioner.default import murmur2 as kafkas_murmur2

    for key in keys(1000):
        hashed = kafkas_murmur2(key.encode())

        assert murmur2(key.encode()) == hashed % 2**32
        for count in (1, 24, 1000):
            assert partition_of(key, count) == (hashed & 0x7FFFFFFF) % count


@pytest.mark.parametrize(
    ("key", "hashed"),
    [(b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536), (b"abc", 479470107)],
)
def test_the_hash_is_the_one_that_kafkas_own_tests_name(key: bytes, hashed: int) -> None:
    assert murmur2(key) == hashed % 2**32


def test_equal_keys_share_a_partition_and_many_keys_use_all() -> None:
    used = {partition_of(key, 24) for key in keys(1000)}

    assert used == set(range(24))


@pytest.mark.parametrize(
    "source",
    [Source("lianxin", "intake", 1), Source("test-7f", "assignment", 999_999_999)],
    ids=str,
)
def test_a_source_reads_back_from_its_wire_form(source: Source) -> None:
    assert Source.parse(str(source)) == source


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lianxin/intake/1",
        "/lianxin/intake",
        "/lianxin/intake/0",
        "/lianxin/intake/01",
        "/lianxin/intake/-1",
        "/lianxin/intake/1/2",
        "/lianxin/Intake/1",
        "/lian xin/intake/1",
        "/lianxin/intake/1000000000",
        " /lianxin/intake/1",
        "/lianxin/intake/1\n",
        "/lianxin/intake/1٢",
    ],
)
def test_what_is_no_source_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a source"):
        Source.parse(text)


def test_a_moment_has_one_spelling_in_an_envelope() -> None:
    assert rfc3339(datetime(2026, 2, 3, tzinfo=UTC)) == "2026-02-03T00:00:00.000000Z"


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_many_keys_are_hashed_as_each_by_itself(keys: list[bytes]) -> None:
    assert murmur2_all(keys) == [murmur2(key) for key in keys]
