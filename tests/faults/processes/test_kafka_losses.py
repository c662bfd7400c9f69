"""Kafka does not hold what it acknowledged: the relay finds it and sends it again (protocol rules 7 and 14).

The receivers run already when that happens: they meet Earlies and Duplicates, and end with the same tables.
"""

from collections import Counter
from collections.abc import Sequence

import pytest

from services.runtime.inbox import Lane, Message
from tests.world.held import everything_holds
from tests.world.sent import as_if_read_back, as_if_sent, log_rows, reached
from tests.world.supervisor import EVERY_ROLE
from tests.world.traffic import Traffic
from tests.world.world import World, until


@pytest.fixture
def traffic(world: World) -> Traffic:
    """Intake has accepted something, and its relay does not run yet."""
    return Traffic(world.api("intake")).some(80)


def _holds(world: World, traffic: Traffic, arrived: Sequence[Message]) -> None:
    """The receivers take in what there is; then the relay starts, and the whole way is right."""
    for service, role in EVERY_ROLE[1:]:
        world.start(service, role, member=role)
    until(lambda: _marks(world) == reached(world, arrived, "visits"), "the projection is where it cannot go on")
    world.start("intake", "relay", member="relay")
    traffic.some(5)
    everything_holds(world, traffic)
    assert world.lag("appraisal")["missing"] == world.lag("assignment")["missing"] == 0


def _marks(world: World) -> dict[Lane, int]:
    rows = world.query("appraisal", "SELECT source, topic, partition, number FROM mark WHERE topic = 'visits'")
    return {Lane(*lane): number for *lane, number in rows}


def test_rule_7_a_number_missing_in_the_middle_is_found_and_published_again(world: World, traffic: Traffic) -> None:
    """Of every lane that has two, the last but one is not in Kafka."""
    messages = log_rows(world)
    after: Counter[tuple[str, int]] = Counter()
    arrived: list[Message] = []
    for message in reversed(messages):
        after[message.topic, message.partition] += 1
        if after[message.topic, message.partition] != 2:
            arrived.insert(0, message)
    missing = {topic for (topic, _), count in after.items() if count > 1}
    assert missing == {"visits", "petitions"}
    as_if_sent(world, arrived, position=len(messages))
    _holds(world, traffic, arrived)


def test_rule_14_a_lost_tail_is_published_again(world: World, traffic: Traffic) -> None:
    messages = log_rows(world)
    as_if_sent(world, messages[:60], position=len(messages))
    _holds(world, traffic, messages[:60])


def test_rule_14_a_tail_lost_behind_a_seal_is_published_again_though_topics_grew_past_the_bookmarks(
    world: World, traffic: Traffic
) -> None:
    """70 were read back and sealed; an older copy of the broker holds 40 of them; the others were sent since."""
    messages = log_rows(world)
    arrived = [*messages[:40], *messages[70:]]
    as_if_sent(world, arrived, position=len(messages))
    as_if_read_back(world, messages[:70])
    _holds(world, traffic, arrived)
