"""The tables of facts as data: their keys, their slots, and the order in which everyone locks them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Values = tuple[Any, ...]
Rows = dict[str, dict[Values, dict[str, Values]]]
"""Rows to merge: table, key, slot, values. The first value of a slot is its version."""


@dataclass(frozen=True)
class Table:
    """A table of facts. Each slot is replaced as a whole, by a higher version only; the first column is the version.

    Those named in `lowest` are replaced by a lower version only. A table without slots is a tally: it is written from
    the changes of the facts before it.
    """

    key: tuple[str, ...]
    slots: Mapping[str, tuple[str, ...]]
    lowest: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, the key first."""
        return (*self.key, *(column for slot in self.slots.values() for column in slot))


TABLES: Mapping[str, Table] = {
    "visit": Table(
        key=("visit",),
        slots={
            "entry": (
                "entry_version",
                "entry_event",
                "entry_type",
                "entry_time",
                "entry_recorded",
                "cadre",
                "day",
                "households",
            ),
            "withdrawal": ("withdrawal_version", "withdrawal_event", "withdrawal_time", "withdrawal_recorded"),
        },
    ),
    "visit_tally": Table(key=("household", "day", "cadre"), slots={}),
    "case_fact": Table(
        key=("petition",),
        slots={
            "opened": ("opened_version", "opened_event", "opened_time", "registered", "month", "zone"),
            "limit": ("limit_version", "limit_event", "due"),
            "credit": ("credit_version", "credit_event", "office", "cadre"),
            "reply": ("reply_version", "reply_event", "replied"),
            "first_limit": ("first_limit_version", "first_due"),
            "first_reply": ("first_reply_version", "first_replied"),
            "reopened": ("reopened_version", "reopened_event", "reopened"),
            "withdrawn": ("withdrawn_version", "withdrawn_event", "withdrawn"),
            "petition": ("petition_version", "complaint"),
            "verdict": ("verdict_version", "verdict_event", "verdict_time", "solved", "satisfied"),
        },
        lowest=frozenset({"first_limit", "first_reply"}),
    ),
    "case_tally": Table(key=("kind", "subject", "month"), slots={}),
    "responsibility": Table(key=("kind", "subject", "cadre", "since"), slots={"": ("version", "until")}),
    "household": Table(key=("household",), slots={"": ("version", "grp")}),
    "zone": Table(key=("zone",), slots={"": ("version", "level", "groups", "region")}),
    "region": Table(key=("region",), slots={"": ("version", "level", "parent")}),
    "cadre": Table(key=("cadre",), slots={"": ("version", "office", "rank")}),
    "rating": Table(
        key=("release",), slots={"": ("version", "event", "time", "kind", "cadre", "zone", "first", "last", "counts")}
    ),
    "mark_given": Table(
        key=("mark",), slots={"": ("version", "event", "time", "level", "cadre", "first", "last", "points")}
    ),
    "progress": Table(key=("source", "topic", "partition"), slots={"": ("recorded",)}),
}
FACTS = {name: table for name, table in TABLES.items() if table.slots}
