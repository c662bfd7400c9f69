"""Messages that nobody should have sent: set aside with a reason, and never in the way of others (rule 11)."""

import json
import uuid
from typing import Any

from kafka import KafkaProducer
from lianxin_schemas.partition import partition_of

from tests.world.held import everything_holds, intake_holds, settled
from tests.world.supervisor import EVERY_ROLE
from tests.world.traffic import Traffic
from tests.world.world import World, until


def _send(world: World, topic: str, messages: list[tuple[int, bytes | None]]) -> None:
    sender = KafkaProducer(bootstrap_servers=world.settings.kafka, max_request_size=1_048_576)
    name = world.settings.topic(topic)
    futures = [sender.send(name, key=b"key", value=value, partition=part) for part, value in messages]
    for future in futures:
        future.get(timeout=30)
    sender.close()


def _forged(message: dict[str, Any], **changes: Any) -> tuple[int, bytes | None]:
    """A message like a real one but for some fields, in a stream and so on the partition of its own."""
    subject = changes.pop("subject", f"visit-{uuid.uuid4()}")
    value = message | {"id": str(uuid.uuid4()), "subject": subject} | changes
    return partition_of(subject, 24), json.dumps(value).encode()


def _bad(real: dict[str, Any]) -> list[tuple[int, bytes | None]]:
    """Wrong in form, in source and in place; a tombstone, and one as large as the broker lets in."""
    return [
        (2, None),
        (3, b"no JSON at all"),
        (4, b'{"specversion": "1.0"}'),
        (5, b"\x00\x00\xff\xfe"),
        (6, b"x" * 1_048_400),
        _forged(real, source=f"{real['source'].rsplit('/', 2)[0]}/appraisal/1"),
        _forged(real, source="/another-space/intake/1"),
        _forged(real, subject="visit-\u0000"),
        _elsewhere(_forged(real)),
    ]


def _elsewhere(message: tuple[int, bytes | None]) -> tuple[int, bytes | None]:
    """The same message on a partition that its key does not belong to."""
    return (message[0] + 1) % 24, message[1]


def test_what_lies_outside_any_lane_parks_alone(world: World) -> None:
    """Given messages of wrong form, source and place, when others come after them, then those are counted."""
    traffic = Traffic(world.api("intake"))
    world.start("intake", "relay", member="relay")
    traffic.some(10)
    intake_holds(world, traffic)
    bad = _bad(world.topic("visits")[0][1])
    _send(world, "visits", bad)
    world.start("appraisal", "project", member="project")
    traffic.some(10)
    intake_holds(world, traffic)
    settled(world, "appraisal")
    parked = json.loads(world.verb("appraisal", "parked", "list", "--json", code=1))
    assert len(parked) == len(bad)
    assert {row["reason"] for row in parked} == {"no-envelope", "wrong-source", "wrong-partition"}
    streams = world.query("intake", "SELECT count(DISTINCT stream) FROM events WHERE topic = 'visits'")
    assert world.query("appraisal", "SELECT count(*) FROM visit") == streams
    world.verb("appraisal", "verify")
    world.verb("appraisal", "rebuild")
    settled(world, "appraisal")
    world.verb("appraisal", "verify")


def test_a_reaction_parks_them_alone_as_well(world: World) -> None:
    """Faust reads them as bytes: none stalls it, none is acknowledged unseen, and every petition gets its case."""
    traffic = Traffic(world.api("intake"))
    for service, role in EVERY_ROLE:
        world.start(service, role, member=role)
    petitions = "SELECT count(*) FROM events WHERE topic = 'petitions'"
    while not world.query("intake", petitions)[0][0]:
        traffic.some(5)
    settled(world, "intake", "assignment")
    bad = _bad(world.topic("petitions")[0][1])
    _send(world, "petitions", bad)
    traffic.some(20)
    everything_holds(world, traffic)
    parked = json.loads(world.verb("assignment", "parked", "list", "--json", code=1))
    assert len(parked) == len(bad)
    assert {row["reason"] for row in parked} == {"no-envelope", "wrong-source", "wrong-partition"}


def test_an_unknown_type_parks_its_key_until_a_human_decides(world: World) -> None:
    """A later event of the key waits behind it; accepted with grounds, the one is left out and the other applied."""
    traffic = Traffic(world.api("intake"))
    world.start("intake", "relay", member="relay")
    world.start("appraisal", "project", member="project")
    traffic.some(5)
    stream = world.query("intake", "SELECT stream FROM events WHERE topic = 'visits' AND version = 1 LIMIT 1")[0][0]
    version = world.query("intake", "SELECT max(version) FROM events WHERE stream = %s", [stream])[0][0]
    _append(world, stream, version + 1, "lianxin.visit.unheard_of.v1", {"visit": stream.removeprefix("visit-")})
    reason = {"visit": stream.removeprefix("visit-"), "reason": "entered-twice"}
    _append(world, stream, version + 2, "lianxin.visit.withdrawn.v1", reason)
    traffic.some(5)
    settled(world, "intake", "appraisal")

    rows = until(lambda: _parked(world, 2), "both are parked")
    assert [row["reason"] for row in rows] == ["unknown-type", "behind"]
    assert _phase(world, stream) is False
    world.verb("appraisal", "parked", "replay", code=1)
    first = rows[0]
    place = [first["topic"], str(first["partition"]), str(first["at_offset"])]
    world.verb("appraisal", "parked", "accept", *place, "--by", "ops-1", "--grounds", "sent by mistake")
    world.verb("appraisal", "parked", "replay")
    assert _phase(world, stream) is True
    world.verb("appraisal", "verify")
    world.verb("appraisal", "rebuild")
    settled(world, "appraisal")
    assert _phase(world, stream) is True
    world.verb("appraisal", "verify")


def _append(world: World, stream: str, version: int, type_: str, data: dict[str, Any]) -> None:
    part = partition_of(stream, 24)
    command = uuid.uuid4()
    world.query(
        "intake",
        "SELECT append(%s, %s, %s, %s, %s, %s, ARRAY[now()], %s, %s, %s, %s, %s)",
        [
            *([stream], [version], [uuid.uuid5(command, "0")], [type_], ["visits"], [part]),
            *(["user"], ["importer"], [command], [b"0"], [json.dumps(data)]),
        ],
    )


def _parked(world: World, count: int) -> list[dict[str, Any]] | None:
    found = world.query("appraisal", "SELECT count(*) FROM parked")
    if found[0][0] < count:
        return None
    rows: list[dict[str, Any]] = json.loads(world.verb("appraisal", "parked", "list", "--json", code=1))
    return rows


def _phase(world: World, stream: str) -> bool:
    rows = world.query(
        "appraisal",
        "SELECT withdrawal_version IS NOT NULL FROM visit WHERE visit::text = %s",
        [stream.removeprefix("visit-")],
    )
    found: bool = rows[0][0]
    return found
