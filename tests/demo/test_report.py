"""The report: columns that line up, and a verdict that misses nothing."""

from dataclasses import replace
from datetime import datetime

import pytest

from deploy.demo import layout, report
from deploy.demo.__main__ import check_clock
from deploy.demo.client import Tally
from deploy.demo.commands import Command
from deploy.demo.figures import CadreScore, Indicator, Line, Reason
from deploy.demo.onward import Onward
from deploy.demo.quarter import SHANGHAI
from deploy.demo.real import Rate
from deploy.demo.report import Found
from deploy.local.state import Trouble

INDICATOR = {
    **{"indicator": "coverage", "zh": "走访覆盖", "en": "Visit coverage", "rule_zh": "规则。", "rule_en": "A rule."},
    **{"value": "0.5", "weight_applied": "50.00"},
}
TOPICS = {"visits": 1, "petitions": 2, "ratings": 1, "cases": 4, "notices": 1, "seals": 2}
ADDRESSES = {name: f"http://127.0.0.1:{port}" for port, name in enumerate(("intake", "assignment", "appraisal"), 8001)}


@pytest.fixture
def found() -> Found:
    tally = Tally()
    for path in ("/visits", "/petitions", "/petitions/p/verdict", "/cases/p/acceptance", "/marks"):
        command = Command(path, {"command": path})
        tally.take(command, {"events": [path]})
    tally.take(Command("/visits", {"command": "x"}, "visit.exists"), {"code": "visit.exists"})
    line = Line("coverage", Rate(1, 2), Rate(1, 2))
    score = CadreScore(
        "c-0001",
        {"zh": "50.00分", "en": "50.00 of 100"},
        (Indicator((line,), INDICATOR, (Reason("计入。", "Counts.", 1),)),),
    )
    return Found(
        space="demo-1",
        tally=tally,
        topics=TOPICS,
        parked=0,
        differences=[],
        districts=[Line("A市", Rate(3, 4), Rate(3, 4)), Line("", Rate(1, 1), Rate(1, 1))],
        whole=[Line("coverage", Rate(7, 9), Rate(7, 9))],
        reach=[Line("three-levels cadres", Rate(2, 5), Rate(2, 5))],
        some=[Line("c-1 coverage", Rate(0, 1), Rate(0, 1))],
        cadre=score,
        phases={"Start": 9.5},
        onward=Onward("c-0001", "1234 5678 9012", "ABCD EFGH", "0123-4567-89AB"),
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
        "accepted": 5,
        "topics": TOPICS,
        "outcomes": {"repeated": 0, "visit.exists": 1},
        "real_petitions": {"registered": 5, "in_time": 4},
        "figures": {"compared": 6, "equal": 6},
        "county": {"coverage": [7, 9]},
        "policies": {"three-levels cadres": [2, 5]},
        "phases": {"Start": 9.5},
        "problems": [],
        "space": "demo-1",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"parked": 1},
        {"differences": ["assignment: a row differs"]},
        {"districts": [Line("A市", Rate(2, 4), Rate(3, 4)), Line("", Rate(), Rate())]},
        *(
            {"topics": {**TOPICS, topic: TOPICS[topic] - 1}}
            for topic in ("visits", "petitions", "ratings", "cases", "notices")
        ),
        *({what: [Line("three-levels zones", Rate(1, 4), Rate(2, 4))]} for what in ("reach", "some")),
        {"whole": [Line("solved", Rate(1, 4), Rate(2, 4))]},
    ],
)
def test_whatever_does_not_hold_is_said(found: Found, change: dict[str, object]) -> None:
    changed = replace(found, **change)  # type: ignore[arg-type]
    assert not changed.as_json()["verify"]
    assert "SOMETHING DID NOT HOLD" in report.text(changed, ADDRESSES, "/state")


def test_a_score_that_differs_from_the_data_is_said(found: Found) -> None:
    [indicator] = found.cadre.indicators
    other = replace(indicator, lines=(replace(indicator.lines[0], computed=Rate(2, 2)),))
    changed = replace(found, cadre=replace(found.cadre, indicators=(other,)))
    assert changed.complaints() == ["coverage: the service has 1/2, the data 2/2."]


def test_the_text_names_what_a_reader_goes_on_with(found: Found) -> None:
    text = report.text(found, ADDRESSES, "/state")
    for words in ("1234 5678 9012", "ABCD EFGH", "0123-4567-89AB", "c-0001", "数据不足"):
        assert words in text
    for words in ("全部相符", "http://127.0.0.1:8003/scores/cadres/c-0001", "token --role", "make down", "75.0 %"):
        assert words in text


def test_a_clock_that_is_behind_is_said() -> None:
    with pytest.raises(Trouble, match="2026-10-14"):
        check_clock(datetime(2026, 10, 14, tzinfo=SHANGHAI))
    check_clock(datetime(2026, 10, 15, tzinfo=SHANGHAI))


def test_no_line_of_the_report_is_wider_than_a_terminal(found: Found) -> None:
    assert max(layout.width(line) for line in report.text(found, ADDRESSES, "/state").splitlines()) <= 120
