"""How sure a share is (A3): Wilson's interval against published values, and what must hold of any."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appraisal.domain.interval import HALF, wilson

SHARE = st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("numerator", "denominator", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3.
        (81, 263, "0.2553", "0.3662"),
        (15, 148, "0.0624", "0.1605"),
        (0, 20, "0", "0.1611"),
        (1, 29, "0.0061", "0.1718"),
    ],
)
def test_A3_as_published(numerator: int, denominator: int, low: str, high: str) -> None:
    found = wilson(numerator, denominator)
    assert found
    assert abs(found.low - Decimal(low)) <= Decimal("0.0001")
    assert abs(found.high - Decimal(high)) <= Decimal("0.0001")


def test_A3_nothing_counted_has_no_interval() -> None:
    assert wilson(0, 0) is None


@given(share=SHARE)
def test_A3_it_holds_the_share_and_stays_between_nothing_and_all(share: tuple[int, int]) -> None:
    found = wilson(*share)
    assert found
    assert 0 <= found.low <= Decimal(share[0]) / share[1] <= found.high <= 1
    assert found.low < found.high


@given(share=SHARE)
def test_A3_the_opposite_share_has_the_opposite_interval(share: tuple[int, int]) -> None:
    one, other = wilson(*share), wilson(share[1] - share[0], share[1])
    assert one
    assert other
    assert (one.low, one.high) == (1 - other.high, 1 - other.low)


@given(share=SHARE, times=st.integers(2, 50))
def test_A3_more_of_the_same_is_surer(share: tuple[int, int], times: int) -> None:
    few, many = wilson(*share), wilson(share[0] * times, share[1] * times)
    assert few
    assert many
    assert many.high - many.low <= few.high - few.low + Decimal("0.0002")


@given(share=st.integers(1, 1_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_A3_half_of_the_certainty_is_the_narrower_and_lies_within(share: tuple[int, int]) -> None:
    half, most = wilson(*share, HALF), wilson(*share)
    assert half
    assert most
    assert most.low <= half.low <= half.high <= most.high
    assert half.high - half.low < most.high - most.low
