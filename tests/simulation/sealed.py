"""Seals agree: what each says, worked out anew from the log, and its root from the bytes on the broker (rule 8)."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from lianxin_schemas import codec
from lianxin_schemas.envelope import Envelope
from lianxin_schemas.events.seals import LogSealed

from services.runtime import seals
from services.runtime.inbox import Lane
from tests.simulation.checks import need
from tests.simulation.refold import event_of
from tests.simulation.roles import LISTED
from tests.simulation.stage import LOGS, SPACE, Stage
from tests.simulation.tables import Row, Tables


def agree(stage: Stage) -> None:
    """Every seal that a log has. What a recovery found nowhere is left out of no span: it has a leaf of its own."""
    there = _messages(stage)
    for service in LOGS:
        tables = stage.databases[service].tables
        last = 0
        for at in sorted(tables.events):
            if (row := tables.events[at]).type == LogSealed.type():
                seal = event_of(row.type, row.data)
                assert isinstance(seal, LogSealed)
                source = f"/{SPACE}/{service}/{row.incarnation}"
                need(seal.covers.first == last + 1, "seals leave a gap", service, seal.covers)
                need(seal.covers.last < at, "a seal covers itself", service, at)
                last = seal.covers.last
                fault = seals.fault(source, row.time, seal, LISTED)
                need(fault is None, f"a seal of {service} {fault}", at)
                if _kept(stage, tables, 1, at):
                    _lanes(tables, source, row, seal)
                if _kept(stage, tables, seal.covers.first, last):
                    leaves = [there[service].get(each, [b""]) for each in range(seal.covers.first, last + 1)]
                    need(all(len(found) == 1 for found in leaves), "one position is two messages", service, seal.covers)
                    root = _root([hashlib.sha256(b"\0" + found[0]).digest() for found in leaves])
                    need(root.hex() == seal.root, "a root is another", service, seal.covers)


def _kept(stage: Stage, tables: Tables, first: int, last: int) -> bool:
    """Whether the log still has all of a span: what the broker lost behind a seal, before a restore, is nowhere."""
    return not stage.broker.shrunk or tables.lost.isdisjoint(range(first, last + 1))


def _lanes(tables: Tables, source: str, row: Row, seal: LogSealed) -> None:
    """Each lane's end is at least the last number under the seal, and none that the log did not have then."""
    covered: defaultdict[tuple[str, int], int] = defaultdict(int)
    known: defaultdict[tuple[str, int], int] = defaultdict(int)
    for at, each in tables.events.items():
        if each.incarnation == row.incarnation and at < row.position:
            place = (each.topic, each.partition)
            known[place] = max(known[place], each.number)
            if at <= seal.covers.last:
                covered[place] = max(covered[place], each.number)
    said = {(end.topic, end.partition): end.number for end in seal.lanes}
    for place in {*covered, *said}:
        number = said.get(place, 0)
        need(covered[place] <= number <= known[place], "a seal ends a lane elsewhere", Lane(source, *place), number)


def _messages(stage: Stage) -> dict[str, dict[int, list[bytes]]]:
    """What the broker has of each position, each once."""
    found: dict[str, dict[int, list[bytes]]] = {service: {} for service in LOGS}
    for (topic, partition), log in stage.broker.partitions.items():
        for offset, value in enumerate(log):
            if value is None or (topic, partition, offset) in stage.broker.holes:
                continue
            try:
                envelope = stage.unwrap(value)
            except codec.Unreadable:
                continue
            row = _row_of(stage, envelope)
            if row is not None:
                same = found[row[0]].setdefault(row[1], [])
                if value not in same:
                    same.append(value)
    return found


def _row_of(stage: Stage, envelope: Envelope) -> tuple[str, int] | None:
    """Service and position of a message, where a log has it at that place of its lane."""
    for service in LOGS:
        row = stage.databases[service].tables.events.get(int(envelope.sequence))
        place = (envelope.id, envelope.source, envelope.lanenumber)
        if row and (row.id, f"/{SPACE}/{service}/{row.incarnation}", row.number) == place:
            return service, row.position
    return None


def _root(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162, 2.1.1, as it is written there."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + _root(leaves[:half]) + _root(leaves[half:])).digest()
