"""Whatever an event can hold survives the way to the wire and back unchanged."""

import types
from datetime import date, datetime, timedelta, timezone
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import annotated_types as at
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lianxin_schemas import codec
from lianxin_schemas.envelope import Source
from lianxin_schemas.events.base import Event, Part
from lianxin_schemas.events.visits import Visit
from lianxin_schemas.ids import ID_PATTERN
from lianxin_schemas.topics import EVENTS
from pydantic.fields import FieldInfo

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2198, 12, 31), timezones=OFFSETS)
NUMBERS = st.integers(1, 2**53)


def values(hint: Any, metadata: list[Any]) -> st.SearchStrategy[Any]:
    """Valid values of a field, from its type and its constraints alone."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return values(inner[0], [*metadata, *inner[1:]])
    if origin in (Union, types.UnionType):
        return st.one_of(*(values(option, metadata) for option in inner))
    if origin is tuple:
        least, most = limits(metadata, at.MinLen, at.MaxLen)
        # A list of a thousand shows nothing that one of six does not.
        return st.lists(values(inner[0], []), min_size=least or 0, max_size=min(most or 6, 6)).map(tuple)
    if origin is Literal:
        return st.sampled_from(inner)
    if hint is str:
        return st.from_regex(pattern(metadata), fullmatch=True, alphabet=st.characters(max_codepoint=127))
    if hint is int:
        return st.integers(*limits(metadata, at.Ge, at.Le))
    return plain(hint)


def plain(hint: Any) -> st.SearchStrategy[Any]:
    if isinstance(hint, type) and issubclass(hint, Part):
        return events(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    known: dict[Any, st.SearchStrategy[Any]] = {
        type(None): st.none(),
        bool: st.booleans(),
        UUID: st.uuids(),
        date: st.dates(date(1949, 1, 1), date(2199, 12, 31)),
        datetime: MOMENTS,
    }
    # AwareDatetime is a class of its own: every moment has an offset.
    return known[datetime] if getattr(hint, "__name__", "") == "AwareDatetime" else known[hint]


def flat(metadata: list[Any]) -> list[Any]:
    """Constraints written with `Field` stand inside it."""
    return [deep for one in metadata for deep in (one.metadata if isinstance(one, FieldInfo) else [one])]


def limits(metadata: list[Any], lowest: type[Any], highest: type[Any]) -> tuple[int | None, int | None]:
    """The two bounds of a field, None where it has none."""
    low = [getattr(one, one.__match_args__[0]) for one in flat(metadata) if isinstance(one, lowest)]
    high = [getattr(one, one.__match_args__[0]) for one in flat(metadata) if isinstance(one, highest)]
    return max(low, default=None), min(high, default=None)


def pattern(metadata: list[Any]) -> str:
    patterns = [one.pattern for one in flat(metadata) if getattr(one, "pattern", None)]
    assert patterns, "a string without a pattern"
    # `$` in Python also stands before a last line end, which pydantic's does not.
    return str(patterns[0]).removesuffix("$") + r"\Z"


def sound(kind: type[Part], fields: dict[str, Any]) -> dict[str, Any]:
    """What no field says by itself: a visit ends after its start and names a household once."""
    if issubclass(kind, Visit):
        fields["started"], fields["ended"] = sorted([fields["started"], fields["ended"]])
        fields["households"] = tuple(dict.fromkeys(fields["households"]))
    return fields


def events(kind: type[Part]) -> st.SearchStrategy[Any]:
    fields = {name: values(field.annotation, field.metadata) for name, field in kind.model_fields.items()}
    return st.fixed_dictionaries(fields).map(lambda found: kind(**sound(kind, found)))


@pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS.keys())
@settings(deadline=None, max_examples=60)
@given(draw=st.data())
def test_any_valid_event_survives_the_wire(kind: type[Event], draw: st.DataObject) -> None:
    # Given any event and any row that holds it
    event = draw.draw(events(kind))
    opaque = st.from_regex(ID_PATTERN.removesuffix("$") + r"\Z", fullmatch=True)
    row = codec.Row(
        id=draw.draw(st.uuids()),
        source=draw.draw(st.builds(Source, opaque, st.just("intake"), st.integers(1, 999_999_999))),
        type=event.type(),
        stream=event.stream,
        version=draw.draw(NUMBERS),
        position=draw.draw(NUMBERS),
        number=draw.draw(NUMBERS),
        time=draw.draw(MOMENTS),
        recordedtime=draw.draw(MOMENTS),
        causation=draw.draw(st.uuids()),
        authtype="system",
        authid=draw.draw(opaque),
        data=codec.to_json(event),
    )

    # When it travels
    wrapped = codec.unwrap(codec.encode(row))

    # Then nothing of either has changed
    assert codec.read(wrapped) == event
    assert codec.to_json(codec.read(wrapped)) == row.data
    assert (wrapped.time, wrapped.recordedtime) == (row.time, row.recordedtime)
    assert (wrapped.id, wrapped.causationid, wrapped.authid) == (row.id, row.causation, row.authid)
    assert (int(wrapped.sequence), wrapped.lanenumber, wrapped.streamversion) == (
        row.position,
        row.number,
        row.version,
    )
    assert Source.parse(wrapped.source) == row.source


def test_v2_a_moment_keeps_its_offset_in_the_payload() -> None:
    # Given a visit half an hour into the local year, which UTC counts to the old one
    started = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=8)))
    kind = EVENTS["lianxin.visit.logged.v1"]
    visit = kind.model_validate(
        {
            "visit": UUID(int=1),
            "cadre": "c-0001",
            "households": ("h-000123",),
            "started": started,
            "ended": started,
            "purpose": "festival",
        }
    )

    # When it is written and read, then the local day is still to be seen
    again = kind.model_validate_json(codec.to_json(visit))
    assert again.model_dump()["started"].date() == date(2026, 1, 1)
