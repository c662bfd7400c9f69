"""The quick way to read: it says what the model says, or nothing."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lianxin_schemas import codec, quick
from lianxin_schemas.events.base import Event
from lianxin_schemas.topics import EVENTS
from pydantic import ValidationError

from tests.schemas.test_codec import GOLDEN
from tests.schemas.test_round_trip import events

ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 1.0, 2**53 + 1, 10**30, "", "a", "A", "-a", "a-", "a\n", "a\0", "٠٣", "x" * 49),
    *("2026-02-30", "1949-01-01", "2199-12-31", "2026-03-01T09:30:00+08:00", "2026-03-01t09:30:00Z"),
    *("2026-03-01 09:30:00Z", "2026-03-01T09:30:60Z", "2026-03-01T09:30:00", "1949-01-01T00:00:00+08:00"),
    *("00000000-0000-4000-8000-00000000010A", "0" * 32, [], {}, ["a"], ["a", "a"], [None], [{}], ["a"] * 5_000),
]


def judged(kind: type[Event], data: bytes) -> Event | None:
    """What the model says of data; None where it refuses."""
    try:
        return kind.model_validate_json(data, strict=True)
    except ValidationError:
        return None


@pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS.keys())
@settings(deadline=None, max_examples=20)
@given(draw=st.data())
def test_what_the_codec_writes_is_read_quickly_and_is_the_same(kind: type[Event], draw: st.DataObject) -> None:
    event = draw.draw(events(kind))

    text = codec.to_json(event)

    found = codec.QUICK[event.type()](text.encode())

    if found is None:  # the years at the edge are the model's
        assert "1949-" in text or "2199-" in text
    else:
        assert (type(found), found, hash(found)) == (kind, event, hash(event))
        assert codec.to_json(found) == text


@pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS.keys())
@settings(deadline=None, max_examples=30)
@given(draw=st.data())
def test_whatever_is_read_quickly_the_model_reads_too(kind: type[Event], draw: st.DataObject) -> None:
    # Given data of which one field is another, gone, or one too many
    data = json.loads(codec.to_json(draw.draw(events(kind))))
    name = draw.draw(st.sampled_from([*data, "more"]))
    odd = draw.draw(st.one_of(st.sampled_from(ODD), st.just(...), st.sampled_from(list(data.values()))))
    data = {**data, name: odd} if odd is not ... else {key: data[key] for key in data if key != name}
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()

    # When it is read quickly, then the model says the same
    if (found := codec.QUICK[kind.type()](text)) is not None:
        assert found == judged(kind, text)


def test_a_check_of_the_model_holds_quickly_too() -> None:
    kind = EVENTS["lianxin.visit.logged.v1"]
    data = GOLDEN.partition(b'"data":')[2][:-1]
    read = codec.QUICK[kind.type()]

    assert read(data) == judged(kind, data)
    assert read(data.replace(b"h-000124", b"h-000123")) is None
    assert read(data.replace(b"T10:15", b"T09:15")) is None


@pytest.mark.parametrize("more", [b' "more":1', b' "lanenumber":8', b' "data":{}'])
def test_fields_behind_the_data_count_as_the_model_has_it(more: bytes) -> None:
    # Given a field that stands behind the data, where `encode` puts none
    message = GOLDEN[:-1] + b"," + more.strip() + b"}"

    # Then the last word of two holds, as in the model
    found, plain = codec.unwrap(message), json.loads(message)
    assert (found.lanenumber, json.loads(bytes(found.payload))) == (plain["lanenumber"], plain["data"])


def test_a_kind_that_msgspec_cannot_take_is_left_to_its_model() -> None:
    class Odd(Event):
        name = "odd.one"
        anything: complex

    assert quick.reader(Odd) is None
