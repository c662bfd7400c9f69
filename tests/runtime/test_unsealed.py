"""What lies behind the last seal: sealed is only what was read back as it was sent, in whatever order (rule 8)."""

from hypothesis import given
from hypothesis import strategies as st

from services.runtime import merkle
from services.runtime.unsealed import NOWHERE, Unsealed

BEFORE = 100
"""Positions under earlier seals."""


def message(position: int, text: str = "as it was") -> bytes:
    return f'{{"sequence":"{position:020d}","data":"{text}"}}'.encode()


def sent(unsealed: Unsealed, position: int, text: str = "as it was") -> None:
    unsealed.sent(position, merkle.leaf(message(position, text)))


def arrived(unsealed: Unsealed, value: bytes) -> None:
    unsealed.arrived(value, merkle.leaf(value))


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.permutations(range(2 * n)))))
def test_rule_8_in_whatever_order_all_that_was_sent_and_read_back_is_sealed(given_: tuple[int, list[int]]) -> None:
    many, order = given_
    unsealed = Unsealed(BEFORE)
    next_ = BEFORE + 1  # what is sent is sent in order; what is read back comes in any, before it too
    for each in order:
        if each < many:
            sent(unsealed, next_)
            next_ += 1
        else:
            arrived(unsealed, message(BEFORE + 1 + each - many))
    last = BEFORE + many
    assert unsealed.differs(last) is None
    leaves = [merkle.leaf(message(position)) for position in range(BEFORE + 1, last + 1)]
    assert unsealed.root(BEFORE + 1, last) == merkle.root(leaves)
    half = BEFORE + many // 2
    unsealed.drop(half)
    sent(unsealed, BEFORE + 1)  # again, from under the seal: nothing to it
    sent(unsealed, last + 1)
    assert unsealed.differs(last) is None
    assert unsealed.differs(last + 1) == last + 1
    if half < last:
        assert unsealed.root(half + 1, last) == merkle.root(leaves[half - BEFORE :])


@given(st.integers(1, 20), st.data())
def test_rule_8_what_is_missing_or_reads_otherwise_is_named(many: int, data: st.DataObject) -> None:
    unsealed, last = Unsealed(BEFORE), BEFORE + many
    wrong = data.draw(st.integers(BEFORE + 1, last))
    how = data.draw(st.sampled_from(["missing", "otherwise", "elsewhere", "early"]))
    if how == "early":
        arrived(unsealed, message(wrong, "forged"))
    for position in range(BEFORE + 1, last + 1):
        sent(unsealed, position)
        if position != wrong:
            arrived(unsealed, message(position))
    if how == "otherwise":
        arrived(unsealed, message(wrong, "forged"))
    if how == "elsewhere":
        arrived(unsealed, message(BEFORE))
    assert unsealed.differs(last) == wrong
    arrived(unsealed, message(wrong))
    assert unsealed.differs(last) is None


def test_rule_8_a_row_that_was_sent_anew_with_another_text_has_to_be_read_back_anew() -> None:
    unsealed = Unsealed(0)
    sent(unsealed, 1)
    arrived(unsealed, message(1))
    sent(unsealed, 1)
    assert unsealed.differs(1) is None
    sent(unsealed, 1, "changed")
    assert unsealed.differs(1) == 1


def test_rule_8_a_position_without_a_row_is_a_leaf_of_nothing() -> None:
    unsealed = Unsealed(0)
    sent(unsealed, 1)
    sent(unsealed, 4)
    for position in (1, 4):
        arrived(unsealed, message(position))
    assert unsealed.differs(4) is None
    ends = [merkle.leaf(message(1)), merkle.leaf(message(4))]
    assert unsealed.root(1, 4) == merkle.root([ends[0], NOWHERE, NOWHERE, ends[1]])


def test_rule_8_rows_that_are_gone_from_the_end_are_named() -> None:
    unsealed = Unsealed(0)
    assert unsealed.differs(0) is None
    sent(unsealed, 1)
    arrived(unsealed, message(1))
    assert unsealed.differs(2) == 2


def test_rule_8_what_is_no_message_of_ours_counts_for_nothing() -> None:
    unsealed = Unsealed(0)
    sent(unsealed, 1)
    for value in (b"", b"{}", b'{"sequence":"x"}', b'{"sequence":"', message(2**60)):
        arrived(unsealed, value)
    assert unsealed.differs(1) == 1


def test_rule_8_a_place_that_was_lost_and_taken_by_another_message_is_not_sealed() -> None:
    """Given a message read back as it was sent, when its partition is read again and another one counts there."""
    unsealed, position = Unsealed(BEFORE), BEFORE + 1
    sent(unsealed, position)
    arrived(unsealed, message(position))
    arrived(unsealed, message(position, "forged"))
    assert unsealed.differs(position) == position
    arrived(unsealed, message(position))
    assert unsealed.differs(position) is None


def test_rule_8_what_a_relay_before_us_sent_lies_ahead_until_we_come_to_it() -> None:
    """A seal made meanwhile would keep marks behind which the next relay does not look for what it has to seal."""
    unsealed = Unsealed(0)
    sent(unsealed, 1)
    arrived(unsealed, message(1))
    assert not unsealed.ahead
    arrived(unsealed, message(2))
    assert unsealed.ahead
    sent(unsealed, 2)
    assert not unsealed.ahead
    assert unsealed.differs(2) is None
