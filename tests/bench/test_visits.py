"""The made-up log is one that a relay could have sent."""

from collections import Counter, defaultdict

from lianxin_schemas import codec
from lianxin_schemas.partition import partition_of

from services.intake.domain.visits import LogVisit
from services.runtime.inbox import Inbox, Message, State
from tests.bench.load import _line
from tests.bench.visits import PARTITIONS, body, logged, visits

COMMAND = "6f1e4f2a-0a57-4a3e-9a34-0d4bb7c9b6a1"


def test_the_same_seed_makes_the_same_visits() -> None:
    assert list(visits(500, 1)) == list(visits(500, 1))
    assert list(visits(500, 1)) != list(visits(500, 2))


def test_a_shorter_log_is_the_beginning_of_a_longer_one() -> None:
    assert list(visits(20_000, 1))[:10_000] == list(visits(10_000, 1))


def test_no_two_visits_or_events_share_an_id() -> None:
    log = list(logged(visits(5_000, 1), "bench"))
    assert len({each.row.id for each in log} | {each.row.causation for each in log}) == 10_000


def test_a_visit_is_to_two_households_of_its_cadre() -> None:
    for visit in visits(5_000, 1):
        assert len(set(visit.households)) == 2
        assert {int(name[2:]) // 50 for name in visit.households} == {int(visit.cadre[2:])}


def test_by_zipf_few_cadres_are_very_busy() -> None:
    evenly, zipf = (Counter(visit.cadre for visit in visits(40_000, 1, zipf=zipf)) for zipf in (False, True))
    assert len(evenly) > 37_000
    assert max(evenly.values()) < 6
    assert zipf["c-000000"] > 4_000
    assert zipf["c-000000"] > 1.8 * zipf["c-000001"]


def test_lanes_are_dense_and_positions_too() -> None:
    log = list(logged(visits(3_000, 1), "bench"))
    assert [each.row.position for each in log] == list(range(1, 3_001))
    lanes = defaultdict(list)
    for each in log:
        assert each.partition == partition_of(each.row.stream, PARTITIONS)
        lanes[each.partition].append(each.row.number)
    assert len(lanes) == PARTITIONS
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in lanes.values())


def test_every_message_is_applied_and_is_the_codecs() -> None:
    log = list(logged(visits(1_000, 1), "bench"))
    lengths = [len(each.message) for each in log]
    assert 650 < sum(lengths) / len(lengths) < 800
    assert [codec.row_of(each.message) for each in log] == [each.row for each in log]
    kinds = frozenset(type(codec.read(codec.unwrap(each.message))) for each in log)
    messages = [Message("visits", each.partition, each.row.number - 1, each.message) for each in log]
    sorted_ = Inbox("bench", "bench", kinds).sort(messages, State(), {})
    assert len(sorted_.applied) == 1_000


def test_a_written_body_is_the_command_of_its_visit() -> None:
    [visit] = visits(1, 1)
    command = LogVisit.model_validate_json(body(visit, COMMAND))
    assert str(command.command) == COMMAND
    said = command.visit
    assert (str(said.visit), said.cadre, str(said.started.date()), said.households) == visit


def test_a_line_of_the_log_has_nothing_to_escape() -> None:
    for each in logged(visits(100, 1), "bench"):
        line = _line(each.row, each.partition)
        assert "\\" not in line
        assert line.count("\n") == 1
        assert line.count("\t") == 15
