"""What every log says about itself: how far it is in Kafka, whole, and where a new incarnation begins."""

from typing import Annotated

from pydantic import Field

from lianxin_schemas.events.base import Event, Part
from lianxin_schemas.ids import Hex, OpaqueId

Number = Annotated[int, Field(ge=0, le=2**53)]


class LaneEnd(Part):
    """The last number of a lane of the sealing log."""

    topic: OpaqueId
    partition: Annotated[int, Field(ge=0, le=9999)]
    number: Number


class Span(Part):
    """Positions of a log, both ends included."""

    first: Number
    last: Number


class SealEvent(Event):
    """An event of the log of one service."""

    service: OpaqueId

    @property
    def stream(self) -> str:
        return f"log-{self.service}"


class LogSealed(SealEvent):
    """All positions of `covers` were read back from Kafka. `lanes` leaves out the seal itself.

    `root` is the Merkle root (RFC 9162, section 2.1) over the wire bytes of the positions in their order, one leaf a
    position; a position that `log.recovered` names as lost is a leaf of no bytes. `signature` is Ed25519's over four
    lines, a line feed between: `lianxin-seal-1`, the envelope's `source`, its `time`, and `data` as compact JSON
    without `signature`. `key` is the first half of the public key's SHA-256. A seal without them states the numbers
    alone.
    """

    name = "log.sealed"
    covers: Span
    lanes: Annotated[tuple[LaneEnd, ...], Field(max_length=4096)]
    root: Hex | None = None
    signature: Hex | None = None
    key: OpaqueId | None = None


class LogRecovered(SealEvent):
    """A new incarnation begins: from `old_source` each lane's last kept number counts, `lost` positions are nowhere."""

    name = "log.recovered"
    old_source: Annotated[str, Field(pattern=r"^/[a-z0-9-]+/[a-z]+/[1-9][0-9]{0,8}$")]
    lanes: Annotated[tuple[LaneEnd, ...], Field(max_length=4096)]
    lost: Annotated[tuple[Span, ...], Field(max_length=1024)] = ()
