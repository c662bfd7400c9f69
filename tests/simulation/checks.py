"""What must hold at every commit, and what must hold once a history has come to rest."""

from collections import Counter, defaultdict
from functools import partial
from typing import Any
from uuid import UUID

from lianxin_schemas import codec
from lianxin_schemas.envelope import Envelope, Source
from lianxin_schemas.events.seals import LogSealed
from lianxin_schemas.partition import partition_of

from services.runtime.inbox import Lane
from services.runtime.log import event_id
from tests.simulation import refold
from tests.simulation.roles import CONSUMERS, Troupe, ahead
from tests.simulation.stage import CONTRACT, LOGS, SETTINGS, SPACE, Stage, consumed_by
from tests.simulation.tables import Row, Tables
from tests.simulation.world import Failed

NOBODY = UUID(int=9)


def need(holds: bool, rule: str, *about: Any) -> None:
    """Raises Failed where a rule does not hold."""
    if not holds:
        raise Failed(f"{rule}: {', '.join(map(str, about))}" if about else rule)


def lane_of(service: str, row: Row) -> Lane:
    """The lane of a row."""
    return Lane(f"/{SPACE}/{service}/{row.incarnation}", row.topic, row.partition)


class Record:
    """What an eye that sees everything has seen: it helps nobody, it only remembers."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.sizes: dict[UUID, int] = {}
        """How many events each cause had when it was kept first."""
        self.kept: dict[UUID, tuple[str, int, Lane, int]] = {}
        """Service, position, lane and number of every event that was ever kept."""
        self.unpublished: set[UUID] = set()
        """What a restore took away and nobody had: neither the backup nor the broker."""
        for service, database in stage.databases.items():
            database.watch = partial(self.watch, service)

    def watch(self, service: str, before: Tables, after: Tables) -> None:
        """Looks at a commit."""
        if after.position > before.position:
            for position in range(before.position + 1, after.position + 1):
                if row := after.events.get(position):
                    self.sizes.setdefault(row.causation, row.siblings)
                    self.kept[row.id] = (service, position, lane_of(service, row), row.number)
                    if row.type == LogSealed.type() and before.incarnation == after.incarnation:
                        self.sealed(service, before, row)
        if after.incarnation > before.incarnation:
            self.given_up(service, after)
        if after.parked and service in CONSUMERS:
            self.overtaken(service, before, after)

    def overtaken(self, service: str, before: Tables, after: Tables) -> None:
        """Rule 11: nothing of a parked key is applied that comes after it."""
        fold, done = after.folds["public"], len(before.folds["public"].came)
        if len(fold.came) <= done or after.folds.keys() != before.folds.keys():
            return
        blocked: dict[tuple[Lane, str | None], int] = {}
        for key, row in after.parked.items():
            if key[0] == CONSUMERS[service][0] and len(key) == 5 and not row.accepted:
                place = (Lane(key[3], key[1], key[2]), row.key)
                blocked[place] = min(key[4], blocked.get(place, key[4]))
        for lane, number, subject, _ in fold.came[done:]:
            need(number < blocked.get((lane, subject), number + 1), "a parked message was overtaken", lane, number)

    def sealed(self, service: str, before: Tables, row: Row) -> None:
        """Rules 7 and 8: sealed means in Kafka, whole; but for what was lost since it was read back."""
        relay = before.relay
        seal = refold.event_of(row.type, row.data)
        assert isinstance(seal, LogSealed)
        need(seal.covers.first == relay.sealed + 1, "seals leave out positions", seal)
        need(seal.covers.last == relay.position, "a seal is not at the relay's mark", seal)
        broker, running = self.stage.broker, self.stage.world.running
        assert running is not None
        if broker.shrunk >= self.stage.world.forwarded[running.name]:
            return
        there = whole(self.stage, service)
        for end in seal.lanes:
            lane = Lane(f"/{SPACE}/{service}/{row.incarnation}", end.topic, end.partition)
            need(end.number <= there.get(lane, 0), "a seal says more than is in Kafka", lane, end.number)
        for position in range(seal.covers.first, seal.covers.last + 1):
            if kept := before.events.get(position):
                have = there.get(lane_of(service, kept), 0)
                need(kept.number <= have, "a sealed event is not in Kafka", service, position)

    def given_up(self, service: str, after: Tables) -> None:
        """What is gone for good by the time of `log recover`, from backup and broker alike: what the broker has behind
        a missing number of its lane does not come back.
        """
        there = whole(self.stage, service, after)
        for id_, (keeper, _, lane, number) in self.kept.items():
            if keeper == service and id_ not in after.ids and number > min(there[lane], after.closed.get(lane, number)):
                self.unpublished.add(id_)

    def restored(self, service: str, before: Tables, backup: Tables) -> None:
        """What a restore takes away for good, where nobody recovers."""
        there = {envelope.id for envelope in envelopes(self.stage)}
        self.unpublished |= {id_ for id_ in before.ids if id_ not in backup.ids and id_ not in there}


def envelopes(stage: Stage) -> list[Envelope]:
    """Everything on the broker that can be read at all."""
    found = []
    for (topic, partition), log in stage.broker.partitions.items():
        for offset, value in enumerate(log):
            if (topic, partition, offset) not in stage.broker.holes:
                try:
                    found.append(stage.unwrap(value))
                except codec.Unreadable:
                    continue
    return found


def whole(stage: Stage, service: str, tables: Tables | None = None) -> defaultdict[Lane, int]:
    """For each lane of a log the last number on the broker, or there and in its tables, without one missing before it,
    in whatever order.
    """
    numbers: dict[Lane, set[int]] = defaultdict(set)
    for row in tables.events.values() if tables else ():
        numbers[lane_of(service, row)].add(row.number)
    for (topic, partition), log in stage.broker.partitions.items():
        for offset, value in enumerate(log):
            if (topic, partition, offset) in stage.broker.holes:
                continue
            try:
                envelope = stage.unwrap(value)
            except codec.Unreadable:
                continue
            here = partition_of(envelope.subject, CONTRACT[SETTINGS.bare(topic)].partitions) == partition
            if here and envelope.source.startswith(f"/{SPACE}/{service}/"):
                numbers[Lane(envelope.source, SETTINGS.bare(topic), partition)].add(envelope.lanenumber)
    found: defaultdict[Lane, int] = defaultdict(int)
    for lane, known in numbers.items():
        number = 0
        while number + 1 in known:
            number += 1
        found[lane] = number
    return found


def at_rest(stage: Stage, troupe: Troupe, *, shown: bool = False) -> str:
    """What is still on its way; empty once nothing is. With `shown`, what `lag` tells for good is passed by: a tail
    that was lost while a receiver's bookmark was beyond it, in a lane where nothing follows.
    """
    if any(troupe.promised.waiting.values()) or any(troupe.promised.hand.values()):
        return "requests wait"
    if troupe.ahead or troupe.wanted:
        return "somebody has to recover or rebuild"
    for service in LOGS:
        tables = stage.databases[service].tables
        if tables.relay.position != tables.position:
            return f"the relay of {service} is behind"
        if any(tables.events[at].topic != "seals" for at in tables.events if at > tables.relay.sealed):
            return f"{service} has not sealed all"
        there = whole(stage, service)
        for lane, number in there.items():
            kept = tables.lanes.get((Source.parse(lane.source).incarnation, lane.topic, lane.partition), 0)
            own = service in CONTRACT[lane.topic].producers
            if own and min(number, tables.closed.get(lane, number)) > kept:
                return f"nobody has seen yet that {lane} is behind Kafka"
        for (incarnation, topic, partition), number in tables.lanes.items():
            lane = Lane(f"/{SPACE}/{service}/{incarnation}", topic, partition)
            if there.get(lane, 0) < number:
                return f"{lane} is not whole in Kafka"
            for consumer in CONSUMERS:
                name = CONSUMERS[consumer][0]
                reads = topic in {t.name for t in consumed_by(consumer)}
                mine = stage.databases[consumer].tables
                told = shown and mine.expected.get((lane.source, topic, partition), 0) >= number
                if reads and mine.marks.get((name, lane), 0) < number and not told:
                    return f"{consumer} is behind in {lane}"
    if ahead(stage, "appraisal"):
        return "appraisal has to be rebuilt"
    return ""


def final(stage: Stage, troupe: Troupe, record: Record) -> None:
    """Everything that always holds, once a history is at rest."""
    for complaint in troupe.promised.complaints:
        need(False, complaint)
    for service in LOGS:
        audit(service, stage.databases[service].tables)
    for service in CONSUMERS:
        consumed(stage, service)
    kept_promises(stage, troupe, record)
    decided_once(stage)


def audit(service: str, tables: Tables) -> None:
    """One order: positions, lanes, versions, times (rules 1, 2 and 4)."""
    need(sorted([*tables.events, *tables.lost]) == list(range(1, tables.position + 1)), "positions not dense", service)
    rows = [tables.events[at] for at in sorted(tables.events)]
    lanes: Counter[Any] = Counter()
    versions: Counter[str] = Counter()
    causes: dict[UUID, list[Row]] = defaultdict(list)
    recorded = None
    for row in rows:
        lane = (row.incarnation, row.topic, row.partition)
        lanes[lane] += 1
        need(row.number == lanes[lane], "a lane is not dense", service, lane, row.number)
        versions[row.stream] += 1
        need(row.stream.startswith("log-") or row.version == versions[row.stream], "versions not dense", row.stream)
        need(recorded is None or row.recordedtime >= recorded, "recordedtime falls", service, row.position)
        recorded = row.recordedtime
        causes[row.causation].append(row)
    need({k: n for k, n in tables.lanes.items() if n} == dict(lanes), "lane counters differ", service)
    need(len({row.id for row in rows}) == len(rows), "an id stands twice", service)
    for cause, found in causes.items():
        if cause not in tables.torn | tables.finished:
            wanted = [event_id(cause, nth) for nth in range(len(found))]
            need([row.id for row in found] == wanted, "ids do not follow the cause", service, cause)
            span = found[-1].position - found[0].position + 1
            need(span == len(found), "siblings stand apart", service, cause)


def consumed(stage: Stage, service: str) -> None:
    """Effect exactly once, in order, nothing left out but what is set aside (rules 9 to 11)."""
    name, kinds, _ = CONSUMERS[service]
    tables = stage.databases[service].tables
    fold = tables.folds["public"]
    alarmed = ahead(stage, service)
    came: dict[Lane, list[tuple[int, UUID]]] = defaultdict(list)
    for lane, number, _, id_ in fold.came:
        came[lane].append((number, id_))
    wanted: dict[Lane, list[tuple[int, UUID]]] = {}
    handled = {kind.type() for kind in kinds}
    for producer in LOGS:
        log = stage.databases[producer].tables
        for at in sorted(log.events):
            row = log.events[at]
            lane = lane_of(producer, row)
            if service not in CONTRACT[row.topic].consumers:
                continue
            wanted.setdefault(lane, [])
            aside = (name, row.topic, row.partition, lane.source, row.number) in tables.parked
            if row.type in handled and not aside:
                wanted[lane].append((row.number, row.id))
    for lane in set(wanted) | set(came):
        if lane in alarmed:
            continue
        mark = tables.marks.get((name, lane), 0)
        if mark < tables.expected.get((lane.source, lane.topic, lane.partition), 0):
            wanted[lane] = [(number, id_) for number, id_ in wanted[lane] if number <= mark]  # `lag` shows the rest
        got, want = sorted(came.get(lane, [])), wanted.get(lane, [])
        need(got == want, "not applied exactly once", service, lane, "got", _short(got, want), "not", _short(want, got))
    order: dict[tuple[Lane, str], int] = {}
    for lane, number, subject, _ in fold.came:
        need(number > order.get((lane, subject), 0), "a key out of order", service, lane, number)
        order[lane, subject] = number


def _short(some: list[Any], others: list[Any]) -> list[Any]:
    return [item for item in some if item not in others][:5]


def kept_promises(stage: Stage, troupe: Troupe, record: Record) -> None:
    """Accepted means kept; what is not here is on a list (rules 4 and 13)."""
    for command, (receipt, request, _) in troupe.promised.answers.items():
        tables = stage.databases[request.service].tables
        missing = [id_ for id_ in receipt.events if id_ not in tables.ids]
        for id_ in missing:
            listed = id_ in record.kept and record.kept[id_][1] in tables.lost
            need(listed or id_ in record.unpublished, "an accepted event is gone", request, id_)
        if missing and len(missing) < len(receipt.events):
            need(command in tables.torn, "a torn command is not listed", request)


def decided_once(stage: Stage) -> None:
    """Every petition that has come has one case; every cause is decided on once."""
    tables = stage.databases["assignment"].tables
    intake = stage.databases["intake"].tables
    opened = [row for row in tables.events.values() if row.type == "lianxin.case.opened.v1"]
    need(len({row.stream for row in opened}) == len(opened), "a case was opened twice")
    causes = {row.causation for row in opened}
    for row in intake.events.values():
        place = ("react", row.topic, row.partition, lane_of("intake", row).source, row.number)
        if row.type == "lianxin.petition.registered.v1" and place not in tables.parked and not _missing(tables, place):
            gone = set(tables.torn) | {UUID(int=0)}
            need(row.id in causes or row.id in gone, "a petition has no case", row.stream)
    limited = {row.causation for row in tables.events.values() if row.type == "lianxin.case.limit_set.v1"}
    for row in opened:
        need(row.causation in limited or row.causation in tables.torn, "a case has no limit", row.stream)


def _missing(tables: Tables, place: tuple[Any, ...]) -> bool:
    """Whether `lag` shows a message as missing."""
    consumer, topic, partition, source, number = place
    mark = tables.marks.get((consumer, Lane(source, topic, partition)), 0)
    return bool(mark < number <= tables.expected.get((source, topic, partition), 0))
