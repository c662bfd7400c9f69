"""The command itself: nothing that has a failpoint is missing in the matrix, and what does not hold is told."""

import json
import re
import signal
from pathlib import Path

import pytest

from tests.faults import __main__ as command
from tests.faults import matrix
from tests.faults.others import COMMANDS, Command, ended
from tests.faults.stage import ROLES
from tests.faults.tally import Tally

ROOT = Path(__file__).parents[2]
PLACE = re.compile(r"(?:\.reach|_reach)\((?:\w+, )?\"([\w.-]+)\"\)")
ELSEWHERE = {"rating.spent": "tests/intake/test_ratings_release.py"}
"""Places that the matrix does not reach: a ballot needs a round that is open, and there is one test for it."""


def in_the_code() -> set[str]:
    """Every failpoint that some service reaches."""
    return {name for file in (ROOT / "services").rglob("*.py") for name in PLACE.findall(file.read_text("utf-8"))}


def test_every_failpoint_in_the_code_is_in_the_matrix_or_has_its_own_test() -> None:
    places = {place for group in matrix.GROUPS for all_ in group.values() for place in all_}
    assert places | set(ELSEWHERE) == in_the_code()
    assert not places & set(ELSEWHERE)
    for place, file in ELSEWHERE.items():
        assert f"{place}=kill" in (ROOT / file).read_text("utf-8")


def test_every_failpoint_is_reached_by_its_literal_name() -> None:
    """What `in_the_code` cannot read it would not find missing."""
    for file in (ROOT / "services").rglob("*.py"):
        if file.name != "failpoints.py":
            text = file.read_text("utf-8")
            unread = text.count("failpoints.reach(") - len(re.findall(r"failpoints\.reach\(\"", text))
            assert unread == text.count("failpoints.reach(failpoint)"), file


def test_every_role_of_the_stage_is_hit() -> None:
    assert sorted(role for group in matrix.GROUPS for role in group) == sorted(ROLES)


def test_each_pair_of_place_and_fault_is_in_one_round_a_time() -> None:
    pairs = [(role, place, each.fault, each.nth) for each in matrix.rounds(3) for role, place in each.places.items()]
    assert len(set(pairs)) == len(pairs)
    expected = sum(len(all_) for group in matrix.GROUPS for all_ in group.values()) * len(matrix.FAULTS)
    assert len(pairs) == 3 * expected
    assert {nth for *_, nth in pairs} == {1, 2, 3}


@pytest.fixture
def tally(tmp_path: Path) -> Tally:
    return Tally(tmp_path / "faults.json")


def test_what_is_raised_is_noted_with_how_to_do_it_again_and_the_next_case_follows(tally: Tally) -> None:
    with tally.case("matrix", "kill a b", ["a", "b"], "kill -9") as hit:
        hit.append("a")
        raise AssertionError("lost")
    with tally.case("matrix", "stop a", ["a"], "SIGSTOP") as hit:
        hit.append("a")
    found = json.loads(tally.file.read_text())
    assert [(row["whom"], row["hit"], row["held"]) for row in found["rows"]] == [("a", 1, 0), ("b", 0, 0), ("a", 1, 1)]
    [wrong] = found["wrong"]
    assert wrong["again"] == "make faults ONLY=matrix CASE='kill a b'"
    assert wrong["why"].endswith("AssertionError: lost\n")


def test_a_fault_that_did_not_reach_everybody_does_not_count_as_held(tally: Tally) -> None:
    with tally.case("matrix", "kill a b", ["a", "b"], "kill -9") as hit:
        hit.append("a")
    assert [row.held for row in tally.rows.values()] == [0, 0]
    assert "['b']" in tally.wrongs[0].why


def test_only_cases_that_were_asked_for_are_wanted(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "faults.json", "stop")
    assert [each.fault for each in matrix.rounds(1) if tally.wanted(each.name)] == ["stop"] * 6


def of_unittest(words: str) -> Command:
    """A command that ends with 0, or not, by its words."""
    return Command("some", "unittest", "whom", "fault", lambda _: words)


def test_a_command_holds_where_it_ends_with_zero(tally: Tally) -> None:
    of_unittest("--help").run(tally, 1)
    of_unittest("no_such_module_of_tests").run(tally, 1)
    [row] = tally.rows.values()
    assert (row.hit, row.held) == (2, 1)
    assert "ended with 1" in tally.wrongs[0].why


def test_what_was_started_does_not_outlive_a_run_that_is_ended(tally: Tally) -> None:
    long = Command("some", "tests.simulation", "whom", "fault", lambda _: "--histories 100000 --processes 1")
    process = long.start(tally, 1)
    assert process
    assert process.poll() is None
    with pytest.raises(KeyboardInterrupt), ended(process):
        raise KeyboardInterrupt
    assert process.wait(30) == -signal.SIGTERM


def test_a_command_that_does_not_exist_is_left_out_for_all_to_see(tally: Tally) -> None:
    Command("some", "tests.nowhere", "whom", "fault", lambda _: "").run(tally, 1)
    [row] = tally.rows.values()
    assert (row.hit, row.held, row.note) == (0, 0, "left out: there is no tests.nowhere")
    assert "left out" in tally.table()
    assert not tally.wrongs


def test_every_command_is_a_part_and_what_takes_long_runs_on_demand_alone() -> None:
    assert {each.part for each in COMMANDS} | {"matrix"} <= set(command.PARTS)
    assert set(command.ON_DEMAND) <= set(command.PARTS)


def test_a_part_that_does_not_exist_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["faults", "ONLY=nothing"])
    assert command.main() == 2
    assert "matrix" in capsys.readouterr().err
