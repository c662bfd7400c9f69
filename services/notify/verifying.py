"""Compares the tables with a plain refold of notify's log: no SQL, no code of what fills them."""

from collections.abc import Iterable
from typing import Any

Rows = set[tuple[Any, ...]]


def refold(history: Iterable[tuple[int, Any, Any]]) -> dict[str, Rows]:
    """The rows that the tables should have after these events (position, time, event)."""
    notices: Rows = set()
    ways: dict[tuple[Any, str], tuple[str, int]] = {}
    for position, time, event in history:
        if event.name == "notice.raised":
            who = (event.resident, event.cadre, event.office)
            notices.add((event.notice, position, event.reason, event.petition, event.cause, *who, time))
            if not event.office:
                ways[event.notice, "mail"] = ("waiting", 0)
        elif event.name == "notice.sent":
            ways[event.notice, event.channel] = ("sent", ways.get((event.notice, event.channel), ("", 0))[1] + 1)
        elif event.name == "notice.failed":
            ways[event.notice, event.channel] = ("waiting", event.attempt)
        elif event.name == "notice.given_up":
            ways[event.notice, event.channel] = ("given-up", event.attempts)
    return {"notice": notices, "outbox": {(*key, *way) for key, way in ways.items()}}


def differences(live: dict[str, Rows], plain: dict[str, Rows]) -> list[str]:
    """Every row that only one of the two has, a sentence each. Held and dropped have no event: both are waiting."""
    asleep = {"held": "waiting", "dropped": "waiting"}
    outbox = {(notice, channel, asleep.get(state, state), tries) for notice, channel, state, tries in live["outbox"]}
    live = {**live, "outbox": outbox}
    return [
        sentence
        for table in plain
        for sentence in (
            *(f"{table}: {_text(row)} is not in the table" for row in sorted(plain[table] - live[table], key=str)),
            *(f"{table}: {_text(row)} is in the table alone" for row in sorted(live[table] - plain[table], key=str)),
        )
    ]


def _text(row: tuple[Any, ...]) -> str:
    return ", ".join("" if value is None else str(value) for value in row)
