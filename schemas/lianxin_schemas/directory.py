"""Names that may be shown, on the topic `directory`: state, not events.

Its owner writes each name from a table under a rising version; the topic is compacted, and a tombstone (no bytes)
erases. There are no lanes: a reader keeps the highest version of each key.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from lianxin_schemas.ids import OpaqueId

Name = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]


class Kind(StrEnum):
    """What has a name; and so whose it is to write."""

    REGION = "region"
    OFFICE = "office"
    CADRE = "cadre"


class Entry(BaseModel):
    """One name, Chinese and where there is one English."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    id: OpaqueId
    version: Annotated[int, Field(ge=1, le=2**53)]
    zh: Name
    en: Name | None = None

    @property
    def key(self) -> str:
        """The key of its message."""
        return f"{self.kind}-{self.id}"


@dataclass(frozen=True)
class Directory:
    """The topic. `producers` says which service writes which kind."""

    name: str
    producers: dict[Kind, str]
    partitions: int = 1
    erased_within_ms: int = 86_400_000
    """Kafka removes what a tombstone erased at the latest after this."""


DIRECTORY = Directory(
    name="directory",
    producers={Kind.REGION: "assignment", Kind.OFFICE: "assignment", Kind.CADRE: "intake"},
)
