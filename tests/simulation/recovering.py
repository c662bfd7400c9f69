"""`log recover` beside an oracle: what rule 13 says comes back, worked out from what the broker holds.

The real code runs, as everything else does, with other processes between its steps. The oracle is handed the messages
that it read, and what the log held before, and must come to the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from kafka.errors import KafkaError
from lianxin_schemas import codec
from lianxin_schemas.envelope import Envelope, Source
from lianxin_schemas.events.seals import LogRecovered
from lianxin_schemas.partition import partition_of

from services.runtime import recover as real
from services.runtime.inbox import Lane
from services.runtime.takeback import Unrecoverable
from tests.simulation.refold import event_of
from tests.simulation.stage import CONTRACT, SETTINGS, SPACE, Stage
from tests.simulation.tables import Tables
from tests.simulation.world import Failed


@dataclass
class Plan:
    """What recovering comes to."""

    taken: dict[int, UUID] = field(default_factory=dict)
    """Events that come back, by position."""
    lost: set[int] = field(default_factory=set)
    """Positions that are nowhere, or that cannot come back."""


def plan(service: str, before: Tables, read: Mapping[Lane, Sequence[Envelope]]) -> Plan:
    """Takes back what is dense in its lane behind what is kept and before its end; never uses a position again."""
    result = Plan()
    ends = dict(before.closed)
    lanes = dict(read)
    seals = sorted(lane for lane in lanes if lane.topic == "seals")
    for lane in [*seals, *sorted(set(lanes) - set(seals))]:
        number = before.lanes.get((Source.parse(lane.source).incarnation, lane.topic, lane.partition), 0)
        by_number = {envelope.lanenumber: envelope for envelope in lanes[lane]}
        while (next_ := by_number.get(number + 1)) and number < ends.get(lane, number + 1):
            number += 1
            result.taken[int(next_.sequence)] = next_.id
            for old, end in _ended(next_).items():
                ends.setdefault(old, end)
    last = max([before.position, *result.taken])
    result.lost = {position for position in range(before.position + 1, last + 1) if position not in result.taken}
    return result


def _ended(envelope: Envelope) -> dict[Lane, int]:
    if envelope.type != LogRecovered.type():
        return {}
    event = event_of(envelope.type, envelope.payload.decode())
    assert isinstance(event, LogRecovered)
    return {Lane(event.old_source, end.topic, end.partition): end.number for end in event.lanes}


async def _refill(connection: Any, _: int) -> None:
    await connection.execute("REFILL")


async def recover(stage: Stage, promised: Any, service: str) -> bool:
    """Runs `log recover` and compares. False when it has to be tried again. Raises Failed where the two differ."""
    database, world = stage.databases[service], stage.world
    assert world.running is not None
    read: set[tuple[str, int, bytes | None]] = set()
    stage.broker.read_by[world.running.name] = read
    database.letting, began = world.running.name, world.steps
    try:
        before = database.tables.copy()
        done = await real.recover(SETTINGS, service, _refill, lambda _: None)
    except (psycopg.Error, KafkaError) as error:
        world.tell("recover again", error)
        return False
    except Unrecoverable as error:
        raise Failed(f"recover refuses: {error}") from error
    finally:
        database.letting = ""
        stage.broker.read_by.clear()
    database.held = False
    database.history = [database.tables.copy()]  # older backups know nothing of this incarnation
    if stage.broker.shrunk < began:  # otherwise it may have read what was gone when it read again
        _compare(service, before, database.tables, done, plan(service, before, _lanes(service, read)))
    promised.recovered |= {row.causation for at, row in database.tables.events.items() if at > before.position}
    world.tell("recovered", (service, done))
    for what, there in (("taken back", done.taken), ("positions lost", done.lost), ("torn", done.torn)):
        if there:
            world.tell(what)
    return True


def _lanes(service: str, read: Iterable[tuple[str, int, bytes | None]]) -> dict[Lane, list[Envelope]]:
    found: dict[Lane, list[Envelope]] = {}
    for topic, partition, value in read:
        try:
            envelope = codec.unwrap(value)
        except codec.Unreadable:
            continue
        here = partition_of(envelope.subject, CONTRACT[SETTINGS.bare(topic)].partitions) == partition
        if here and envelope.source.startswith(f"/{SPACE}/{service}/"):
            found.setdefault(Lane(envelope.source, SETTINGS.bare(topic), partition), []).append(envelope)
    return found


def _compare(service: str, before: Tables, after: Tables, done: real.Recovered, wanted: Plan) -> None:
    taken = {
        at: row.id for at, row in after.events.items() if before.position < at and row.incarnation < after.incarnation
    }
    if done.position != before.position:
        return  # it was not the same log any more
    for what, got, want in (
        ("taken back", taken, wanted.taken),
        ("lost", after.lost - before.lost, wanted.lost),
    ):
        if got != want:
            raise Failed(f"recover of {service} differs in what is {what}: {got} and not {want}")
