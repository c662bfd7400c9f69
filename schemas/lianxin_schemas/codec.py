"""Bytes to event and back. The wire bytes are a pure function of the log's row: a golden test holds them still."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel, ValidationError

from lianxin_schemas import quick
from lianxin_schemas.envelope import Envelope, Source, Wrapped
from lianxin_schemas.events.base import Event
from lianxin_schemas.ids import rfc3339
from lianxin_schemas.topics import EVENTS
from lianxin_schemas.upcast import lift, newest

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_TIME = r"(?:19[5-9]|20[0-9]|21[0-8])[0-9]-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
_NUMBER = "[1-9][0-9]{0,14}"
_SPELT = {"id": _UUID, "time": _TIME, "recordedtime": _TIME, "causationid": _UUID, "authtype": "user|system"}


def _head() -> re.Pattern[bytes]:
    """What `encode` puts before data: every field as `Wrapped` has it, in one spelling."""
    found = []
    for name, field in Wrapped.model_fields.items():
        patterns = [one.pattern.strip("^$") for one in field.metadata if getattr(one, "pattern", None)]
        if name == "data":
            found.append('"data":')
        elif field.annotation is int:
            found.append(f'"{name}":{_NUMBER}')
        else:
            found.append(f'"{name}":"(?:{_SPELT.get(name) or [*patterns, re.escape(str(field.default))][0]})"')
    return re.compile(("{" + ",".join(found)).encode())


HEAD = _head()
QUICK = {type_: found for type_, kind in EVENTS.items() if (found := quick.reader(kind))}
_decode = msgspec.json.Decoder(Envelope).decode
LARGEST = 512 * 1024
"""Largest event in bytes on the wire; refused before it is accepted, since a relay cannot skip."""


_text = json.encoder.encode_basestring_ascii
_moment = datetime.fromisoformat


class Unreadable(Exception):
    """A message that cannot be read; `reason` is a stable code, never the bytes."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Row:
    """A row of the log, as far as the wire needs it. `data` is JSON text, passed on as it is."""

    id: UUID
    source: Source
    type: str
    stream: str
    version: int
    position: int
    number: int
    time: datetime
    recordedtime: datetime
    causation: UUID
    authtype: str
    authid: str
    data: str


def to_json(event: Event) -> str:
    """The payload as the log keeps it: compact JSON, fields in the order of the model, absent options left out."""
    return event.model_dump_json(exclude_none=True)


def encode(row: Row) -> bytes:
    """The message of a row: UTF-8 JSON with the fields of `Envelope` in their order.

    Written out, for every event is encoded; `_text` escapes what a row could bring that is not for JSON.
    """
    return (
        f'{{"specversion":"1.0","id":"{row.id}","source":{_text(str(row.source))},"type":{_text(row.type)},'
        f'"subject":{_text(row.stream)},"time":"{rfc3339(row.time)}","datacontenttype":"application/json",'
        f'"dataschema":{_text("urn:lianxin:" + row.type.removeprefix("lianxin."))},'
        f'"recordedtime":"{rfc3339(row.recordedtime)}","sequence":"{row.position:020d}","causationid":"{row.causation}",'
        f'"authtype":{_text(row.authtype)},"authid":{_text(row.authid)},"lanenumber":{row.number},'
        f'"streamversion":{row.version},"data":{row.data}}}'
    ).encode()


def row_of(message: bytes) -> Row:
    """The row that `encode` made a message of; its data are the very same text. Raises Unreadable, `not-as-encoded` for
    an envelope that is written in another way.
    """
    envelope = unwrap(message)
    try:
        data = bytes(envelope.payload).decode()
    except UnicodeDecodeError as error:
        raise Unreadable("not-as-encoded") from error
    row = Row(
        id=envelope.id,
        source=Source.parse(envelope.source),
        type=envelope.type,
        stream=envelope.subject,
        version=envelope.streamversion,
        position=int(envelope.sequence),
        number=envelope.lanenumber,
        time=envelope.time,
        recordedtime=envelope.recordedtime,
        causation=envelope.causationid,
        authtype=envelope.authtype,
        authid=envelope.authid,
        data=data,
    )
    if encode(row) != message:
        raise Unreadable("not-as-encoded")
    return row


def unwrap(message: bytes | None) -> Envelope:
    """The envelope of a message. Raises Unreadable(`no-envelope`) for anything that is none.

    Where it is written as `encode` does it, data are only seen to be JSON: the rest is `read`'s work.
    """
    text = message or b""
    if head := HEAD.match(text):
        try:
            envelope = _decode(text)
            _ = _moment(envelope.time_text), _moment(envelope.recordedtime_text)
            if head.end() + len(memoryview(envelope.payload)) + 1 == len(text):  # data, and nothing behind them
                return envelope
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass  # another spelling may still make an envelope
    try:
        whole = Wrapped.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise Unreadable("no-envelope") from error
    return Envelope(
        id_text=str(whole.id),
        source=whole.source,
        type=whole.type,
        subject=whole.subject,
        time_text=rfc3339(whole.time),
        dataschema=whole.dataschema,
        recordedtime_text=rfc3339(whole.recordedtime),
        sequence=whole.sequence,
        causationid_text=str(whole.causationid),
        authtype=whole.authtype,
        authid=whole.authid,
        lanenumber=whole.lanenumber,
        streamversion=whole.streamversion,
        payload=msgspec.Raw(json.dumps(whole.data).encode()),
    )


def parse(type_: str, data: dict[str, Any]) -> Event:
    """The event of a type and its plain data, lifted to its newest version.

    Raises Unreadable: `unknown-type` for a type or version this contract does not have, `invalid-data` for fields
    that break it.
    """
    type_, data = lift(type_, data)
    kind = EVENTS.get(type_)
    if kind is None:
        raise Unreadable("unknown-type")
    try:
        return kind.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        raise Unreadable("invalid-data") from error


class Data(BaseModel):
    """The payload, and whatever fields stand behind it."""

    data: dict[str, Any]


def _plain(payload: msgspec.Raw) -> dict[str, Any]:
    try:
        return Data.model_validate_json(b'{"data":' + bytes(payload) + b"}").data
    except ValidationError as error:
        raise Unreadable("no-envelope") from error


def kind_of(envelope: Envelope) -> type[Event] | None:
    """The kind of event inside, without reading it; None for a type or version this contract does not have."""
    return EVENTS.get(newest(envelope.type))


def read(envelope: Envelope) -> Event:
    """The event inside, as `parse` reads it. Raises Unreadable, `wrong-subject` also, when its stream is another."""
    quickly = QUICK.get(envelope.type)
    event = quickly and quickly(envelope.payload)
    if event is None:
        event = parse(envelope.type, _plain(envelope.payload))
    if event.stream != envelope.subject:
        raise Unreadable("wrong-subject")
    return event
