"""What a database holds."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from services.runtime.inbox import Lane
from tests.simulation.world import NOON, World

LEASE = timedelta(seconds=5)
LONG_AGO = NOON - timedelta(days=400)


class Taken(psycopg.errors.UniqueViolation):
    """A unique constraint is broken."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint

    @property
    def diag(self) -> Any:
        return SimpleNamespace(constraint_name=self.constraint, message_detail=self.constraint)


class Row(NamedTuple):
    """An event in the log, by the columns of `events`."""

    position: int
    stream: str
    version: int
    id: UUID
    type: str
    topic: str
    partition: int
    number: int
    incarnation: int
    time: datetime
    recordedtime: datetime
    authtype: str
    authid: str
    causation: UUID
    siblings: int
    hash: bytes | None
    data: str


class Set(NamedTuple):
    """A parked row, but for the consumer and where it stands."""

    offset: int
    key: str | None
    reason: str
    accepted: bool = False


class Relaying(NamedTuple):
    """The row of the relay."""

    position: int = 0
    sealed: int = 0
    sealed_at: datetime = LONG_AGO
    epoch: int = 0
    holder: str = ""
    expires: datetime = LONG_AGO


@dataclass
class Fold:
    """The tables of a projection: newest facts, a tally that a second application would falsify, and what came when."""

    facts: dict[tuple[str, Any, str], tuple[Any, ...]] = field(default_factory=dict)
    tally: Counter[Any] = field(default_factory=Counter)
    came: list[tuple[Lane, int, str, UUID]] = field(default_factory=list)

    def copy(self) -> "Fold":
        return Fold(dict(self.facts), self.tally.copy(), list(self.came))


@dataclass
class Tables:
    """All tables of one service. What a backup is: a copy."""

    position: int = 0
    recorded: datetime = LONG_AGO
    incarnation: int = 1
    lanes: dict[tuple[int, str, int], int] = field(default_factory=dict)
    events: dict[int, Row] = field(default_factory=dict)
    ids: dict[UUID, int] = field(default_factory=dict)
    streams: dict[str, tuple[int, ...]] = field(default_factory=dict)
    numbers: dict[tuple[int, str, int, int], int] = field(default_factory=dict)
    relay: Relaying = field(default_factory=Relaying)
    marks: dict[tuple[str, Lane], int] = field(default_factory=dict)
    bookmarks: dict[tuple[str, str, int], int] = field(default_factory=dict)
    parked: dict[tuple[Any, ...], Set] = field(default_factory=dict)
    """By consumer, topic, partition, source, number; or by consumer, topic, partition, offset outside a lane."""
    kinds: dict[str, frozenset[str]] = field(default_factory=dict)
    expected: dict[tuple[str, str, int], int] = field(default_factory=dict)
    zones: set[str] = field(default_factory=set)
    complained: set[UUID] = field(default_factory=set)
    complaint: set[tuple[UUID, str]] = field(default_factory=set)
    cases: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    folds: dict[str, Fold] = field(default_factory=lambda: {"public": Fold()})
    lost: set[int] = field(default_factory=set)
    """Positions that are nowhere."""
    torn: set[UUID] = field(default_factory=set)
    """Commands of which a part was lost."""
    finished: set[UUID] = field(default_factory=set)
    """Causes that were torn and have been finished: their events stand apart. No backup takes that back."""
    closed: dict[Lane, int] = field(default_factory=dict)
    """Where lanes end that a recovered log has left behind."""

    def copy(self) -> "Tables":
        """As it stands now; rows themselves never change."""
        copied: dict[str, Any] = {
            name: {key: fold.copy() for key, fold in value.items()} if name == "folds" else _copied(value)
            for name, value in vars(self).items()
        }
        return Tables(**copied)

    def undo(self, kept: "Tables") -> None:
        """Takes back what was done since a copy was made."""
        vars(self).update(vars(kept))


_HELD = (dict, set)


def _copied(value: Any) -> Any:
    return value.copy() if type(value) in _HELD else value


Result = list[tuple[Any, ...]]
CASTS: tuple[Callable[[str], Any], ...] = (
    str,
    int,
    UUID,
    str,
    str,
    int,
    datetime.fromisoformat,
    str,
    str,
    UUID,
    lambda text: bytes.fromhex(text[2:]) if text else None,
    str,
)
"""What the columns of `append` become, each the lines of one text."""


class Statement:
    """What statements do. Each takes its parameters and answers with rows; `count` is how many it touched."""

    def __init__(self, world: World, tables: Tables, schema: str = "public") -> None:
        self.world, self.tables, self.schema = world, tables, schema
        self.count = 0

    @property
    def fold(self) -> Fold:
        return self.tables.folds.get(self.schema) or self.tables.folds["public"]
