"""Runs tests on a copy of the tree that has one fault: forked from a process that has imported what tests need."""

import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("services", "tests", "deploy")
POLL = 0.05


@dataclass
class Running:
    """A fault whose tests run."""

    mutant: int
    process: int
    until: float


class Slot:
    """A copy of the tree, for one fault at a time."""

    def __init__(self, folder: Path, module: str, tests: Sequence[str]) -> None:
        self._folder, self._module, self._tests = folder, folder / module, tests
        for name in FOLDERS:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        self.running: Running | None = None

    def begin(self, number: int, text: str, seconds: float) -> None:
        """Starts the tests on a text of the module."""
        self._module.write_text(text)
        if (process := os.fork()) == 0:
            self._child()
        self.running = Running(number, process, time.monotonic() + seconds)

    def ended(self) -> tuple[int, str] | None:
        """Number and end of a fault whose tests are over: killed, survived, time-out."""
        now = self.running
        if now is None:
            return None
        done, status = os.waitpid(now.process, os.WNOHANG)
        late = not done and time.monotonic() > now.until
        if not done and not late:
            return None
        if late:
            self.end()
            return now.mutant, "time-out"
        self.running = None
        return now.mutant, "survived" if os.waitstatus_to_exitcode(status) == 0 else "killed"

    def end(self) -> None:
        """Ends the tests that run, if any do."""
        if self.running:
            os.killpg(self.running.process, signal.SIGKILL)
            os.waitpid(self.running.process, 0)
            self.running = None

    def _child(self) -> None:
        """Becomes the tests' process; never returns."""
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        output = os.open(self._folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream, to in ((0, nothing), (1, output), (2, output)):
            os.dup2(to, stream)
        os.chdir(self._folder)
        for name in [name for name in sys.modules if name.split(".")[0] in FOLDERS]:
            del sys.modules[name]
        sys.path.insert(0, str(self._folder))
        sys.dont_write_bytecode = True  # a fault that changes no length could be taken for the one before
        os.environ |= {"PYTHONPATH": str(self._folder), "PYTHONDONTWRITEBYTECODE": "1", "LIANXIN_TEST_DEADLINE": "20"}
        code = 3
        try:
            options = [
                "-q",
                "-x",
                "-p",
                "no:cacheprovider",
                "-p",
                "no:xdist",
                "-p",
                "no:schemathesis",
                "--hypothesis-seed=0",
            ]
            options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
            code = int(pytest.main([*options, *self._tests]))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


def run(slots: Sequence[Slot], texts: Sequence[str], seconds: float) -> Iterator[tuple[int, str]]:
    """Number and end of each text, as they end. `seconds` is how long one may take."""
    left = list(enumerate(texts))[::-1]
    try:
        while left or any(slot.running for slot in slots):
            for slot in slots:
                if slot.running is None and left:
                    number, text = left.pop()
                    slot.begin(number, text, seconds)
                elif ended := slot.ended():
                    yield ended
            time.sleep(POLL)
    finally:
        for slot in slots:
            slot.end()
