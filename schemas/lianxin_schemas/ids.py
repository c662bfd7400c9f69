"""Types that fields are made of. None can hold a sentence: ids and codes are opaque, words live in the vault."""

import re
from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, StringConstraints

ID_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$"


def _canonical(value: object) -> object:
    """Only the one usual spelling of a UUID, so that equal ids are equal bytes on the wire."""
    if isinstance(value, str) and (len(value) != 36 or value != value.lower()):
        raise ValueError("a UUID is written as 36 lower-case characters")
    return value


_FIRST, _AFTER = datetime(1949, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _in_range(value: datetime) -> datetime:
    """Years that every store and every zone can hold; also keeps a typing slip out of the log."""
    if not _FIRST <= value < _AFTER:
        raise ValueError("the year in UTC lies outside 1949-2199")
    return value


_SPELLING = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")


def _spelt(value: object) -> object:
    """Only RFC 3339 as text: parsers also take bare seconds and other spellings, which no schema could promise."""
    if not isinstance(value, str):
        return value
    if not _SPELLING.fullmatch(value):
        raise ValueError("a time is written like 2026-03-01T09:30:00+08:00")
    return datetime.fromisoformat(value)


def _day_in_range(value: date) -> date:
    if not _FIRST.date() <= value < _AFTER.date():
        raise ValueError("the year lies outside 1949-2199")
    return value


Uuid = Annotated[UUID, BeforeValidator(_canonical)]
OpaqueId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
CadreId = OpaqueId
GroupId = OpaqueId
HouseholdId = OpaqueId
OfficeId = OpaqueId
PersonId = OpaqueId
"""Somebody in the vault; only the vault knows who."""
PolicyId = OpaqueId
VaultRef = OpaqueId
"""Where words lie in the vault; whoever may read them asks the vault, which keeps an event of it (P1, P2)."""
ZoneId = OpaqueId
RegionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}(?:[0-9]{6}(?:[0-9]{3})?)?$")]
"""Six digits to the county (GB/T 2260), twelve to the village (statistical code), three more for a group (R1)."""
CategoryCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}(\.[0-9]{2}){0,2}$")]
"""A place in the tree of categories: `03`, `03.11` or `03.11.02`."""
Subject = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$")]
"""A stream: its kind and its id, as in `visit-6a0c…`. It is the key of the message as well."""
Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64,128}$")]
Time = Annotated[AwareDatetime, BeforeValidator(_spelt), AfterValidator(_in_range)]
"""A moment with its offset from UTC (RFC 3339)."""
Day = Annotated[date, AfterValidator(_day_in_range)]
"""A local day (Asia/Shanghai)."""


_uuid = msgspec.json.Encoder().encode


def text(id_: UUID) -> str:
    """What `str` makes of it, in a third of the time: every event says its stream."""
    return _uuid(id_)[1:-1].decode()


def rfc3339(moment: datetime) -> str:
    """The one spelling of a moment in an envelope: UTC, six decimals, `Z`; so the wire bytes follow from the row."""
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"
