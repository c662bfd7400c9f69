"""Finding and ending every process of a stack, whoever started it and whether or not its parent lives."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from deploy.local.state import MARK


def marked(folder: Path) -> list[psutil.Process]:
    """The running processes of the stack in this state folder, or in one below it."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            owner = process.environ().get(MARK)
            if owner and (Path(owner) == folder or folder in Path(owner).parents):
                # PostgreSQL's backends overwrite their environment: found as children.
                found |= {each.pid: each for each in (process, *process.children(recursive=True))}
        except (psutil.Error, OSError):
            continue
    found.pop(os.getpid(), None)
    return [process for process in found.values() if _lives(process)]


def end(processes: list[psutil.Process], *, seconds: float = 10) -> None:
    """Ends them in good order; those still there after the time are killed."""
    for process in processes:
        _send(process, signal.SIGINT if _is_postgres(process) else signal.SIGTERM)
    for process in wait(processes, seconds=seconds):
        _send(process, signal.SIGKILL)
    wait(processes, seconds=seconds)


def wait(processes: list[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    """Returns when all have ended, or with those that have not when the time is over."""
    deadline = time.monotonic() + seconds
    while (left := [process for process in processes if _lives(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _lives(process: psutil.Process) -> bool:
    try:
        # In a container without an init nobody takes note of an orphan's end: a zombie has ended.
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _is_postgres(process: psutil.Process) -> bool:
    try:
        # To PostgreSQL SIGTERM means: wait until the last client has gone.
        return str(process.name()) == "postgres"
    except psutil.Error:
        return False


def _send(process: psutil.Process, what: signal.Signals) -> None:
    with contextlib.suppress(psutil.Error):  # it has ended by itself
        process.send_signal(what)
