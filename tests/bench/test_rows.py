"""What is made of measurements, before anything is measured."""

import pytest

from tests.bench.__main__ import SUBJECTS, chosen
from tests.bench.rows import Run, line, merge, percentile, ratio, row


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert [percentile(values, share) for share in (1, 50, 99, 100)] == [1.0, 50.0, 99.0, 100.0]
    assert percentile([3.0, 1.0], 50) == 1.0
    assert percentile([7.0], 99) == 7.0


def test_a_row_is_the_median_with_its_spread() -> None:
    made = row("x_per_s", "1/s", [Run(30, 5, 2.0, 0.1), Run(10, 7, 4.0, 0.3), Run(20, 6, 3.0, 0.2)], "how")
    assert (made["value"], made["min"], made["max"], made["runs"], made["n"]) == (20, 10, 30, 3, 7)
    assert (made["cpu_s_per_million"], made["generator_share"]) == (3.0, 0.2)
    assert "void" not in made


def test_one_run_with_a_busy_generator_voids_the_row() -> None:
    made = row("x_per_s", "1/s", [Run(30, 5, generator=0.2), Run(10, 5, generator=0.61), Run(20, 5)], "how")
    assert (made["value"], made["min"], made["max"]) == (None, None, None)
    assert "61%" in made["void"]
    assert "void" in line(made)


def test_a_generator_at_its_limit_voids_nothing() -> None:
    assert row("x_per_s", "1/s", [Run(30, 5, generator=0.6)], "how")["value"] == 30


def test_a_ratio_is_taken_run_by_run() -> None:
    made = ratio("ratio_x", [Run(10, 5), Run(40, 5), Run(90, 5)], [Run(10, 5), Run(20, 5), Run(30, 5)], "how")
    assert (made["value"], made["min"], made["max"], made["peer"], made["ratio"]) == (2, 1, 3, 20, 2)


def test_a_ratio_is_void_with_either_side() -> None:
    made = ratio("ratio_x", [Run(10, 5, generator=0.1)], [Run(10, 5, generator=0.9)], "how")
    assert made["value"] is None
    assert made["ratio"] is None


def test_runs_of_a_ratio_belong_together() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratio("ratio_x", [Run(10, 5)], [Run(10, 5), Run(20, 5)], "how")


def test_rows_are_merged_by_name() -> None:
    known = [{"name": "a", "value": 1}, {"name": "b", "value": 2, "void": "busy"}]
    new = [{"name": "b", "value": 3}, {"name": "c", "value": 4}]
    assert merge(known, new) == [{"name": "a", "value": 1}, {"name": "b", "value": 3}, {"name": "c", "value": 4}]


def test_only_names_a_subject_a_row_or_the_beginning_of_one() -> None:
    assert chosen("") == [*SUBJECTS]
    assert chosen("accept") == ["accept"]
    assert chosen("rebuild_zipf_per_s") == ["project"]
    assert chosen("visible_p99") == ["visible"]
    assert chosen("nothing") == []


def test_every_row_has_one_subject() -> None:
    rows = [name for subject in SUBJECTS.values() for name in subject.ROWS]
    assert len(rows) == len(set(rows))
