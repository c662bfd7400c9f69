"""How an event is wrapped: CloudEvents 1.0, structured JSON.

`sequence` (the log's position, zero-padded so that it sorts as text), `recordedtime`, `causationid`, `authtype` and
`authid` are registered extensions; `lanenumber` and `streamversion` are ours. A lane is one (source, topic,
partition); its numbers are dense from 1.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import msgspec
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from lianxin_schemas.ids import OpaqueId, Subject, Time, Uuid

_SOURCE = re.compile(r"^/([a-z0-9-]+)/([a-z]+)/([1-9][0-9]{0,8})$")


@dataclass(frozen=True)
class Source:
    """Who wrote a log: installation, service and incarnation; `/lianxin/intake/1` on the wire."""

    space: str
    service: str
    incarnation: int

    def __str__(self) -> str:
        return f"/{self.space}/{self.service}/{self.incarnation}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads the wire form. Raises ValueError when it is not one."""
        match = _SOURCE.fullmatch(text)
        if not match:
            raise ValueError(f"not a source: {text!r}")
        return cls(match[1], match[2], int(match[3]))


class Wrapped(BaseModel):
    """One message. `data` is still plain: `codec.read` makes it an event. Foreign extensions are ignored."""

    model_config = ConfigDict(title="Envelope", frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: Uuid
    source: Annotated[str, StringConstraints(pattern=_SOURCE.pattern)]
    type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.]{1,100}$")]
    subject: Subject
    time: Time
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Annotated[str, StringConstraints(pattern=r"^urn:lianxin:[a-z0-9_.]{1,100}$")]
    recordedtime: Time
    sequence: Annotated[str, StringConstraints(pattern=r"^[0-9]{20}$")]
    causationid: Uuid
    """The command or the event that brought it about."""
    authtype: Literal["user", "system"]
    authid: OpaqueId
    lanenumber: Annotated[int, Field(ge=1, le=2**53)]
    streamversion: Annotated[int, Field(ge=1, le=2**53)]
    data: dict[str, Any]


class Envelope(msgspec.Struct, frozen=True, gc=False, rename=lambda name: name.removesuffix("_text")):
    """What stands around an event, checked as `Wrapped` says. Ids and moments are kept in the one spelling they have on
    the wire, since many a reader only passes them on; `payload` is the data as JSON text, not looked at yet.
    """

    id_text: str
    source: str
    type: str
    subject: str
    time_text: str
    dataschema: str
    recordedtime_text: str
    sequence: str
    causationid_text: str
    authtype: str
    authid: str
    lanenumber: int
    streamversion: int
    payload: msgspec.Raw = msgspec.field(name="data")

    @property
    def id(self) -> UUID:
        return UUID(self.id_text)

    @property
    def time(self) -> datetime:
        return datetime.fromisoformat(self.time_text)

    @property
    def recordedtime(self) -> datetime:
        return datetime.fromisoformat(self.recordedtime_text)

    @property
    def causationid(self) -> UUID:
        """The command or the event that brought it about."""
        return UUID(self.causationid_text)
