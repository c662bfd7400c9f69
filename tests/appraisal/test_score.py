"""Given counts and a policy, when scored, then this (A1-A3, A6)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given as each
from hypothesis import strategies as st
from lianxin_schemas.events.scores import Band, BandFrom, IndicatorKind, Needed, Node, PolicyAdopted

from services.appraisal.domain.periods import Length, parse
from services.appraisal.domain.policy import PolicyText, adopt
from services.appraisal.domain.score import Count, Score, band_of, comes_out, rounded, score
from services.appraisal.domain.words import COUNTS, INDICATORS, REASONS, Why, of_node, of_policy, rule
from services.refused import Refused
from tests.appraisal.given import POLICIES

NOTHING = {kind: Count(0, 0) for kind in IndicatorKind}
BY_NAME = {policy.policy: policy for policy in POLICIES}


def flat(coverage: str = "50", petitions: str = "50") -> PolicyAdopted:
    """Coverage and petitions in time, side by side."""
    needed = Needed(month=1, quarter=1, year=2)
    nodes = (
        Node(node="a", weight=coverage, indicator=IndicatorKind.COVERAGE, minimum=5, needed=needed),
        Node(node="b", weight=petitions, indicator=IndicatorKind.PETITIONS_IN_TIME, minimum=5),
    )
    return adopt([], PolicyText(policy="p", valid_from=parse("2010").first, nodes=nodes))


def given(coverage: tuple[int, int], petitions: tuple[int, int], policy: PolicyAdopted | None = None) -> Score:
    counts = {IndicatorKind.COVERAGE: Count(*coverage), IndicatorKind.PETITIONS_IN_TIME: Count(*petitions)}
    return score(policy or flat(), NOTHING | counts)


def test_A6_a_score_states_each_part() -> None:
    found = given((3, 10), (5, 6))
    assert found.value == Decimal("56.67")
    assert [(part.value, part.own, part.applied) for part in found.parts] == [
        (Decimal("0.3000"), Decimal("50.00"), Decimal("50.00")),
        (Decimal("0.8333"), Decimal("50.00"), Decimal("50.00")),
    ]


@pytest.mark.parametrize(("petitions", "expected"), [((4, 4), "30.00"), ((0, 0), "30.00"), ((5, 5), "65.00")])
def test_A3_below_the_minimum_the_weight_is_shared_out(petitions: tuple[int, int], expected: str) -> None:
    found = given((3, 10), petitions)
    assert found.value == Decimal(expected)
    assert [part.applied for part in found.parts] == ([100, 0] if petitions[1] < 5 else [50, 50])


def test_A3_weight_is_shared_in_proportion() -> None:
    assert given((1, 2), (9, 10), flat("80", "20")).value == Decimal("90.00")
    assert given((5, 10), (1, 4), flat("80", "20")).value == Decimal("50.00")
    assert given((5, 10), (9, 10), flat("80", "20")).value == Decimal("58.00")


def test_A3_nothing_left_is_not_enough_data() -> None:
    found = given((4, 4), (4, 4))
    assert (found.value, found.band) == (None, None)
    assert [(part.value, part.applied) for part in found.parts] == [(None, 0), (None, 0)]


FULL = {
    IndicatorKind.COVERAGE: Count(5, 10),
    IndicatorKind.PETITIONS_IN_TIME: Count(8, 10),
    IndicatorKind.PETITIONS_SOLVED: Count(6, 10, answers=8),
    IndicatorKind.PETITIONS_SATISFIED: Count(7, 10, answers=8),
    IndicatorKind.ZONE_RATING: Count(30, 10, 4),
    IndicatorKind.EVALUATION: Count(36, 10, 4, minus=Count(8, 10, 4)),
    IndicatorKind.COUNTY_MARK: Count(80, 1, 100),
    IndicatorKind.PROVINCE_MARK: Count(150, 2, 100),
}


def applied(found: Score) -> dict[str, Decimal]:
    return {part.node.node: part.applied for part in found.parts}


def test_A2_three_dimensions() -> None:
    found = score(BY_NAME["three-dimensions"], FULL)
    # 60 of (40 x 0.5 + 30 x 0.8 + 30 x 0.6) + 10 of 0.9 - 0.2 + 30 of (0.75 + 0.7) / 2
    assert found.value == Decimal("37.20") + Decimal("7.00") + Decimal("21.75")
    assert found.band is Band.FAIR
    assert applied(found)["coverage"] == Decimal("24.00")
    [results] = [part for part in found.parts if part.node.node == "results"]
    assert (results.value, results.own, results.count) == (Decimal("0.6200"), Decimal("60.00"), None)


def test_A2_three_levels_and_satisfaction() -> None:
    assert score(BY_NAME["three-levels"], FULL).value == Decimal("75.25")
    assert score(BY_NAME["satisfaction"], FULL).value == Decimal("72.50")


def test_A3_what_is_missing_goes_to_siblings_first_and_then_upward() -> None:
    policy = BY_NAME["three-dimensions"]
    one = score(policy, FULL | {IndicatorKind.ZONE_RATING: Count(0, 0, 4)})
    assert applied(one)["satisfied"] == Decimal("30.00")
    assert applied(one)["results"] == Decimal("60.00")
    both = score(
        policy,
        FULL | {kind: Count(0, 0) for kind in (IndicatorKind.ZONE_RATING, IndicatorKind.PETITIONS_SATISFIED)},
    )
    assert applied(both)["opinion"] == 0
    assert applied(both)["results"] == Decimal("85.71")  # 60 of the 70 that are left
    assert applied(both)["evaluation"] == Decimal("14.29")


def test_A2_evaluation_needs_both_forms_and_never_falls_below_nothing() -> None:
    policy = BY_NAME["three-dimensions"]
    alone = score(policy, NOTHING | {IndicatorKind.EVALUATION: Count(36, 10, 4, minus=Count(0, 0, 4))})
    assert alone.value is None
    few = score(policy, NOTHING | {IndicatorKind.EVALUATION: Count(36, 10, 4, minus=Count(4, 4, 4))})
    assert few.value is None
    bad = score(policy, NOTHING | {IndicatorKind.EVALUATION: Count(8, 10, 4, minus=Count(36, 10, 4))})
    assert (bad.value, bad.band) == (Decimal("0.00"), Band.IMPROVE)


@pytest.mark.parametrize(("answers", "enough"), [(0, False), (4, False), (5, True)])
def test_A3_G2_verdicts_show_from_five_answers_up(answers: int, enough: bool) -> None:
    found = score(
        BY_NAME["satisfaction"], NOTHING | {IndicatorKind.PETITIONS_SATISFIED: Count(0, 100, answers=answers)}
    )
    assert (found.value is not None) is enough


@pytest.mark.parametrize(
    ("value", "band"),
    [("100", Band.EXCELLENT), ("90", Band.EXCELLENT), ("89.99", Band.GOOD), ("60", Band.FAIR), ("59.99", None)],
)
def test_A3_a_score_has_a_band(value: str, band: Band | None) -> None:
    bands = [BandFrom(band=of, points=points) for of, points in zip(Band, (90, 75, 60), strict=False)]
    assert band_of(Decimal(value), bands) is band
    assert band_of(None, bands) is None


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


SHARE = st.integers(0, 30).flatmap(lambda n: st.integers(0, n).map(lambda k: (k, n)))
COUNTS_ = st.fixed_dictionaries(
    {kind: SHARE.map(lambda pair: Count(*pair)) for kind in IndicatorKind if kind is not IndicatorKind.EVALUATION}
).flatmap(
    lambda counts: st.tuples(SHARE, SHARE).map(
        lambda pair: counts | {IndicatorKind.EVALUATION: Count(*pair[0], minus=Count(*pair[1]))}
    )
)


@each(counts=COUNTS_, policy=st.sampled_from(POLICIES))
def test_A3_whatever_is_missing_the_weights_applied_make_up_the_whole(
    counts: dict[IndicatorKind, Count], policy: PolicyAdopted
) -> None:
    found = score(policy, counts)
    leaves = [part for part in found.leaves if part.value is not None]
    if found.value is None:
        assert not leaves
        return
    assert 0 <= found.value <= 100
    assert abs(sum((part.applied for part in leaves), Decimal(0)) - 100) < Decimal("0.05")
    values = [part.value for part in leaves if part.value is not None]
    assert min(values) * 100 - 1 <= found.value <= max(values) * 100 + 1
    for part in found.parts:
        assert (part.applied == 0) is (part.value is None)
        assert (part.adds is None) is (part.value is None)
    # Each is rounded for itself to two places, and so is the whole.
    brought = sum((part.adds for part in leaves if part.adds is not None), Decimal(0))
    assert abs(brought - found.value) <= Decimal("0.005") * (len(leaves) + 1)


@each(counts=COUNTS_, policy=st.sampled_from(POLICIES))
def test_A3_whether_a_score_comes_out_is_known_without_it(
    counts: dict[IndicatorKind, Count], policy: PolicyAdopted
) -> None:
    assert comes_out(policy, counts) == (score(policy, counts).value is not None)


@each(counts=COUNTS_, policy=st.sampled_from(POLICIES))
def test_A3_a_better_count_never_makes_a_score_worse(counts: dict[IndicatorKind, Count], policy: PolicyAdopted) -> None:
    before = score(policy, counts).value
    for kind, count in counts.items():
        if count.numerator < count.denominator and before is not None:
            better = Count(count.numerator + 1, count.denominator, minus=count.minus)
            after = score(policy, counts | {kind: better}).value
            assert after is not None
            assert after >= before


def test_A6_everything_has_words_in_both_languages() -> None:
    assert set(REASONS) == set(Why)
    assert set(Why) > COUNTS
    assert set(INDICATORS) == set(IndicatorKind)
    for policy in POLICIES:
        assert of_policy(policy.policy).zh != policy.policy
        for node in policy.nodes:
            assert of_node(node).zh != node.node
            for name in ("2026-03", "2026-Q1", "2026") if node.indicator else ():
                words = rule(node, parse(name))
                assert words.zh
                assert str(node.minimum) in words.en
    assert "2 time(s)" in rule(BY_NAME["first"].nodes[0], parse("2026")).en


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
