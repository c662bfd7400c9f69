"""The relay as a real process: order, seals, read-back, one active (protocol rules 5-8, 13, 14)."""

import asyncio
import signal
import time
from itertools import pairwise
from typing import Any

import pytest

from services.runtime import relay
from services.runtime.inbox import Lane
from services.runtime.settings import Settings
from tests.runtime.consuming import everything, publish
from tests.runtime.making import logged, petition
from tests.runtime.relaying import PLACE, keep, keep_in_turn, visits
from tests.world.sent import as_if_read_back, as_if_sent, log_rows, reached
from tests.world.world import World, until


def marks(world: World) -> dict[Lane, int]:
    """How far a receiver gets that reads all topics once, by the rule of lanes."""
    return reached(world, everything(world.settings, "visits", "petitions", "seals"))


def whole(world: World) -> bool:
    """Whether all that the log has is in Kafka, so that a receiver can apply it."""
    lanes = world.query("intake", "SELECT incarnation, topic, partition, number FROM lane")
    return marks(world) == {Lane(f"/{world.space}/intake/{i}", topic, p): number for i, topic, p, number in lanes}


def sealed(world: World, position: int) -> bool:
    [(at,)] = world.query("intake", "SELECT sealed FROM relay")
    return at >= position


def seals(world: World) -> list[dict[str, Any]]:
    return [row[0] for row in world.query("intake", "SELECT data FROM events WHERE topic = 'seals' ORDER BY position")]


def test_rule_5_every_event_arrives_in_the_order_of_its_lane_with_the_bytes_of_its_row(world: World) -> None:
    keep(world, *visits(30), *(petition() for _ in range(30)))
    world.start("intake", "relay")
    keep(world, *(logged() for _ in range(30)))
    until(lambda: sealed(world, 90), "sealed")
    until(lambda: whole(world), "all is in Kafka, the seal too")
    logged_ = {(m.topic, m.value) for m in log_rows(world)[:90]}
    sent = [(m.topic, m.value) for m in everything(world.settings, "visits", "petitions")]
    assert sorted(sent) == sorted(logged_), "each once, byte for byte"


def test_rule_8_seals_cover_all_positions_once_and_do_not_seal_each_other(world: World) -> None:
    keep(world, *visits(5))
    world.start("intake", "relay")
    until(lambda: sealed(world, 5), "first seal")
    keep(world, petition())
    until(lambda: sealed(world, 7), "second seal")
    # Both seals have to be on their way and a third has to be declined: the read-back goes on, its bookmark shows it.
    until(lambda: len(everything(world.settings, "seals")) == 2, "seals published")
    keep(world, petition())
    until(lambda: sealed(world, 9), "third seal")
    found = seals(world)
    spans = [(seal["covers"]["first"], seal["covers"]["last"]) for seal in found]
    assert spans == [(1, 5), (6, 7), (8, 9)], "contiguous from 1; none over a seal alone"
    assert found[0]["lanes"] == [{"topic": "visits", "partition": PLACE, "number": 5}]
    own = [[lane["number"] for lane in seal["lanes"] if lane["topic"] == "seals"] for seal in found]
    assert own == [[], [1], [2]], "a seal does not count itself"
    assert all(seal.keys() == {"service", "covers", "lanes", "root", "signature", "key"} for seal in found)


def test_rule_7_nothing_is_sealed_while_a_number_is_missing(world: World) -> None:
    keep(world, *visits(5))
    as_if_sent(world, [m for n, m in enumerate(log_rows(world), 1) if n != 3], position=5)
    world.start("intake", "relay", failpoint="relay.after-read=kill")
    world.ended(world.processes[-1], -9)
    assert (world.query("intake", "SELECT position, sealed FROM relay"), seals(world)) == ([(2, 0)], [])


def test_rule_5_a_standby_waits_and_takes_over_when_the_lease_ends(world: World) -> None:
    first = world.start("intake", "relay")
    keep(world, *visits(3))
    until(lambda: sealed(world, 3), "first relay")
    second = world.start("intake", "relay")
    until(lambda: "standing by" in world.output("intake", "relay"), "standby")
    assert world.query("intake", "SELECT epoch FROM relay") == [(1,)]
    first.kill()
    keep(world, petition())
    until(lambda: sealed(world, 5), "second relay")
    assert world.query("intake", "SELECT epoch FROM relay") == [(2,)]
    assert second.poll() is None
    until(lambda: whole(world), "all is in Kafka, the seal too")


def test_rule_5_a_stopped_relay_that_wakes_after_its_lease_ends_and_moves_nothing(world: World) -> None:
    keep(world, *visits(3))
    zombie = world.start("intake", "relay", failpoint="relay.after-send=stop")
    until(lambda: len(everything(world.settings, "visits")) == 3, "sent, and stopped")
    world.start("intake", "relay")
    until(lambda: sealed(world, 3), "the second relay has taken over")
    zombie.send_signal(signal.SIGCONT)
    assert world.ended(zombie, 1) == 1
    until(lambda: whole(world), "all is in Kafka, the seal too")


def test_rule_5_a_named_member_takes_its_own_lease_back_at_once(world: World) -> None:
    first = world.start("intake", "relay", member="relay-1")
    keep(world, *visits(3))
    until(lambda: sealed(world, 3), "first")
    world.query("intake", "UPDATE relay SET expires = now() + interval '50 s'")
    first.kill()
    first.wait()
    world.query("intake", "UPDATE relay SET expires = now() + interval '50 s'")
    world.start("intake", "relay", member="relay-1")
    keep(world, petition())
    until(lambda: sealed(world, 5), "took it back", seconds=40)


def test_rule_5_a_clock_set_back_by_an_hour_keeps_no_standby_waiting_for_an_hour(world: World) -> None:
    first = world.start("intake", "relay")
    keep(world, *visits(3))
    until(lambda: sealed(world, 3), "first relay")
    first.kill()
    first.wait()
    world.query("intake", "UPDATE relay SET expires = clock_timestamp() + interval '1 hour'")
    world.start("intake", "relay")
    keep(world, petition())
    until(lambda: sealed(world, 5), "second relay")


@pytest.mark.parametrize("role", ["relay", "api"])
def test_rule_13_kafka_ahead_of_the_log_is_refused_with_code_3_and_a_sentence(world: World, role: str) -> None:
    keep(world, *visits(4))
    ahead = log_rows(world)
    world.query("intake", "TRUNCATE events, lane; UPDATE head SET position = 0")
    keep(world, *visits(2))
    publish(world.settings, ahead)
    world.ended(world.start("intake", role), 3)
    said = world.output("intake", role)
    assert f"Kafka is ahead of the log of intake: visits/{PLACE} holds number 4, the log ends at 2" in said
    assert "`log recover`" in said
    assert "Traceback" not in said
    assert world.query("intake", "SELECT position FROM head") == [(2,)], "nothing was written"


def test_rule_13_only_the_dense_part_of_a_lane_counts_as_ahead(world: World) -> None:
    keep(world, *visits(4))
    last = log_rows(world)[-1]
    world.query("intake", "TRUNCATE events, lane; UPDATE head SET position = 0")
    keep(world, *visits(2))
    publish(world.settings, [last])  # a zombie's number 4 without 1 to 3
    world.start("intake", "relay")
    until(lambda: sealed(world, 2), "sealed")
    assert marks(world)[Lane(f"/{world.space}/intake/1", "visits", PLACE)] == 2


def test_rule_14_a_lost_tail_that_has_grown_again_just_as_far_is_found_and_published_again(world: World) -> None:
    """Ten were read back and sealed; the broker lost the last five, and repeats stand where they were."""
    keep(world, *visits(10))
    messages = log_rows(world)
    as_if_sent(world, [*messages[:5], *messages[:5]], position=10)
    as_if_read_back(world, messages)
    world.start("intake", "relay")
    until(lambda: whole(world), "all is in Kafka again")


def test_rule_14_each_partition_that_lost_a_tail_is_found_by_itself(world: World) -> None:
    """One has less than was read back; the other has grown again, and later numbers stand where the lost ones were."""
    keep(world, *visits(6), petition())
    *others, last = log_rows(world)
    as_if_sent(world, [*others[:2], *others[4:]], position=7)
    as_if_read_back(world, [*others[:4], last])
    world.start("intake", "relay")
    until(lambda: whole(world), "all is in Kafka again")


def test_rule_5_the_mark_follows_many_small_batches_together_and_soon(world: World) -> None:
    world.query("intake", "CREATE TABLE moves (at bigint)")
    world.query(
        "intake",
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN"
        " IF new.position <> old.position THEN INSERT INTO moves VALUES (new.position); END IF; RETURN new; END'",
    )
    world.query("intake", "CREATE TRIGGER note BEFORE UPDATE ON relay FOR EACH ROW EXECUTE FUNCTION note()")
    keep(world, petition())
    world.start("intake", "relay")
    until(lambda: sealed(world, 1), "it works")
    world.query("intake", "TRUNCATE moves")
    began = time.monotonic()
    keep_in_turn(world, *(logged() for _ in range(200)))
    until(lambda: world.query("intake", "SELECT 1 FROM relay, head WHERE relay.position = head.position"), "the mark")
    lasted = time.monotonic() - began
    [(moved,)] = world.query("intake", "SELECT count(*) FROM moves")
    assert moved <= lasted / relay.MARK_EVERY + 2 * lasted / world.settings.seal_every + 2


@pytest.mark.anyio
async def test_rule_5_small_batches_go_together_and_what_comes_after_a_pause_goes_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one: Any = relay.Relay(Settings(), "intake", None, None)  # type: ignore[arg-type]
    begun: list[float] = []
    lasts = [0.0]

    async def forward(_: object) -> int:
        begun.append(time.monotonic())
        await asyncio.sleep(lasts[0])
        return 1

    monkeypatch.setattr(one, "_forward", forward)
    for lasts[0], apart in ((0.0, relay.PACE), (relay.PACE * 2, relay.PACE * 2)):
        begun.clear()
        for _ in range(10):
            await one._turn(None, None)
        assert begun[-1] - begun[0] >= 9 * apart
        assert min(later - sooner for sooner, later in pairwise(begun)) < 1.4 * apart
