"""Bytes to event and back. The wire bytes are a pure function of the log's row: a golden test holds them still."""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError

from lianxin_schemas.envelope import Envelope, Source, Wrapped
from lianxin_schemas.events.base import Event
from lianxin_schemas.ids import rfc3339
from lianxin_schemas.topics import EVENTS
from lianxin_schemas.upcast import lift, newest

DATA = b',"data":{'
"""Where data begin: nowhere else, for inside a string the quotes are escaped."""
LARGEST = 512 * 1024
"""Largest event in bytes on the wire; refused before it is accepted, since a relay cannot skip."""


_text = json.encoder.encode_basestring_ascii


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
        data = envelope.payload.decode()
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

    Where data come last, as `encode` puts them, they are not looked at: that is `read`'s work.
    """
    text = message or b""
    head, data, rest = text.partition(DATA)
    try:
        if data and rest.endswith(b"}") and rest.count(b"}") - rest.count(b"{") == 2:  # not cut short
            with suppress(ValidationError):  # another order of fields may still make an envelope
                return _with(Envelope.model_validate_json(head + b"}", strict=True), b"{" + rest[:-1])
        whole = Wrapped.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise Unreadable("no-envelope") from error
    return _with(whole, json.dumps(whole.data).encode())


def _with(envelope: Envelope, payload: bytes) -> Envelope:
    envelope.__dict__["payload"] = payload
    return envelope


def parse(type_: str, data: dict[str, Any]) -> Event:
    """The event of a type and its plain data, lifted to its newest version.

    Raises Unreadable: `unknown-type` for a type or version this contract does not have, `invalid-data` for fields
    that break it.
    """
    type_, data = lift(type_, data)
    return _event(type_, json.dumps(data))


def _event(type_: str, data: str | bytes) -> Event:
    kind = EVENTS.get(type_)
    if kind is None:
        raise Unreadable("unknown-type")
    try:
        return kind.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise Unreadable("invalid-data") from error


class Data(BaseModel):
    """The payload, and whatever fields stand behind it."""

    data: dict[str, Any]


def _plain(payload: bytes) -> dict[str, Any]:
    try:
        return Data.model_validate_json(b'{"data":' + payload + b"}").data
    except ValidationError as error:
        raise Unreadable("no-envelope") from error


def kind_of(envelope: Envelope) -> type[Event] | None:
    """The kind of event inside, without reading it; None for a type or version this contract does not have."""
    return EVENTS.get(newest(envelope.type))


def read(envelope: Envelope) -> Event:
    """The event inside, as `parse` reads it. Raises Unreadable, `wrong-subject` also, when its stream is another."""
    try:
        event = _event(envelope.type, envelope.payload)
    except Unreadable:  # of an old version, perhaps, or with fields behind the data
        event = parse(envelope.type, _plain(envelope.payload))
    if event.stream != envelope.subject:
        raise Unreadable("wrong-subject")
    return event
