"""Which statement of the real code does what.

Statements are known by how they begin. One that is not known fails the history: a change of SQL has to be told here.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.simulation.tables import Result
from tests.simulation.tables_inbox import OfInbox
from tests.simulation.tables_log import OfLog


class Statements(OfLog, OfInbox):
    """All of them."""

    def run(self, sql: str, given: Any) -> Result:
        """Raises psycopg.Error as the database would; the caller takes back what a transaction has done."""
        name, about = _known(sql)
        return (getattr(self, name)(about)(given) if about else getattr(self, name)(given)) or []


STARTS: Mapping[str, str] = {
    "SELECT * FROM append": "append",
    "SELECT e.position, e.causation": "receipts",
    "SELECT id, type, stream": "load",
    "SELECT topic, partition, id, incarnation": "behind",
    "UPDATE relay SET epoch = epoch + 1, holder": "lease",
    "SELECT relay_at": "relay_at",
    "UPDATE relay SET sealed": "sealed",
    "SELECT min(e.position) FROM lane": "missing",
    "SELECT sealed, sealed_at": "seal",
    "SELECT sealed FROM relay": "sealed_last",
    "SELECT incarnation, topic, partition, number FROM lane": "counters",
    "SELECT source, topic, partition, number FROM mark": "read_marks",
    "SELECT source, topic, partition, number, key, accepted": "read_aside",
    "SELECT topic, partition, next_offset": "read_bookmarks",
    "SELECT move_marks": "move_marks",
    "INSERT INTO parked (consumer": "park",
    "SELECT queue_behind": "queue_behind",
    "INSERT INTO bookmark": "bookmark",
    "INSERT INTO expected": "expect",
    "SELECT source, topic, partition, number FROM closed": "read_closed",
    "INSERT INTO closed": "close",
    "INSERT INTO expected SELECT source": "expect_the_end",
    "SELECT position, incarnation FROM head FOR UPDATE": "head",
    "INSERT INTO events (position": "take_back",
    "SELECT topic, partition, number FROM unnest": "contradicts",
    "UPDATE head SET incarnation": "move_on",
    "UPDATE relay SET epoch = epoch + 1, expires": "end_lease",
    "INSERT INTO lane SELECT": "set_lanes",
    "INSERT INTO lost SELECT": "note_lost",
    "UPDATE events e SET siblings": "count_siblings",
    "SELECT position, causation, siblings": "cut",
    "INSERT INTO torn": "tear",
    "DELETE FROM torn": "mend",
    "SELECT coalesce(max(version), 0), now()": "newest",
    "UPDATE parked SET accepted": "accept",
    "SELECT DISTINCT topic, partition, key": "parked_keys",
    "SELECT source, number, at_offset": "first_parked",
    "DELETE FROM parked WHERE consumer": "unpark",
    "SELECT FROM mark": "nothing",
    "DROP SCHEMA": "schema_gone",
    "CREATE SCHEMA": "schema_made",
    "CREATE TABLE": "nothing",
    "DROP TABLE": "nothing",
    "SET LOCAL lock_timeout": "nothing",
    "ALTER TABLE": "swap",
    "INSERT INTO parked SELECT": "copy_parked",
    "DELETE FROM kind": "kinds_gone",
    "INSERT INTO kind": "kinds_kept",
    "INSERT INTO complained": "complained",
    "INSERT INTO complaint": "complaint",
    "INSERT INTO case_now": "case_now",
    "SELECT n.zone, n.day": "nothing",
    "LISTEN": "nothing",
    "ZONES": "zone_known",
    "ZONE": "zone_kept",
    "FOLDED": "folded",
    "CAME": "came",
    "REFILL": "refill",
}
"""The longest beginning that fits names what is done."""


@cache
def _known(sql: str) -> tuple[str, str]:
    """The method that carries a statement out, and the table that it is about where that has to be said."""
    for verb, name in (("DELETE FROM", "forget"), ("UPDATE", "rename")):
        if sql.startswith(f'{verb} "'):
            table = {"mark": "marks", "bookmark": "bookmarks", "parked": "parked"}[sql.split('"')[1]]
            return name, table
    fits = [start for start in STARTS if sql.startswith(start)]
    assert fits, f"the simulation does not know this statement: {sql}"
    return STARTS[max(fits, key=len)], ""
