"""Number and secret of a petition (U2)."""

from collections import Counter
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import receipts

KEY = bytes(range(32))
petitions = st.uuids()
numbers = petitions.map(lambda petition: receipts.number(KEY, petition))


@given(petitions)
def test_U2_number_and_secret_follow_from_petition_and_key(petition: UUID) -> None:
    number, secret = receipts.number(KEY, petition), receipts.secret(KEY, petition)
    assert (number, secret) == (receipts.number(KEY, petition), receipts.secret(KEY, petition))
    assert receipts.well_formed(number)
    assert len(secret) == receipts.SECRET
    assert set(secret) <= set(receipts.LETTERS)
    assert not set(secret) & set("0O1I")
    assert receipts.secret(bytes(32), petition) != secret
    assert receipts.number(KEY, petition, 1) != number


@given(numbers, st.integers(0, 11), st.integers(1, 9))
def test_U2_a_wrong_digit_is_found(number: str, place: int, by: int) -> None:
    digit = (int(number[place]) + by) % 10
    assert not receipts.well_formed(f"{number[:place]}{digit}{number[place + 1 :]}")


@given(numbers, st.integers(0, 10))
def test_U2_two_neighbours_swapped_are_found(number: str, place: int) -> None:
    swapped = f"{number[:place]}{number[place + 1]}{number[place]}{number[place + 2 :]}"
    assert receipts.well_formed(swapped) == (swapped == number)


@given(petitions)
def test_U2_however_it_is_typed_it_is_the_same(petition: UUID) -> None:
    number, secret = receipts.number(KEY, petition), receipts.secret(KEY, petition)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in number)
    for typed in (receipts.written(number), f" {number} ", number.replace("", "-"), wide):
        assert receipts.read_number(typed) == number
    assert receipts.read_secret(f" {secret[:4].lower()} {secret[4:]}") == secret


def test_U2_what_is_no_number_is_none() -> None:
    for typed in ("", "1", "١" * 12, "abc", "1" * 13):
        assert not receipts.well_formed(receipts.read_number(typed))


def test_U2_secrets_use_every_letter_at_every_place() -> None:
    made = [receipts.secret(KEY, uuid4()) for _ in range(4_000)]
    for place in range(receipts.SECRET):
        assert len(Counter(secret[place] for secret in made)) == len(receipts.LETTERS)


def test_U2_the_cause_in_the_log_does_not_tell_the_command() -> None:
    command = uuid4()
    assert receipts.cause(KEY, command) == receipts.cause(KEY, command) != command
    assert receipts.cause(bytes(32), command) != receipts.cause(KEY, command)
