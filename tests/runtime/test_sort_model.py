"""The rule of lanes against a plain model of it (protocol rules 9-11): whatever arrives, in whatever order and batches.

A story says what every number of every lane holds, in which order numbers arrive, and where batches are cut.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from lianxin_schemas.events.visits import VisitCorrected, VisitLogged

from services.runtime.inbox import Inbox, Lane, Message, Outcome, State
from tests.runtime.making import SPACE, corrected, logged, message, raw, sealed, visits_in, withdrawn

INBOX = Inbox("test", SPACE, frozenset({VisitLogged, VisitCorrected}))
GARBAGE = (None, b"", b"\0", b"{", b"[]", b'{"specversion":"1.0"}')
FATES = ("handled", "handled", "handled", "unhandled", "unknown", "invalid", "refused")
LANES = (
    ("intake", 1, "visits", 0),
    ("intake", 2, "visits", 0),
    ("intake", 1, "visits", 1),
    ("intake", 1, "seals", 0),
    ("assignment", 1, "seals", 0),
)
LONGEST = 6


@dataclass
class Story:
    """`content` gives key and fate of every number; `arrivals` are (lane, number), or (-1, n) for garbage n."""

    content: dict[tuple[int, int], tuple[int, str]]
    arrivals: list[tuple[int, int]]
    cuts: set[int]

    def refused(self) -> dict[tuple[Lane, int], str]:
        return {(lane(at), n): "unfit" for (at, n), (_, fate) in self.content.items() if fate == "refused"}


@dataclass
class Played:
    """What came of a story: everything that was settled, in order, and what the consumer keeps."""

    state: State = field(default_factory=State)
    applied: list[tuple[Lane, int, str]] = field(default_factory=list)
    parked: dict[tuple[Lane, int], str] = field(default_factory=dict)
    alone: int = 0
    counts: Counter[Outcome] = field(default_factory=Counter)
    offsets: list[int] = field(default_factory=list)
    """When each of `applied` came."""
    blocked: list[tuple[tuple[str, str | None], int]] = field(default_factory=list)
    """Topic and key that were parked, and when."""


def lane(at: int) -> Lane:
    service, incarnation, topic, partition = LANES[at]
    return Lane(f"/{SPACE}/{service}/{incarnation}", topic, partition)


@cache
def bytes_of(at: int, number: int, key: int, fate: str) -> Message:
    """A message of a lane; a seal has one key only, its log."""
    service, incarnation, topic, partition = LANES[at]
    origin: dict[str, Any] = {"service": service, "incarnation": incarnation}
    if topic == "seals":
        found = message(sealed(service), number, **origin)
    else:
        visit = visits_in(partition, 3)[key]
        event = withdrawn(visit) if fate == "unhandled" else logged(visit) if key else corrected(visit)
        found = message(event, number, **origin)
    value = found.value or b""
    if fate == "unknown":
        value = value.replace(b".v1", b".v9")
    if fate == "invalid":
        value = value.replace(b'"data":{', b'"data":{"surplus":1,')
    return raw(value, number, found.partition, found.topic)


@st.composite
def stories(draw: st.DrawFn, lanes: tuple[int, ...] = tuple(range(len(LANES)))) -> Story:
    ends = [draw(st.integers(0, LONGEST)) if at in lanes else 0 for at in range(len(LANES))]
    places = [(at, number) for at, end in enumerate(ends) for number in range(1, end + 1)]
    content = {}
    for at, number in places:
        fates = [f for f in FATES if LANES[at][2] == "visits" or f != "unhandled"]
        content[at, number] = (draw(st.integers(0, 2)), draw(st.sampled_from(fates)))
    anything = [*places, *((-1, n) for n in range(len(GARBAGE)))]
    arrivals = draw(st.lists(st.sampled_from(anything), max_size=40))
    # In the end all is there in order, as when the partitions are read once more from their start.
    arrivals += places
    return Story(content, arrivals, draw(st.sets(st.integers(1, len(arrivals) or 1))))


def play(story: Story, state: State | None = None) -> Played:
    """Sorts a story batch by batch, and carries on as a receiver does."""
    played = Played(state or State())
    batches: list[list[Message]] = [[]]
    for nth, (at, number) in enumerate(story.arrivals):
        if nth in story.cuts:
            batches.append([])
        found = raw(GARBAGE[number], nth) if at < 0 else bytes_of(at, number, *story.content[at, number])
        batches[-1].append(replace(found, offset=nth))
    for batch in batches:
        result = INBOX.sort(batch, played.state, story.refused())
        assert sum(result.counts.values()) == len(batch), "every message is counted once"
        played.counts += result.counts
        for received in sorted([*result.applied, *result.seals], key=lambda item: item.message.offset):
            played.applied.append((received.lane, received.envelope.lanenumber, received.envelope.subject))
            played.offsets.append(received.message.offset)
        for item in [*result.parked, *result.behind]:
            if item.lane is None:
                played.alone += 1
            else:
                assert item.number is not None
                assert (item.lane, item.number) not in played.parked
                played.parked[item.lane, item.number] = item.reason
                played.blocked.append(((item.lane.topic, item.key), item.message.offset))
        played.state = State(played.state.marks | result.marks, result.keys, played.state.aside)
    return played


def model(story: Story) -> tuple[list[tuple[int, int]], dict[tuple[int, int], str], Counter[Outcome]]:
    """The same rule, one message at a time: what is applied in order, what is parked and why, and the counts."""
    mark = dict.fromkeys(range(len(LANES)), 0)
    blocked: set[tuple[str, object]] = set()
    applied: list[tuple[int, int]] = []
    parked: dict[tuple[int, int], str] = {}
    counts: Counter[Outcome] = Counter()
    for at, number in story.arrivals:
        if at < 0:
            counts[Outcome.PARKED] += 1
            continue
        if number != mark[at] + 1:
            counts[Outcome.DUPLICATE if number <= mark[at] else Outcome.EARLY] += 1
            continue
        mark[at] = number
        key, fate = story.content[at, number]
        name = (LANES[at][2], LANES[at][0] if LANES[at][2] == "seals" else (LANES[at][3], key))
        if name in blocked:
            parked[at, number] = "behind"
            counts[Outcome.PARKED] += 1
        elif fate == "unhandled":
            counts[Outcome.NOT_APPLICABLE] += 1
        elif fate == "handled":
            applied.append((at, number))
            counts[Outcome.APPLIED] += 1
        else:
            parked[at, number] = {"unknown": "unknown-type", "invalid": "invalid-data", "refused": "unfit"}[fate]
            blocked.add(name)
            counts[Outcome.PARKED] += 1
    return applied, parked, counts


@given(stories())
def test_rules_9_to_11_any_arrival_in_any_batches_is_sorted_as_the_model_says(story: Story) -> None:
    played = play(story)
    applied, parked, counts = model(story)
    assert [(place, number) for place, number, _ in played.applied] == [(lane(at), n) for at, n in applied]
    assert played.parked == {(lane(at), number): reason for (at, number), reason in parked.items()}
    assert played.counts == counts


@given(stories())
def test_rule_9_once_all_has_arrived_in_order_every_number_was_settled_once(story: Story) -> None:
    played = play(story)
    ends = Counter(at for at, _ in story.content)
    assert played.state.marks == {lane(at): end for at, end in ends.items()}
    for at in range(len(LANES)):
        numbers = [number for place, number, _ in played.applied if place == lane(at)]
        assert numbers == sorted(set(numbers)), "each once, in order"
    assert played.alone == sum(1 for at, _ in story.arrivals if at < 0)


@given(stories())
def test_rule_11_nothing_of_a_parked_key_is_applied_after_it(story: Story) -> None:
    played = play(story)
    blocked: dict[Any, int] = {}
    for (topic, key), offset in played.blocked:
        blocked.setdefault((topic, key), offset)
    for (place, _, key), offset in zip(played.applied, played.offsets, strict=True):
        assert offset < blocked.get((place.topic, key), offset + 1)


@given(stories(lanes=(0, 2, 3, 4)))
def test_rule_11_a_rebuild_leaves_out_exactly_what_live_set_aside(story: Story) -> None:
    live = play(story)
    again = Story(story.content, sorted(story.content), story.cuts)
    rebuilt = play(again, State(aside=dict.fromkeys(live.parked, True)))
    assert sorted(rebuilt.applied) == sorted(live.applied)
    assert rebuilt.parked == {}, "nothing is parked a second time"
    assert rebuilt.state.marks == live.state.marks
