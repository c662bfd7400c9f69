"""Branches that a run of many histories has to take: of the world by name, of the real code line by line."""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from services.runtime import (
    inbox,
    parked,
    project,
    publish,
    readback,
    rebuild,
    receiver,
    recover,
    relay,
    takeback,
    torn,
    unsealed,
)

NAMED = (
    "a batch failed",
    "a key was freed",
    "a mark was missed",
    "a stream has moved on",
    "accepts",
    "ahead",
    "ahead of recovered",
    "away",
    "bad message",
    "Contradicted",
    "finished",
    "hole",
    "hurry",
    "killed",
    "moved",
    "older broker",
    "paused",
    "positions lost",
    "read again",
    "rebalanced",
    "rebuilt",
    "recover again",
    "recovered",
    "Refused",
    "replayed",
    "restored",
    "still parked",
    "tail lost",
    "taken back",
    "torn",
    "unavailable",
    "Unreadable",
)
"""What a history tells (`World.tell`)."""

WATCHED: Mapping[ModuleType, tuple[str, ...]] = {
    inbox: (),
    readback: ("guard", "refuse_if_ahead", "look"),
    receiver: ("close",),
    publish: ("producer", "_acknowledged"),
    relay: ("_connected", "_serve", "run"),
    parked: ("rows",),
    project: ("run", "_start", "on_partitions_assigned"),
    rebuild: ("check_kinds", "_note_kinds"),
    recover: (),
    takeback: ("_row",),
    torn: (),
    unsealed: (),
}
"""Modules whose lines have all to be run, and functions of them that the simulation has no use for, or in part."""

NOT_HERE: Mapping[tuple[str, str], str] = {
    ("inbox.py", 'raise codec.Unreadable("wrong-topic")'): "strangers in a wrong topic have no lane here",
    ("inbox.py", "result.keys |= {(message.topic, key)} if blocks else set()"): "seldom: what a rebuild meets parked",
    ("inbox.py", "result.keys |= {(message.topic, key)} if blocks else set()\nreturn Outcome.PARKED"): "as above",
    ("inbox.py", "return len(self._waits)"): "figures alone ask for it",
    ("parked.py", 'raise NotFound("nothing is parked at {}/{} offset {}".format(*place))'): "nobody accepts at random",
    ("project.py", "return"): "partitions are more than members; a hint without partitions is seldom",
    ("project.py", 'logger.info("Kafka did not take the hint: %r", error)'): "seldom: the broker goes away just there",
    ("receiver.py", "except (log.Repeated, log.Overtaken) as error:"): "seldom: a command between load and write",
    ("receiver.py", "overtaken += 1"): "as above",
    ("receiver.py", "if overtaken == OVERTAKEN_MOST:"): "as above",
    ("receiver.py", "raise"): "as above",
    ("receiver.py", 'logger.info("deciding again: %r", error)'): "as above",
    ("rebuild.py", "except Moved as moved:"): "seldom: a lane ends under a rebuild",
    ("rebuild.py", 'logger.info("beginning anew: %s", moved)'): "as above",
    ("rebuild.py", 'logger.info("all is read, and the tables are being finished")'): "no index here",
    ("rebuild.py", "await finish(_beside(settings, service), projection.filling, projection.tables)"): "as above",
    ("rebuild.py", "except LockNotAvailable:"): "nobody looks at the tables for long here",
    ("rebuild.py", 'logger.info("the tables are being read, and the swap waits")'): "as above",
    ("rebuild.py", "await pause(tries)"): "as above",
    ("rebuild.py", "tries += 1"): "as above",
    ("recover.py", "what = error.diag.message_detail or error.diag.message_primary"): "bytes on Kafka do not change",
    (
        "recover.py",
        'raise Unrecoverable(f"Kafka holds another event at a place of the log: {what}") from error',
    ): "as above",
    ("relay.py", "break"): "seldom: all that was fetched lies behind another relay's mark",
    ("takeback.py", "case LogRecovered() as recovered:"): "no backup is older than a recovery here",
    ("takeback.py", "self.end(recovered)"): "as above",
    ("takeback.py", "self._found.end(item.event)"): "as above",
    ("takeback.py", "for end in recovered.lanes:"): "as above",
    (
        "takeback.py",
        "self.ends.setdefault(Lane(recovered.old_source, end.topic, end.partition), end.number)",
    ): "as above",
}
"""Lines that need not be run, some with the line before them, and why: the simulation cannot, or not surely within
1,000 histories.
"""
BYTES_CHANGED = ("cannot be read (", "is not what was sent", "if parked.lane and parked.lane.source", "is one event in")
"""Parts of lines that run only where Kafka holds other bytes than were sent, which it never does here."""


def missing(marks: Mapping[str, int]) -> list[str]:
    """Names that were never told."""
    return [name for name in NAMED if not marks.get(name)]


Lines = frozenset[tuple[str, int]]
"""Lines by file and number."""


@cache
def every_line() -> Lines:
    """The lines of all functions that have to be run."""
    return frozenset(
        (_file(module), line)
        for module in WATCHED
        for code in _codes(module)
        for _, _, line in code.co_lines()
        if line is not None and line > code.co_firstlineno and _starts(module, line) and _asked(module, line)
    )


def _file(module: ModuleType) -> str:
    return Path(str(module.__file__)).name


@cache
def _statements(module: ModuleType) -> frozenset[int]:
    nodes = ast.walk(ast.parse(inspect.getsource(module)))
    return frozenset(node.lineno for node in nodes if isinstance(node, ast.stmt))


def _starts(module: ModuleType, line: int) -> bool:
    """Whether a statement begins in a line: those that go on over several count once."""
    return line in _statements(module)


def _asked(module: ModuleType, line: int) -> bool:
    lines = _text(module)
    text, before = lines[line - 1].strip(), lines[line - 2].strip()
    after = lines[line].strip() if text.startswith("place =") or text == "return" else text
    changed = any(part in text + after for part in BYTES_CHANGED) or "is not what was sent" in before
    return not changed and not NOT_HERE.keys() & {(_file(module), text), (_file(module), f"{before}\n{text}")}


@cache
def _text(module: ModuleType) -> list[str]:
    return inspect.getsource(module).splitlines()


def _codes(module: ModuleType) -> Iterator[CodeType]:
    waiting = [compile(inspect.getsource(module), str(module.__file__), "exec")]
    while waiting:
        for const in waiting.pop().co_consts:
            if isinstance(const, CodeType) and const.co_name not in WATCHED[module]:
                waiting.append(const)
                if const.co_flags & inspect.CO_NEWLOCALS and not const.co_name.startswith("<"):
                    yield const


@contextmanager
def watching(*, active: bool = True) -> Iterator[set[tuple[str, int]]]:
    """Collects the lines that are run, where it is active."""
    files = {str(module.__file__): _file(module) for module in WATCHED}
    found: set[tuple[str, int]] = set()
    lines: dict[CodeType, set[int]] = {}

    def enter(frame: FrameType, event: str, _: Any) -> Any:
        name = files.get(frame.f_code.co_filename)
        if name is None:
            return None
        code = frame.f_code
        if (left := lines.get(code)) is None:
            left = lines[code] = {line for _, _, line in code.co_lines() if line and line > code.co_firstlineno}
        if not left:  # all of it has been run: no need to look again
            return None

        def line(frame: FrameType, event: str, _: Any) -> Any:
            found.add((name, frame.f_lineno))
            left.discard(frame.f_lineno)
            return line

        return line

    before = sys.gettrace()
    if active:
        sys.settrace(enter)
    try:
        yield found
    finally:
        sys.settrace(before)
