"""What every log always holds ("One order", protocol rules 1, 2 and 4), checked over all of its rows."""

from itertools import pairwise
from typing import Any

import psycopg
from lianxin_schemas import codec

from services.runtime import log
from services.runtime.log import event_id


def audit(connection: psycopg.Connection[Any]) -> int:
    """Fails on a log that breaks a rule; answers with how many events it has."""
    head = connection.execute("SELECT position FROM head").fetchall()
    found = connection.execute(
        "SELECT position, stream, version, id, topic, partition, number, incarnation, recordedtime, causation, siblings"
        " FROM events ORDER BY position"
    ).fetchall()
    assert [row[0] for row in found] == list(range(1, len(found) + 1)), "positions are not dense"
    assert head[0][0] == len(found), "head does not stand at the last position"
    assert all(a[8] <= b[8] for a, b in pairwise(found)), "recordedtime falls"
    lanes: dict[tuple[Any, ...], int] = {}
    versions: dict[str, int] = {}
    causes: dict[Any, list[tuple[Any, ...]]] = {}
    for row in found:
        lane = (row[7], row[4], row[5])
        lanes[lane] = lanes.get(lane, 0) + 1
        assert row[6] == lanes[lane], f"numbers of {lane} are not dense"
        versions[row[1]] = versions.get(row[1], 0) + 1
        assert row[2] == versions[row[1]], f"versions of {row[1]} are not dense"
        causes.setdefault(row[9], []).append(row)
    for cause, rows in causes.items():
        assert [row[3] for row in rows] == [event_id(cause, nth) for nth in range(len(rows))], "ids follow the cause"
        assert [row[0] for row in rows] == list(range(rows[0][0], rows[0][0] + len(rows))), "siblings stand apart"
        assert {row[10] for row in rows} == {len(rows)}, "siblings are miscounted"
    kept = connection.execute("SELECT incarnation, topic, partition, number FROM lane").fetchall()
    assert {row[:3]: row[3] for row in kept} == lanes, "lane counters differ from the events"
    return len(found)


def wire_reads(connection: psycopg.Connection[Any], space: str) -> None:
    """Fails on an event that was kept, but that a receiver could not read."""
    for row in connection.execute(f"SELECT {log.ROW_COLUMNS} FROM events"):
        envelope = codec.unwrap(codec.encode(log.row_of(space, "intake", row)))
        assert codec.to_json(codec.read(envelope)) == row[-1]
