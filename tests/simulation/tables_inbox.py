"""What statements of receivers, of parking and of rebuilds do; and those of the services themselves."""

import json
from collections.abc import Callable
from typing import Any

from psycopg.errors import SerializationFailure

from services.appraisal.store.tables import TABLES
from services.runtime.inbox import Lane
from tests.simulation.tables import Fold, Result, Set, Statement


class OfInbox(Statement):
    """receiver.py, marks.py, inbox.sql; parked.py; rebuild.py; the services; the simulation itself."""

    def read_marks(self, given: Any) -> Result:
        return [
            (lane.source, lane.topic, lane.partition, number)
            for (consumer, lane), number in self.tables.marks.items()
            if consumer == given[0]
        ]

    def read_aside(self, given: Any) -> Result:
        return [
            (key[3], key[1], key[2], key[4], row.key, not row.accepted)
            for key, row in self.tables.parked.items()
            if key[0] == given[0] and len(key) == 5
        ]

    def read_bookmarks(self, given: Any) -> Result:
        found = self.tables.bookmarks.items()
        return [(topic, partition, at) for (consumer, topic, partition), at in found if consumer == given[0]]

    def move_marks(self, given: Any) -> None:
        consumer, *columns = given
        marks = self.tables.marks
        for source, topic, partition, before, after in zip(*columns, strict=True):
            key = (consumer, Lane(source, topic, partition))
            if marks.get(key, 0 if before == 0 else None) != before:
                self.world.marks["a mark was missed"] += 1
                raise SerializationFailure(f"a mark of {consumer} was moved by another process")
            if after > max(self.tables.closed.get(key[1], after), before):
                self.world.marks["a lane has ended meanwhile"] += 1
                raise SerializationFailure("the lane has ended")
            marks[key] = after

    def park(self, given: Any) -> None:
        consumer, *columns = given
        for topic, partition, offset, source, number, key, reason in zip(*columns, strict=True):
            lane = (source, number) if source is not None else (offset,)
            self.tables.parked.setdefault((consumer, topic, partition, *lane), Set(offset, key, reason))

    def queue_behind(self, given: Any) -> None:
        consumer, *columns = given
        rows = list(zip(*columns, strict=True))
        blocked = {(k[1], row.key) for k, row in self.tables.parked.items() if k[0] == consumer and not row.accepted}
        if any((row[0], row[5]) not in blocked for row in rows):
            self.world.marks["a key was freed"] += 1
            raise SerializationFailure(f"a parked key of {consumer} was freed")
        for topic, partition, offset, source, number, key in rows:
            self.tables.parked.setdefault((consumer, topic, partition, source, number), Set(offset, key, "behind"))

    def bookmark(self, given: Any) -> None:
        consumer, *columns = given
        for topic, partition, at in zip(*columns, strict=True):
            self.tables.bookmarks[consumer, topic, partition] = at

    def expect(self, given: Any) -> None:
        for source, topic, partition, number, _ in zip(*given, strict=True):
            key = (source, topic, partition)
            self.tables.expected[key] = max(number, self.tables.expected.get(key, 0))

    def read_closed(self, _: Any) -> Result:
        return [(lane.source, lane.topic, lane.partition, number) for lane, number in self.tables.closed.items()]

    def close(self, given: Any) -> None:
        for source, topic, partition, number in zip(*given, strict=True):
            self.tables.closed.setdefault(Lane(source, topic, partition), number)

    def expect_the_end(self, _: Any) -> None:
        for lane, number in self.tables.closed.items():
            if number:
                self.tables.expected[lane.source, lane.topic, lane.partition] = number

    def accept(self, given: Any) -> None:
        _, _, consumer, topic, partition, offset = given
        place = (consumer, topic, partition, offset)
        for key, row in list(self.tables.parked.items()):
            if (*key[:3], row.offset) == place and not row.accepted:
                self.tables.parked[key] = row._replace(accepted=True)
                self.count += 1

    def parked_keys(self, given: Any) -> Result:
        found = {
            (k[1], k[2], row.key) for k, row in self.tables.parked.items() if k[0] == given[0] and not row.accepted
        }
        return sorted(key for key in found if key[2] is not None)

    def first_parked(self, given: Any) -> Result:
        found = [
            (k[3], k[4], row.offset)
            for k, row in self.tables.parked.items()
            if (*k[:3], row.key) == tuple(given) and len(k) == 5 and not row.accepted
        ]
        return sorted(found, key=lambda row: (int(row[0].rsplit("/", 1)[1]), row[1]))[:1]

    def unpark(self, given: Any) -> None:
        consumer, source, topic, partition, number = given
        self.count = int(self.tables.parked.pop((consumer, topic, partition, source, number), None) is not None)

    def schema_gone(self, _: Any) -> None:
        self.tables.folds.pop("rebuild", None)

    def schema_made(self, _: Any) -> None:
        self.tables.folds["rebuild"] = Fold()

    def swap(self, _: Any) -> None:
        self.tables.folds["public"] = self.tables.folds.pop("rebuild")

    def _consumed(self, name: str) -> dict[Any, Any]:
        table: dict[Any, Any] = getattr(self.tables, name)
        return table

    def forget(self, name: str) -> Callable[[Any], None]:
        def gone(given: Any) -> None:
            table = self._consumed(name)
            for key in [key for key in table if key[0] == given[0]]:
                del table[key]

        return gone

    def rename(self, name: str) -> Callable[[Any], None]:
        def renamed(given: Any) -> None:
            table = self._consumed(name)
            for key in [key for key in table if key[0] == given[1]]:
                table[given[0], *key[1:]] = table.pop(key)

        return renamed

    def copy_parked(self, given: Any) -> None:
        for key, row in list(self.tables.parked.items()):
            if key[0] == given[1]:
                self.tables.parked[given[0], *key[1:]] = row

    def kinds_gone(self, given: Any) -> None:
        self.tables.kinds.pop(given[0], None)

    def kinds_kept(self, given: Any) -> None:
        self.tables.kinds[given[0]] = frozenset(given[1])

    def complained(self, given: Any) -> None:
        self.tables.complained |= set(given[0])

    def complaint(self, given: Any) -> None:
        self.tables.complaint |= set(zip(*given, strict=True))

    def case_now(self, given: Any) -> None:
        cases = self.tables.cases
        for petition, text in zip(*given, strict=True):
            changed = json.loads(text)
            known = cases.get(petition, {})
            if changed.pop("assigned", False) and known.get("phase") == "opened":
                changed = {"phase": "assigned"} | changed
            if petition in cases or "petition" in changed:
                cases[petition] = known | changed

    def zone_known(self, given: Any) -> Result:
        return [(zone,) for zone in given[0] if zone in self.tables.zones]

    def zone_kept(self, given: Any) -> None:
        self.tables.zones |= set(given)

    def folded(self, given: Any) -> None:
        rows, received = given
        fold = self.fold
        for table, found in rows.items():
            lowest = TABLES[table].lowest
            for key, slots in found.items():
                for slot, values in slots.items():
                    known = fold.facts.get((table, key, slot))
                    newer = known is None or (values[0] < known[0] if slot in lowest else known[0] < values[0])
                    if newer:
                        fold.facts[table, key, slot] = values
        self.came(received)

    def came(self, received: Any) -> None:
        fold = self.fold
        for item in received:
            fold.tally[item.lane.topic, item.envelope.subject] += 1
            fold.came.append((item.lane, item.envelope.lanenumber, item.envelope.subject, item.envelope.id))

    def nothing(self, _: Any) -> None:
        pass

    def one(self, _: Any) -> Result:
        return [(1,)]
