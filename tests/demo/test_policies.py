"""Who has a figure under which policy (A1, A3, G2)."""

from pathlib import Path

import pytest
from lianxin_schemas.events.ratings import MarkLevel, RatingKind

from deploy.demo import policies
from deploy.demo.oracle import Figures
from deploy.demo.real import Rate

EVALUATED: dict[str, Rate] = {RatingKind.EVALUATION: Rate(20, 6), RatingKind.REVERSE: Rate(3, 5)}


@pytest.mark.parametrize(
    ("figures", "indicator", "enough"),
    [
        (Figures(coverage=Rate(0, 5)), "coverage", True),
        (Figures(coverage=Rate(4, 4)), "coverage", False),
        (Figures(in_time=Rate(1, 5)), "petitions_in_time", True),
        (Figures(solved=Rate(1, 9), answered=5), "petitions_solved", True),
        (Figures(solved=Rate(1, 9), answered=4), "petitions_solved", False),
        (Figures(satisfied=Rate(1, 9), answered=9, rated=4), "petitions_satisfied", False),
        (Figures(given={RatingKind.ZONE: Rate(9, 5)}), "zone_rating", True),
        (Figures(), "zone_rating", False),
        (Figures(given=EVALUATED), "evaluation", True),
        (Figures(given={RatingKind.EVALUATION: Rate(20, 6)}), "evaluation", False),
        (Figures(given={MarkLevel.COUNTY: Rate(70, 1)}), "province_mark", False),
    ],
)
def test_A3_what_proves_something(figures: Figures, indicator: str, enough: bool) -> None:
    assert policies.counted(figures, indicator).enough(5) is enough


def test_a_score_comes_out_of_one_indicator_with_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leaves = '{"node":"a","indicator":"coverage","minimum":5},{"node":"b","indicator":"county_mark","minimum":1}'
    (tmp_path / "mine.json").write_text('{"nodes":[{"node":"top"},' + leaves + "]}", encoding="utf-8")
    monkeypatch.setattr(policies, "FILES", tmp_path)
    assert policies.minimums("mine") == {"coverage": 5, "county_mark": 1}
    marked, visited = Figures(given={MarkLevel.COUNTY: Rate(70, 1)}), Figures(coverage=Rate(1, 5))
    assert policies.with_figure([marked, visited, Figures(), Figures(coverage=Rate(4, 4))], "mine") == 2
