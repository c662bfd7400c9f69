"""Bytes to event and back: the bytes hold still, and whatever is none of ours is refused with a reason."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from lianxin_schemas import codec, upcast
from lianxin_schemas.envelope import Source
from lianxin_schemas.events.visits import Promise, Purpose, VisitLogged

CST = timezone(timedelta(hours=8))
VISIT = VisitLogged(
    visit=UUID("00000000-0000-4000-8000-000000000101"),
    cadre="c-0001",
    households=("h-000123", "h-000124"),
    started=datetime(2026, 2, 3, 9, 30, tzinfo=CST),
    ended=datetime(2026, 2, 3, 10, 15, 0, 250000, tzinfo=CST),
    purpose=Purpose.CARE,
    needs=("03.11",),
    promises=(Promise(matter="07", due=datetime(2026, 3, 31).date()),),
)
ROW = codec.Row(
    id=UUID("11111111-1111-4111-8111-111111111111"),
    source=Source("lianxin", "intake", 1),
    type="lianxin.visit.logged.v1",
    stream="visit-00000000-0000-4000-8000-000000000101",
    version=1,
    position=42,
    number=7,
    time=datetime(2026, 2, 3, 10, 15, tzinfo=CST),
    recordedtime=datetime(2026, 2, 3, 2, 15, 1, 5, tzinfo=UTC),
    causation=UUID("22222222-2222-4222-8222-222222222222"),
    authtype="user",
    authid="c-0001",
    data=codec.to_json(VISIT),
)
GOLDEN = (
    b'{"specversion":"1.0","id":"11111111-1111-4111-8111-111111111111","source":"/lianxin/intake/1",'
    b'"type":"lianxin.visit.logged.v1","subject":"visit-00000000-0000-4000-8000-000000000101",'
    b'"time":"2026-02-03T02:15:00.000000Z","datacontenttype":"application/json",'
    b'"dataschema":"urn:lianxin:visit.logged.v1","recordedtime":"2026-02-03T02:15:01.000005Z",'
    b'"sequence":"00000000000000000042","causationid":"22222222-2222-4222-8222-222222222222",'
    b'"authtype":"user","authid":"c-0001","lanenumber":7,"streamversion":1,'
    b'"data":{"visit":"00000000-0000-4000-8000-000000000101","cadre":"c-0001",'
    b'"households":["h-000123","h-000124"],"started":"2026-02-03T09:30:00+08:00",'
    b'"ended":"2026-02-03T10:15:00.250000+08:00","purpose":"care","needs":["03.11"],'
    b'"promises":[{"matter":"07","due":"2026-03-31"}],"companions":[],"offline":false}}'
)


def reason(message: bytes | None) -> str:
    """Why a message is unreadable; fails when it can be read."""
    with pytest.raises(codec.Unreadable) as refusal:
        codec.read(codec.unwrap(message))
    return refusal.value.reason


def envelope(**changed: Any) -> bytes:
    return json.dumps({**json.loads(GOLDEN), **changed}).encode()


def payload(**changed: Any) -> bytes:
    return envelope(data={**json.loads(GOLDEN)["data"], **changed})


def data(text: str) -> bytes:
    """The golden message with one more field, written as the JSON text says."""
    return GOLDEN[:-2] + b',"more":' + text.encode() + b"}}"


def test_a_row_encodes_to_the_golden_bytes() -> None:
    assert codec.encode(ROW) == GOLDEN


def test_the_golden_bytes_read_back_as_the_event() -> None:
    wrapped = codec.unwrap(GOLDEN)

    assert codec.read(wrapped) == VISIT
    assert (wrapped.id, wrapped.causationid) == (ROW.id, ROW.causation)
    assert (wrapped.time, wrapped.recordedtime) == (ROW.time, ROW.recordedtime)
    assert (wrapped.lanenumber, wrapped.streamversion, int(wrapped.sequence)) == (7, 1, 42)
    assert Source.parse(wrapped.source) == ROW.source


def test_bytes_follow_from_the_moment_not_from_its_offset() -> None:
    assert codec.encode(replace(ROW, time=ROW.time.astimezone(UTC))) == GOLDEN


def test_v1_a_foreign_extension_is_ignored() -> None:
    assert codec.read(codec.unwrap(envelope(traceparent="00-ab-cd-01"))) == VISIT


@pytest.mark.parametrize(
    "message",
    {
        "nothing": None,
        "no bytes": b"",
        "not JSON": b"visit logged",
        "half a message": GOLDEN[:200],
        "two messages": GOLDEN + GOLDEN,
        "no object": b"[]",
        "null": b"null",
        "not UTF-8": GOLDEN.replace(b"care", b"\xff\xfe"),
        "raw lone surrogate": GOLDEN.replace(b"care", b"\xed\xa0\x80"),
        "escaped lone surrogate": GOLDEN.replace(b"care", b"\\ud800"),
        "raw NUL": GOLDEN.replace(b"care", b"ca\0re"),
        "NUL in the subject": envelope(subject="visit-1\0"),
        "deep arrays": b"[" * 100_000,
        "deep arrays inside": data("[" * 100_000 + "]" * 100_000),
        "deep objects inside": data('{"a":' * 100_000 + "1" + "}" * 100_000),
        "huge integer": data("9" * 100_000),
        "uppercase UUID": envelope(id=str(ROW.id).upper().replace("1", "A")),
        "UUID without dashes": envelope(id=ROW.id.hex),
        "UUID as a URN": envelope(causationid=ROW.causation.urn),
        "year too early": envelope(time="1948-12-31T23:59:59Z"),
        "year too late": envelope(recordedtime="2200-01-01T00:00:00Z"),
        "year 9999 at the date line": envelope(time="9999-12-31T23:59:59-12:00"),
        "time without offset": envelope(time="2026-02-03T02:15:00"),
        "other CloudEvents version": envelope(specversion="0.3"),
        "sequence without zeros": envelope(sequence="42"),
        "lane number zero": envelope(lanenumber=0),
        "huge lane number": envelope(lanenumber=2**53 + 1),
        "no such principal": envelope(authtype="robot"),
        "sentence as principal": envelope(authid="Zhang San of group 3"),
        "data is text": envelope(data="{}"),
        "no data": envelope(data=None),
        "source of incarnation zero": envelope(source="/lianxin/intake/0"),
    }.items(),
    ids=lambda case: case[0],
)
def test_what_is_no_envelope_is_refused_as_such(message: tuple[str, bytes | None]) -> None:
    assert reason(message[1]) == "no-envelope"


@pytest.mark.parametrize("type_", ["lianxin.visit.lodged.v1", "lianxin.visit.logged.v2", "other.visit.logged.v1"])
def test_a_type_or_version_out_of_the_contract_is_unknown(type_: str) -> None:
    assert reason(envelope(type=type_)) == "unknown-type"


@pytest.mark.parametrize(
    "message",
    {
        "missing field": envelope(data={}),
        "unknown field": payload(note="the old man was ill"),
        "sentence as id": payload(cadre="Zhang San"),
        "NUL": payload(cadre="c-0001\0"),
        "line end after an id": payload(cadre="c-0001\n"),
        "unknown purpose": payload(purpose="surveillance"),
        "no household": payload(households=[]),
        "household twice": payload(households=["h-1", "h-1"]),
        "ends before it starts": payload(ended="2026-02-03T09:00:00+08:00"),
        "uppercase UUID": payload(visit="00000000-0000-4000-8000-00000000010A"),
        "year too early": payload(started="1948-06-01T00:00:00+08:00"),
        "year too late": payload(ended="2200-06-01T00:00:00+08:00"),
        "naive time": payload(started="2026-02-03T09:30:00"),
        "day that is none": payload(promises=[{"matter": "07", "due": "2026-02-30"}]),
        "NaN": data("NaN"),
        "infinity": data("-Infinity"),
        "number too large for a float": data("1e999"),
        "deep, within the parser's limit": data("[" * 150 + "]" * 150),
        "NaN as a need": GOLDEN.replace(b'["03.11"]', b"[NaN]"),
        "null for a list": payload(needs=None),
    }.items(),
    ids=lambda case: case[0],
)
def test_v1_a_payload_that_breaks_the_contract_is_invalid(message: tuple[str, bytes]) -> None:
    assert reason(message[1]) == "invalid-data"


@pytest.mark.parametrize(
    "message",
    {
        "moment as a number": payload(started=0),
        "day as a number": payload(promises=[{"matter": "07", "due": 1700006400}]),
        "day as a moment": payload(promises=[{"matter": "07", "due": "2026-03-31T00:00:00"}]),
        "truth as a word": payload(offline="yes"),
        "truth as a number": payload(offline=1),
        "digits of another script": payload(needs=["٠٣"]),
    }.items(),
    ids=lambda case: case[0],
)
def test_a_second_spelling_of_a_value_is_invalid(message: tuple[str, bytes]) -> None:
    assert reason(message[1]) == "invalid-data"


@pytest.mark.parametrize(
    "message",
    {
        "number as text": envelope(lanenumber="7"),
        "number as truth": envelope(lanenumber=True),
        "number with a point": envelope(streamversion=1.0),
        "moment as a number": envelope(time=1770084900),
        "sequence in digits of another script": envelope(sequence="٤" * 20),
        "source in digits of another script": envelope(source="/lianxin/intake/1٢"),
    }.items(),
    ids=lambda case: case[0],
)
def test_a_second_spelling_in_the_envelope_is_none(message: tuple[str, bytes]) -> None:
    assert reason(message[1]) == "no-envelope"


def test_a_payload_of_another_stream_is_refused() -> None:
    assert reason(envelope(subject="visit-00000000-0000-4000-8000-000000000102")) == "wrong-subject"


@pytest.mark.parametrize("moment", ["1949-01-01T00:00:00+08:00", "2199-12-31T23:00:00-08:00"])
def test_a_moment_out_of_range_in_utc_is_refused_at_once(moment: str) -> None:
    # The envelope writes moments in UTC: accepted here, it would be unreadable there, and in the log for ever.
    assert reason(payload(started=moment, ended=moment)) == "invalid-data"


def test_an_unreadable_message_tells_its_reason_and_none_of_its_bytes() -> None:
    with pytest.raises(codec.Unreadable) as refusal:
        codec.read(codec.unwrap(payload(cadre="Zhang San")))

    assert str(refusal.value) == "invalid-data"


def test_an_old_version_is_lifted_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given two older versions, of which the first called the cadre `official`
    def renamed(old: upcast.Data) -> upcast.Data:
        return {("cadre" if key == "official" else key): old[key] for key in old}

    steps: dict[str, tuple[str, Callable[[upcast.Data], upcast.Data]]] = {
        "lianxin.visit.seen.v1": ("lianxin.visit.seen.v2", renamed),
        "lianxin.visit.seen.v2": ("lianxin.visit.logged.v1", lambda old: old),
    }
    monkeypatch.setattr(upcast, "STEPS", steps)
    old = json.loads(GOLDEN)["data"]
    old["official"] = old.pop("cadre")

    # When a message of the first is read
    wrapped = codec.unwrap(envelope(type="lianxin.visit.seen.v1", data=old))

    # Then it is the newest event
    assert codec.kind_of(wrapped) is VisitLogged
    assert codec.read(wrapped) == VISIT


def test_the_kind_of_an_unknown_type_is_none() -> None:
    assert codec.kind_of(codec.unwrap(envelope(type="lianxin.visit.lodged.v1"))) is None
