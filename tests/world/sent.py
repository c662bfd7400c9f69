"""Topics and marks as an earlier relay would have left them, or an older copy of the broker."""

from collections.abc import Sequence

from lianxin_schemas import codec

from services.runtime import log
from services.runtime.inbox import Inbox, Lane, Message, State
from tests.runtime.consuming import publish
from tests.world.world import World


def log_rows(world: World, service: str = "intake") -> list[Message]:
    """A log as its relay would publish it, in order."""
    found = world.query(service, f"SELECT topic, partition, {log.ROW_COLUMNS} FROM events ORDER BY position")
    return [Message(row[0], row[1], 0, codec.encode(log.row_of(world.space, service, row[2:]))) for row in found]


def as_if_sent(world: World, messages: Sequence[Message], *, position: int) -> None:
    """Puts messages of intake on its topics, and its relay's mark at a position."""
    publish(world.settings, messages)
    world.query("intake", "UPDATE relay SET position = %s", [position])


def as_if_read_back(world: World, messages: Sequence[Message]) -> None:
    """The first messages of intake's log, read back and sealed, as the relay notes it."""
    world.query("intake", "UPDATE relay SET sealed = %s", [len(messages)])
    for lane, number in reached(world, messages).items():
        place = [lane.topic, lane.partition, number]
        world.query("intake", "INSERT INTO mark VALUES ('relay', %s, %s, %s, %s)", [lane.source, *place])
        world.query("intake", "INSERT INTO bookmark VALUES ('relay', %s, %s, %s)", place)


def reached(world: World, messages: Sequence[Message], *topics: str) -> dict[Lane, int]:
    """How far a receiver gets in each lane that reads these messages once; of all topics, or of some."""
    marks = Inbox("anybody", world.space, frozenset()).sort(messages, State(), {}).marks
    return {lane: number for lane, number in marks.items() if not topics or lane.topic in topics}
