"""What is sealed opens under its key at its place, and nowhere else (P1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lianxin_schemas.events.vault import Datum, PersonKind

from services.intake.domain.sealing import NONCE, Person, Place, Tampered, fingerprint, seal, unseal

keys = st.binary(min_size=32, max_size=32)
nonces = st.binary(min_size=NONCE, max_size=NONCE)
ids = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)
places = st.builds(
    Place, st.builds(Person, st.sampled_from(PersonKind), ids), st.sampled_from(Datum), st.one_of(st.just(""), ids)
)


@given(keys, nonces, places, st.text())
def test_P1_what_is_sealed_opens_again(key: bytes, nonce: bytes, place: Place, text: str) -> None:
    sealed = seal(key, nonce, place, text)
    assert unseal(key, place, sealed) == text
    if len(text.encode()) > 3:
        assert text.encode() not in sealed


@given(keys, keys, nonces, places, st.text())
def test_P1_another_key_does_not_open_it(key: bytes, other: bytes, nonce: bytes, place: Place, text: str) -> None:
    if key != other:
        with pytest.raises(Tampered):
            unseal(other, place, seal(key, nonce, place, text))


@given(keys, nonces, places, places, st.text())
def test_P1_moved_to_another_place_it_does_not_open(
    key: bytes, nonce: bytes, place: Place, other: Place, text: str
) -> None:
    if place != other:
        assert place.bound != other.bound
        with pytest.raises(Tampered):
            unseal(key, other, seal(key, nonce, place, text))


@given(keys, nonces, places, st.text(), st.data())
def test_P1_a_single_bit_altered_shows(key: bytes, nonce: bytes, place: Place, text: str, data: st.DataObject) -> None:
    sealed = bytearray(seal(key, nonce, place, text))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Tampered):
        unseal(key, place, bytes(sealed))


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(NONCE), bytes(NONCE + 16)])
def test_P1_what_is_no_sealed_text_does_not_open(sealed: bytes) -> None:
    with pytest.raises(Tampered):
        unseal(bytes(32), Place(Person(PersonKind.CADRE, "c-1"), Datum.NAME), sealed)


@given(keys, keys, st.text(), st.text())
def test_P1_fingerprints_tell_contents_apart_under_one_key_alone(key: bytes, other: bytes, one: str, two: str) -> None:
    assert (fingerprint(key, one) == fingerprint(key, two)) == (one == two)
    if key != other:
        assert fingerprint(key, one) != fingerprint(other, one)
