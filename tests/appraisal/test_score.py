"""Given counts and a policy, when scored, then this (A1-A3, A6)."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from services.appraisal import policies
from services.appraisal.domain import policy, score
from services.appraisal.domain.periods import Length, parse
from services.appraisal.domain.policy import Kind, WrongPolicy
from services.appraisal.domain.score import Count, rounded
from services.appraisal.domain.words import COUNTS, REASONS, Why, rule
from services.appraisal.settings import Settings
from services.refused import Refused

FOLDER = Settings().policies
SHIPPED = json.loads((FOLDER / "first.v1.json").read_text())


def changed(*, indicators: list[dict[str, Any]] | None = None, **top: Any) -> str:
    """The shipped policy with fields of it, or of its indicators in order, replaced."""
    found = json.loads(json.dumps(SHIPPED)) | top
    for item, changes in zip(found["indicators"], indicators or [], strict=False):
        item.update(changes)
    return json.dumps(found)


def given(coverage: tuple[int, int], petitions: tuple[int, int], text: str = changed()) -> score.Score:
    counts = {Kind.COVERAGE: Count(*coverage), Kind.PETITIONS_IN_TIME: Count(*petitions)}
    return score.score(policy.parse(text), counts)


def test_A6_a_score_states_each_part() -> None:
    found = given((3, 10), (5, 6))
    assert found.value == Decimal("56.67")
    assert [(part.value, part.applied) for part in found.parts] == [
        (Decimal("0.3000"), Decimal("50.00")),
        (Decimal("0.8333"), Decimal("50.00")),
    ]


@pytest.mark.parametrize(("petitions", "expected"), [((4, 4), "30.00"), ((0, 0), "30.00"), ((5, 5), "65.00")])
def test_A3_below_the_minimum_the_weight_is_shared_out(petitions: tuple[int, int], expected: str) -> None:
    found = given((3, 10), petitions)
    assert found.value == Decimal(expected)
    assert [part.applied for part in found.parts] == ([100, 0] if petitions[1] < 5 else [50, 50])


def test_A3_weight_is_shared_in_proportion() -> None:
    three = changed(indicators=[{"weight": "80"}, {"weight": "20"}])
    assert given((1, 2), (9, 10), three).value == Decimal("90.00")
    assert given((5, 10), (1, 4), three).value == Decimal("50.00")
    assert given((5, 10), (9, 10), three).value == Decimal("58.00")


def test_A3_nothing_left_is_not_enough_data() -> None:
    found = given((4, 4), (4, 4))
    assert found.value is None
    assert [(part.value, part.applied) for part in found.parts] == [(None, 0), (None, 0)]


@pytest.mark.parametrize(
    ("exact", "expected"),
    [
        ((25, 1000), "0.02"),
        ((35, 1000), "0.04"),
        ((45, 1000), "0.04"),
        ((1, 3), "0.33"),
        ((2, 3), "0.67"),
        ((100, 1), "100.00"),
    ],
)
def test_A12_rounding_is_half_even_to_two_places(exact: tuple[int, int], expected: str) -> None:
    assert str(rounded(Fraction(*exact), 2)) == expected


def test_A12_nothing_is_rounded_before_the_end() -> None:
    # 1/3 of half and 2/3 of half make 50 exactly, whatever thirds do as decimals.
    assert given((2, 6), (4, 6)).value == Decimal("50.00")
    # A tie that only exact sums see: 1/16 = 6.25 %, halved 3.125.
    assert given((1, 16), (0, 10)).value == Decimal("3.12")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (changed(indicators=[{"weight": "49.9"}]), "add up to 100 and add up to 99.9"),
        (changed(indicators=[{"indicator": "likes"}]), "indicators.0.indicator"),
        (changed(indicators=[{"minimum": 0}]), "minimum of coverage must be at least 1 and is 0"),
        (changed(indicators=[{"weight": "0"}, {"weight": "100"}]), "weight of coverage must be more than 0"),
        (changed(indicators=[{"visits": {"month": 1, "quarter": 1}}]), "coverage must state at least 1 visit"),
        (changed(indicators=[{}, {"visits": {"month": 1}}]), "petitions_in_time must state no number of visits"),
        (changed(indicators=[{}, SHIPPED["indicators"][0]]), "named twice"),
        (changed(bonus=5), "bonus"),
        ("{", "not a policy"),
    ],
)
def test_A1_a_policy_that_cannot_be_one_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(WrongPolicy, match=sentence):
        policy.parse(text)


def test_A1_the_file_at_fault_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongPolicy, match="there is no policy"):
        policies.read(tmp_path)
    (tmp_path / "bad.v1.json").write_text(changed(indicators=[{"weight": "1"}]))
    with pytest.raises(WrongPolicy, match=r"bad\.v1\.json: the weights"):
        policies.read(tmp_path)


def test_A1_the_newest_policy_that_held_when_the_period_began() -> None:
    held = [policy.parse(changed(valid_from=day, version=n)) for n, day in ((1, "2025-01-01"), (2, "2026-03-02"))]
    assert policy.in_force(held, parse("2026-03")).version == 1
    assert policy.in_force(held, parse("2026-04")).version == 2
    with pytest.raises(Refused) as refused:
        policy.in_force(held, parse("2024"))
    assert refused.value.code == "period.no-policy"


def test_A6_every_reason_and_rule_has_words_in_both_languages() -> None:
    assert set(REASONS) == set(Why)
    assert set(Why) > COUNTS
    for indicator in policies.read(FOLDER)[0].indicators:
        for name in ("2026-03", "2026-Q1", "2026"):
            words = rule(indicator, parse(name))
            assert words.zh
            assert words.en
    assert "2 time(s)" in rule(policies.read(FOLDER)[0].indicators[0], parse("2026")).en


@pytest.mark.parametrize(
    ("name", "length", "first", "last"),
    [
        ("2026-03", "month", "2026-03-01", "2026-03-31"),
        ("2024-02", "month", "2024-02-01", "2024-02-29"),
        ("2026-12", "month", "2026-12-01", "2026-12-31"),
        ("2026-Q1", "quarter", "2026-01-01", "2026-03-31"),
        ("2026-Q4", "quarter", "2026-10-01", "2026-12-31"),
        ("2026", "year", "2026-01-01", "2026-12-31"),
    ],
)
def test_A5_periods(name: str, length: str, first: str, last: str) -> None:
    found = parse(name)
    assert (found.length, found.first.isoformat(), found.last.isoformat()) == (Length(length), first, last)


@pytest.mark.parametrize(
    "name",
    ["", "2026-3", "2026-00", "2026-13", "2026-Q0", "2026-Q5", "2026-q1", "26", "2026-03-01", "２０２６", "1949"],
)
def test_A5_anything_else_is_no_period(name: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(name)
    assert refused.value.code == "period.malformed"
