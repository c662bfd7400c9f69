"""What must hold after every fault: nothing lost, nothing twice, order kept, and three ways to the same tables."""

from collections import defaultdict
from typing import Any

from lianxin_schemas import codec
from lianxin_schemas.partition import partition_of

from services.appraisal.projections import PROJECTION
from services.assignment import operating
from services.assignment.settings import Settings as AssignmentSettings
from tests.world.traffic import Traffic
from tests.world.world import World, until


def log_holds(world: World, service: str, accepted: list[str]) -> None:
    """Every accepted event stands in the log once; positions and lane numbers are dense; time never falls."""
    rows = world.query(
        service,
        "SELECT position, id::text, topic, partition, number, recordedtime, stream, version, incarnation FROM events"
        " ORDER BY 1",
    )
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1)), "positions are not dense"
    ids = [row[1] for row in rows]
    assert len(set(ids)) == len(ids), "an event stands twice in the log"
    assert set(accepted) <= set(ids), f"accepted, but not in the log: {set(accepted) - set(ids)}"
    assert [row[5] for row in rows] == sorted(row[5] for row in rows), "recordedtime falls"
    _dense([((row[8], row[2], row[3]), row[4]) for row in rows])
    versions: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        versions[row[6]].append(row[7])
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values()), "a stream has a gap"


def _dense(numbers: list[tuple[Any, ...]]) -> None:
    lanes: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for lane, number in numbers:
        lanes[lane].append(number)
    for place, found in lanes.items():
        assert found == list(range(1, len(found) + 1)), f"numbers of {place} are not dense: {found[:50]}"


def topics_hold(world: World, service: str, topics: tuple[str, ...]) -> None:
    """By the rule of lanes, what is in Kafka is the log: dense numbers, each key in order, the same ids."""
    for topic in topics:
        first: dict[tuple[Any, ...], str] = {}
        highest: dict[tuple[Any, ...], int] = defaultdict(int)
        keys: dict[str, int] = defaultdict(int)
        for partition, value in world.raw(topic):
            try:
                message = codec.unwrap(value)
            except codec.Unreadable:
                continue
            lane, number = (message.source, partition), message.lanenumber
            ours = message.source.startswith(f"/{world.space}/{service}/")
            if ours and partition == partition_of(message.subject, 24) and number == highest[lane] + 1:
                highest[lane] = number
                first[(*lane, number)] = str(message.id)
                assert message.streamversion == keys[message.subject] + 1, f"{message.subject} out of order"
                keys[message.subject] += 1
        logged = world.query(
            service,
            "SELECT format('/%%s/%%s/%%s', %s::text, %s::text, incarnation), partition, number, id::text FROM events"
            " WHERE topic = %s",
            [world.space, service, topic],
        )
        assert first == {tuple(row[:3]): row[3] for row in logged}, f"{topic} in Kafka is not the log's"


def settled(world: World, *services: str) -> None:
    """Waits until nothing is on its way any more, one service after the other."""
    for service in services:
        try:
            until(lambda name=service: world.lag(name)["behind"] == 0, f"lag of {service}", every=0.3)  # type: ignore[misc]
        except AssertionError as error:
            logs = {file.name: file.read_text()[-2000:] for file in world.folder.glob("*.log")}
            raise AssertionError(f"{error}: {world.lag(service)} {logs}") from None


def sealed(world: World, *services: str) -> None:
    """Waits until the last seal of each log is in Kafka: another one comes only after something else."""

    def all_of(name: str) -> bool:
        found = world.lag(name)
        return found["sealed"] <= 1 and found["log"] == 0

    for service in services:
        until(lambda name=service: all_of(name), f"{service} is sealed", every=0.2)  # type: ignore[misc]


def intake_holds(world: World, traffic: Traffic) -> None:
    """All that intake promised: what it accepted is kept once and lies in Kafka, whole and in order."""
    settled(world, "intake")
    assert not traffic.contradictions, "one command got two different receipts"
    log_holds(world, "intake", [event for events in traffic.accepted.values() for event in events])
    topics_hold(world, "intake", ("visits", "petitions"))


def everything_holds(world: World, traffic: Traffic) -> None:
    """The whole way: log, topics, cases and scores; live tables = rebuilt tables = plain refold."""
    intake_holds(world, traffic)
    settled(world, "assignment")
    log_holds(world, "assignment", [])
    topics_hold(world, "assignment", ("cases", "responsibility"))
    petitions = world.query("intake", "SELECT count(*) FROM events WHERE topic = 'petitions'")
    assert world.query("assignment", "SELECT count(*) FROM events WHERE type LIKE '%%case.opened%%'") == petitions
    assert operating.verify(AssignmentSettings(**world.settings.model_dump())) == []
    appraisal_holds(world)


def appraisal_holds(world: World) -> None:
    """Every visit is counted once, and the tables are equal live, refolded and rebuilt."""
    sealed(world, "intake", "assignment")  # a seal still to come would change when the tables were last touched
    settled(world, "appraisal")
    streams = world.query("intake", "SELECT count(DISTINCT stream) FROM events WHERE topic = 'visits'")
    assert world.query("appraisal", "SELECT count(*) FROM visit") == streams
    world.verify()
    before = tables(world)
    world.rebuild()
    settled(world, "appraisal")
    after = tables(world)
    differ = {name: [sorted({*rows} ^ {*after[name]})[:4]] for name, rows in before.items() if rows != after[name]}
    assert not differ, f"rebuilt tables differ from live ones: {differ}"
    world.verify()


def tables(world: World) -> dict[str, list[Any]]:
    """All rows of appraisal's projection."""
    names = PROJECTION.tables
    return {name: sorted(map(repr, world.query("appraisal", f'SELECT * FROM "{name}"'))) for name in names}
