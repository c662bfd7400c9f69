"""What lies outside a lane, what is aside, and what came early: the cases by name (protocol rules 9-11)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from lianxin_schemas.events.petitions import PetitionRegistered
from lianxin_schemas.events.visits import VisitLogged
from lianxin_schemas.partition import partition_of
from lianxin_schemas.topics import BY_NAME

from services.runtime.inbox import REREAD_AFTER, Earlies, Inbox, Lane, Outcome, Sorted, State
from tests.runtime.making import SPACE, logged, message, petition, raw, visits_in, wire, withdrawn

PLACE = 5
VISITS = visits_in(PLACE, 4)
LANE = Lane(f"/{SPACE}/intake/1", "visits", PLACE)
INBOX = Inbox("test", SPACE, frozenset({VisitLogged}))


def changed(**fields: Any) -> bytes:
    """The first message of the lane with other envelope fields."""
    return json.dumps(json.loads(wire(logged(VISITS[0]), 1)) | fields).encode()


WHOLE = wire(logged(VISITS[0]), 1)
OUTSIDE: dict[str, tuple[bytes | None, str]] = {
    "no value": (None, "no-envelope"),
    "empty": (b"", "no-envelope"),
    "no JSON": (b"visit", "no-envelope"),
    "NUL": (b"\0", "no-envelope"),
    "NUL in JSON": (WHOLE.replace(b"intake", b"in\0take"), "no-envelope"),
    "no UTF-8": (WHOLE.replace(b"intake", b"in\xff"), "no-envelope"),
    "truncated": (WHOLE[:-1], "no-envelope"),
    "1 MiB of nothing": (b"[" * 2**20, "no-envelope"),
    "1 MiB string": (b'"' + b"a" * 2**20 + b'"', "no-envelope"),
    "number 0": (changed(lanenumber=0), "no-envelope"),
    "number -1": (changed(lanenumber=-1), "no-envelope"),
    "number too large for a double": (changed(lanenumber=2**53 + 1), "no-envelope"),
    "number as text": (changed(lanenumber="x"), "no-envelope"),
    "digits without end": (WHOLE.replace(b'"lanenumber":1', b'"lanenumber":' + b"1" * 9_999), "no-envelope"),
    "no source": (changed(source="intake"), "no-envelope"),
    "another space": (changed(source="/other/intake/1"), "wrong-source"),
    "a service that does not write here": (changed(source=f"/{SPACE}/assignment/1"), "wrong-source"),
    "a service there is not": (changed(source=f"/{SPACE}/nobody/1"), "wrong-source"),
    "another partition": (wire(logged(visits_in(PLACE + 1, 1)[0]), 1), "wrong-partition"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_rule_11_a_message_outside_any_lane_parks_alone_and_blocks_nothing(name: str) -> None:
    value, reason = OUTSIDE[name]
    around = [message(logged(visit), number) for number, visit in enumerate(VISITS, 1)]
    result = INBOX.sort([around[0], raw(value, 77, PLACE), *around[1:]], State(), {})
    assert [(item.message.offset, item.reason, item.lane, item.key) for item in result.parked] == [
        (77, reason, None, None)
    ]
    assert len(result.applied) == 4
    assert result.behind == []
    assert result.keys == set()
    assert result.marks == {LANE: 4}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda value: value.replace(b"logged.v1", b"logged.v2"), "unknown-type"),
        (lambda value: value.replace(b"visit.logged.v1", b"visit.sung.v1"), "unknown-type"),
        (lambda value: value.replace(b'"purpose":"care"', b'"purpose":"whim"'), "invalid-data"),
        (lambda value: value.replace(b'"data":{', b'"data":{"note":"x",'), "invalid-data"),
        (lambda value: value.replace(f'"visit":"{VISITS[0]}"'.encode(), b'"visit":"' + b"0" * 36 + b'"'), None),
        (lambda value: value.replace(f'"visit":"{VISITS[0]}"'.encode(), f'"visit":"{VISITS[1]}"'.encode()), None),
    ],
)
def test_rule_11_what_cannot_be_read_parks_with_its_key(spoil: Callable[[bytes], bytes], reason: str | None) -> None:
    spoilt = spoil(WHOLE)
    assert spoilt != WHOLE
    others = [message(logged(visit), n) for n, visit in [(2, VISITS[1]), (3, VISITS[0]), (4, VISITS[2])]]
    result = INBOX.sort([raw(spoilt, 0, PLACE), *others], State(), {})
    [parked] = result.parked
    assert (parked.lane, parked.number, parked.key) == (LANE, 1, f"visit-{VISITS[0]}")
    assert parked.reason == (reason or parked.reason)
    assert [received.envelope.lanenumber for received in result.applied] == [2, 4]
    assert [(item.number, item.reason) for item in result.behind] == [(3, "behind")]
    assert result.marks == {LANE: 4}


def test_rule_10_a_known_kind_that_is_not_handled_moves_the_mark_and_does_nothing_else() -> None:
    result = INBOX.sort([message(withdrawn(VISITS[0]), 1), message(logged(VISITS[0]), 2)], State(), {})
    assert result.counts == {Outcome.NOT_APPLICABLE: 1, Outcome.APPLIED: 1}
    assert (result.parked, result.marks) == ([], {LANE: 2})


def test_rule_9_offsets_neither_drop_nor_stop_anything() -> None:
    offsets = [90, 7, 7, 3]
    messages = [message(logged(visit), n, offsets[n - 1]) for n, visit in enumerate(VISITS, 1)]
    result = INBOX.sort(messages, State(), {})
    assert len(result.applied) == 4
    assert result.ends == {("visits", PLACE): 4}


def test_rule_9_early_is_not_applied_and_its_lowest_offset_is_remembered() -> None:
    early = [message(logged(VISITS[0]), 3, 12), message(logged(VISITS[1]), 5, 13), message(logged(VISITS[2]), 2, 9)]
    result = INBOX.sort(early, State(), {})
    assert (result.applied, result.marks) == ([], {})
    assert result.early == {LANE: (9, 5)}
    assert result.counts == {Outcome.EARLY: 3}


def test_rule_11_numbers_aside_are_left_out_and_only_those_that_still_block_hold_their_key() -> None:
    messages = [message(logged(VISITS[n % 2]), n) for n in range(1, 7)]  # odd and even numbers: a key each
    result = INBOX.sort(messages, State(aside={(LANE, 1): False, (LANE, 2): True, (LANE, 4): True}), {})
    assert [received.envelope.lanenumber for received in result.applied] == [3, 5]
    assert [item.number for item in result.behind] == [6], "a later one of the blocked key queues"
    assert (result.parked, result.marks) == ([], {LANE: 6})
    assert result.counts == {Outcome.APPLIED: 2, Outcome.PARKED: 4}


def test_rule_9_a_duplicate_trusts_the_mark_that_was_known_and_one_of_the_same_batch_needs_none() -> None:
    known = INBOX.sort([message(logged(VISITS[0]), 1)], State(marks={LANE: 1}), {})
    assert (known.counts, known.trusted) == ({Outcome.DUPLICATE: 1}, {LANE: 1})
    again = INBOX.sort([message(logged(VISITS[0]), 1)] * 2, State(), {})
    assert (again.counts, again.trusted) == ({Outcome.APPLIED: 1, Outcome.DUPLICATE: 1}, {})


def test_rule_13_what_lies_beyond_the_end_of_a_lane_parks_alone() -> None:
    messages = [message(logged(visit), number) for number, visit in enumerate(VISITS[:3], 1)]
    result = INBOX.sort(messages, State(ends={LANE: 2}), {})
    assert [received.envelope.lanenumber for received in result.applied] == [1, 2]
    assert [(each.reason, each.lane, each.key) for each in result.parked] == [("after-the-end", None, None)]
    assert result.counts == {Outcome.APPLIED: 2, Outcome.PARKED: 1}
    assert result.marks == {LANE: 2}


def test_rule_11_a_kind_on_a_topic_that_is_not_its_own_parks_with_its_key() -> None:
    event = petition()
    value = wire(event, 1)
    partition = partition_of(event.stream, BY_NAME["visits"].partitions)
    inbox = Inbox("test", SPACE, frozenset({PetitionRegistered}))
    [parked] = inbox.sort([raw(value, 0, partition)], State(), {}).parked
    assert (parked.reason, parked.number, parked.key) == ("wrong-topic", 1, event.stream)


def test_two_batches_one_after_the_other_are_what_both_came_to() -> None:
    other = Lane(LANE.source, "visits", PLACE + 1)
    first = INBOX.sort([message(logged(VISITS[0]), 1, 0), raw(b"", 1, PLACE)], State(marks={other: 3}), {})
    first.trusted, first.early, first.keys = {LANE: 1, other: 1}, {LANE: (1, 5)}, {("visits", "a")}
    first.ends["visits", 0] = 7
    then = [message(logged(VISITS[0]), 1, 2), message(logged(VISITS[1]), 2, 3), raw(b"", 4, PLACE)]
    second = INBOX.sort(then, State(marks={LANE: 1}), {})
    second.trusted, second.early, second.keys = {LANE: 2}, {other: (9, 9)}, {("visits", "b")}
    second.marks[other] = 4
    both = first.then(second)
    assert both.applied == first.applied + second.applied
    assert both.parked == first.parked + second.parked
    assert both.marks == {LANE: 2, other: 4}
    assert both.early == {LANE: (1, 5), other: (9, 9)}
    assert both.ends == {("visits", PLACE): 5, ("visits", 0): 7}
    assert both.keys == {("visits", "b")}, "the later one began with those of the first"
    assert both.trusted == {LANE: 1, other: 1}, "the mark that was there before both"
    assert both.counts == {Outcome.APPLIED: 2, Outcome.PARKED: 2, Outcome.DUPLICATE: 1}


def test_one_partition_holds_lanes_of_several_incarnations_apart() -> None:
    messages = [message(logged(VISITS[0]), 1), message(logged(VISITS[1]), 1, incarnation=2)]
    result = INBOX.sort(messages, State(), {})
    assert sorted(lane.source for lane in result.marks) == [f"/{SPACE}/intake/1", f"/{SPACE}/intake/2"]


# -- Earlies: bookmarks stay, partitions are read again


def early(offset: int, number: int, lane: Lane = LANE) -> Sorted:
    return Sorted(early={lane: (offset, number)})


def test_rule_9_the_bookmark_stays_before_the_first_early_until_the_missing_ones_came() -> None:
    earlies = Earlies()
    earlies.note(early(20, 6), {LANE: 3}, now=0)
    earlies.note(early(15, 5), {LANE: 3}, now=1)
    assert earlies.bookmark("visits", PLACE, 40) == 15
    assert earlies.bookmark("visits", PLACE, 10) == 10
    assert earlies.bookmark("visits", PLACE + 1, 40) == 40
    earlies.note(Sorted(marks={LANE: 5}), {LANE: 5}, now=2)
    assert earlies.bookmark("visits", PLACE, 40) == 15, "6 has not been applied yet"
    earlies.note(Sorted(marks={LANE: 6}), {LANE: 6}, now=3)
    assert (earlies.bookmark("visits", PLACE, 40), len(earlies)) == (40, 0)


def test_rule_9_a_partition_without_progress_is_due_after_ten_seconds_then_after_twice_as_long_each_time() -> None:
    earlies = Earlies()
    earlies.note(early(20, 6), {}, now=100)
    due = [second for second in range(100, 300) if earlies.due(float(second))]
    assert due == [100 + REREAD_AFTER, 100 + 3 * REREAD_AFTER, 100 + 7 * REREAD_AFTER, 100 + 15 * REREAD_AFTER]


def test_rule_9_progress_starts_the_wait_anew_and_another_lane_s_does_not() -> None:
    other = Lane(LANE.source, "visits", PLACE + 1)
    earlies = Earlies()
    earlies.note(early(20, 6), {}, now=0)
    earlies.note(early(8, 3, other), {}, now=0)
    assert earlies.due(10) == {("visits", PLACE), ("visits", PLACE + 1)}
    earlies.note(Sorted(marks={LANE: 2}), {LANE: 2}, now=12)
    assert earlies.due(21.9) == set()
    assert earlies.due(22) == {("visits", PLACE)}
    assert earlies.due(30) == {("visits", PLACE + 1)}


def test_a_resend_of_the_same_early_does_not_put_off_the_rereading() -> None:
    earlies = Earlies()
    for second in range(10):
        earlies.note(early(20 + second, 6), {}, now=second)
    assert earlies.due(10) == {("visits", PLACE)}


def test_forgotten_earlies_hold_no_bookmark() -> None:
    earlies = Earlies()
    earlies.note(early(20, 6), {}, now=0)
    earlies.forget()
    assert (earlies.bookmark("visits", PLACE, 40), earlies.due(1_000.0)) == (40, set())
