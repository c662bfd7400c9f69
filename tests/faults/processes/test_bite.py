"""The tests bite: each bug of this list, put into a copy of the code, is caught by a test that names the rule.

Each entry is a place, what stands there, what a tired hand might write instead, and the test that must fail then.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import Addresses

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Bug:
    """One bug and the test that catches it."""

    name: str
    file: str
    right: str
    wrong: str
    test: str


RUNTIME = "tests/runtime"
BUGS = (
    Bug(
        "the mark is written before the rows",
        "services/runtime/log.py",
        "        async with connection.pipeline() as pipeline, connection.transaction():\n"
        "            await send(connection, first)\n",
        "        await send(connection, first)\n"
        "        async with connection.pipeline() as pipeline, connection.transaction():\n",
        "tests/faults/processes/test_consumers.py::test_rule_10_killed_between_rows_and_mark",
    ),
    Bug(
        "the answer is given before the commit",
        "services/runtime/gather.py",
        "        rows = self._rows(",
        "        for decision, done in batch:\n"
        "            _set(done, Receipt(tuple(entry.id for entry in decision.entries), {}))\n"
        "        rows = self._rows(",
        f"{RUNTIME}/test_gather.py::test_rule_3_a7_culprits_among_a_hundred_fail_alone",
    ),
    Bug(
        "a relay without an epoch",
        "services/runtime/log.sql",
        "WHERE epoch = mine",
        "WHERE true",
        f"{RUNTIME}/test_relay.py::test_rule_5_a_stopped_relay_that_wakes_after_its_lease_ends_and_moves_nothing",
    ),
    Bug(
        "a producer that goes on after a failed batch",
        "services/runtime/publish.py",
        "    for row, future in zip(rows, futures, strict=True):\n"
        "        await _acknowledged(future)\n"
        "        await progress(row.position)\n",
        "    await _acknowledged(futures[-1])\n    await progress(rows[-1].position)\n",
        f"{RUNTIME}/test_publish.py",
    ),
    Bug(
        "no read-back",
        "services/runtime/relay.py",
        "        if missing is None:",
        "        if missing is None or missing:",
        "tests/faults/processes/test_kafka_losses.py::test_rule_7_a_number_missing_in_the_middle_is_found_and_published_again",
    ),
    Bug(
        "an Early is applied",
        "services/runtime/inbox.py",
        "if number > mark + 1:",
        "if number > mark + 1_000_000:",
        f"{RUNTIME}/test_sort_model.py",
    ),
    Bug(
        "a parked key is overtaken",
        "services/runtime/inbox.py",
        "if (message.topic, key) in result.keys:",
        "if not key:",
        f"{RUNTIME}/test_sort_model.py",
    ),
    Bug(
        "one bad decision takes its batch with it",
        "services/runtime/gather.py",
        "if len(batch) > 1:",
        "if len(batch) > 1_000:",
        f"{RUNTIME}/test_gather.py::test_rule_3_a7_culprits_among_a_hundred_fail_alone",
    ),
    Bug(
        "recordedtime follows a clock that was set back",
        "services/runtime/log.sql",
        "greatest(clock_timestamp(), base.recordedtime)",
        "clock_timestamp()",
        f"{RUNTIME}/test_log.py::test_one_order_recorded_time_does_not_fall_when_the_clock_is_set_back",
    ),
    Bug(
        "marks move whoever holds them",
        "services/runtime/recover.sql",
        "      AND m.number = n.was AND (",
        "      AND (",
        f"{RUNTIME}/test_receiver.py::test_rule_9_two_that_begin_together_apply_each_number_once",
    ),
    Bug(
        "a recovered log goes on under its old name",
        "services/runtime/recover.py",
        "        [found.incarnation + 1, position],",
        "        [found.incarnation, position],",
        f"{RUNTIME}/test_recover.py::test_rule_13_without_anything_to_take_back_the_name_is_new_all_the_same",
    ),
    Bug(
        "a position that was lost is used again",
        "services/runtime/recover.py",
        "greatest(position, e.last)",
        "position + (SELECT count(*) FROM events c WHERE c.position > position)",
        f"{RUNTIME}/test_recover.py::test_rule_13_a_position_that_is_nowhere_is_lost_and_its_command_torn_or_gone",
    ),
    Bug(
        "beyond the end of a lane is applied",
        "services/runtime/recover.sql",
        " AND (c.number IS NULL OR n.number <= greatest(c.number, n.was))",
        "",
        f"{RUNTIME}/test_ended_lanes.py::test_rule_13_another_process_that_has_not_heard_of_the_end_does_not_go_beyond_it",
    ),
)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name.replace(" ", "-"))
def test_bug_is_caught(bug: Bug, tmp_path: Path, servers: Addresses) -> None:
    """Given a copy of the code with the bug, when the test that names the rule runs on it, then it fails."""
    for folder in ("services", "tests", "deploy"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    place = tmp_path / bug.file
    text = place.read_text()
    assert text.count(bug.right) == 1, f"{bug.file} no longer reads like this: bring the list up to date"
    place.write_text(text.replace(bug.right, bug.wrong))
    environment = os.environ | {
        "PYTHONPATH": str(tmp_path),
        "LIANXIN_KAFKA": servers.kafka,
        "LIANXIN_POSTGRES": servers.postgres,
        "LIANXIN_TEST_DEADLINE": "20",
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", bug.test],
        cwd=tmp_path,
        env={name: value for name, value in environment.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, f"not caught ({done.returncode}): {done.stdout[-3000:]}{done.stderr[-1000:]}"
