"""The report: columns that line up, and a verdict that misses nothing."""

from dataclasses import replace
from datetime import datetime

import pytest

from deploy.demo import layout, report
from deploy.demo.__main__ import check_clock
from deploy.demo.client import Tally
from deploy.demo.commands import Command
from deploy.demo.figures import CadreScore, Indicator, Line, Reason
from deploy.demo.quarter import SHANGHAI
from deploy.demo.real import Rate
from deploy.demo.report import Found
from deploy.local.state import Trouble

INDICATOR = {
    **{"indicator": "coverage", "zh": "走访覆盖", "en": "Visit coverage", "rule_zh": "规则。", "rule_en": "A rule."},
    **{"value": "0.5", "weight_applied": "50.00"},
}
ADDRESSES = {name: f"http://127.0.0.1:{port}" for port, name in enumerate(("intake", "assignment", "appraisal"), 8001)}


@pytest.fixture
def found() -> Found:
    tally = Tally()
    for path in ("/visits", "/petitions", "/cases/p/acceptance"):
        command = Command(path, {"command": path})
        tally.take(command, {"events": [path]})
    tally.take(Command("/visits", {"command": "x"}, "visit.exists"), {"code": "visit.exists"})
    line = Line("coverage", Rate(1, 2), Rate(1, 2))
    score = CadreScore(
        "c-0001",
        {"zh": "50.00分", "en": "50.00 of 100"},
        (Indicator(line, INDICATOR, (Reason("计入。", "Counts.", 1),)),),
    )
    return Found(
        space="demo-1",
        tally=tally,
        topics={"visits": 1, "petitions": 1, "responsibility": 9, "cases": 4, "seals": 2},
        parked=0,
        differences=[],
        districts=[Line("A市", Rate(3, 4), Rate(3, 4)), Line("", Rate(1, 1), Rate(1, 1))],
        cadre=score,
        seconds=61.23,
    )


def test_a_chinese_character_is_two_cells_wide() -> None:
    assert [layout.width(text) for text in ("A7县", "诉求", "a-b", "·")] == [4, 4, 3, 1]


def test_columns_line_up() -> None:
    rows = layout.table([["A7县", "1", "✓"], ["b", "200", "✓"]], "lrl")
    assert rows == ["  A7县    1  ✓", "  b     200  ✓"]
    assert len({layout.width(row) for row in rows}) == 1


def test_when_all_holds_the_json_says_so(found: Found) -> None:
    assert found.as_json() == {
        "verify": True,
        "seconds": 61.2,
        "accepted": 3,
        "topics": {"visits": 1, "petitions": 1, "responsibility": 9, "cases": 4, "seals": 2},
        "outcomes": {"repeated": 0, "visit.exists": 1},
        "real_petitions": {"registered": 5, "in_time": 4},
        "space": "demo-1",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"parked": 1},
        {"differences": ["assignment: a row differs"]},
        {"districts": [Line("A市", Rate(2, 4), Rate(3, 4)), Line("", Rate(), Rate())]},
        {"topics": {"visits": 0, "petitions": 1, "cases": 4}},
        {"topics": {"visits": 1, "petitions": 1, "cases": 3}},
    ],
    ids=["parked", "verify", "figure", "visit lost", "case event lost"],
)
def test_whatever_does_not_hold_is_said(found: Found, change: dict[str, object]) -> None:
    changed = replace(found, **change)  # type: ignore[arg-type]
    assert not changed.as_json()["verify"]
    assert "SOMETHING DID NOT HOLD" in report.text(changed, ADDRESSES, "/state")


def test_a_score_that_differs_from_the_data_is_said(found: Found) -> None:
    [indicator] = found.cadre.indicators
    other = replace(indicator, line=replace(indicator.line, computed=Rate(2, 2)))
    changed = replace(found, cadre=replace(found.cadre, indicators=(other,)))
    assert changed.complaints() == ["coverage: the service has 1/2, the data 2/2."]


def test_the_text_names_what_a_reader_goes_on_with(found: Found) -> None:
    text = report.text(found, ADDRESSES, "/state")
    for words in ("全部相符", "http://127.0.0.1:8003/scores/cadres/c-0001", "token --role", "make down", "75.0 %"):
        assert words in text


def test_a_clock_that_is_behind_is_said() -> None:
    with pytest.raises(Trouble, match="2026-10-14"):
        check_clock(datetime(2026, 10, 14, tzinfo=SHANGHAI))
    check_clock(datetime(2026, 10, 15, tzinfo=SHANGHAI))


def test_no_line_of_the_report_is_wider_than_a_terminal(found: Found) -> None:
    assert max(layout.width(line) for line in report.text(found, ADDRESSES, "/state").splitlines()) <= 120
