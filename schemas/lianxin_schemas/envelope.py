"""How an event is wrapped: CloudEvents 1.0, structured JSON.

`sequence` (the log's position, zero-padded so that it sorts as text), `recordedtime`, `causationid`, `authtype` and
`authid` are registered extensions; `lanenumber` and `streamversion` are ours. A lane is one (source, topic,
partition); its numbers are dense from 1.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

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


class Envelope(BaseModel):
    """What stands around an event. Foreign extensions are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

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

    @property
    def payload(self) -> bytes:
        """The data as JSON text, not looked at yet; of an envelope that `codec.unwrap` made."""
        text: bytes = self.__dict__["payload"]
        return text


class Wrapped(Envelope):
    """One message. `data` is still plain: `codec.read` makes it an event. Foreign extensions are ignored."""

    model_config = ConfigDict(title="Envelope")

    data: dict[str, Any]
