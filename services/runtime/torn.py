"""What a reaction has decided and a restore has kept in part is finished when its cause is heard again (rule 13).

It is heard again: the reaction's marks went back with the log. All events of one cause of a reaction are of one stream,
so of one lane; what came back are the first of them, and what is missing are the last. They are kept under the ids they
would have had, behind all that has come since: such siblings stand apart.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.runtime.database import Statement
from services.runtime.log import Entry, First, event_id


def done(known: Mapping[UUID, First]) -> set[UUID]:
    """Those causes that stand in the log and need nothing more."""
    return {cause for cause, first in known.items() if not first.torn}


def before(entries: Sequence[Entry], cause: UUID) -> tuple[Sequence[Entry], int]:
    """What a stream held before a cause, to decide on it again, and how many events of the cause it holds."""
    places = {entry.id: at for at, entry in enumerate(entries)}
    kept = 0
    while event_id(cause, kept) in places:
        kept += 1
    return (entries[: places[event_id(cause, 0)]], kept) if kept else (entries, 0)


def whole(known: Mapping[UUID, First]) -> list[Statement]:
    """The statement after which no cause of these is torn, in the transaction that keeps what they still lacked."""
    torn = sorted(cause for cause, first in known.items() if first.torn)
    return [("DELETE FROM torn WHERE cause = ANY(%s)", [torn])] if torn else []
