"""pytest plugin: a real Kafka and a real PostgreSQL for tests.

`servers` is one pair for the whole run, all xdist workers included; it starts when the first test asks.
`private_servers` is a pair of one test's own, to stop, kill and restart.
LIANXIN_KAFKA and LIANXIN_POSTGRES name servers to use instead of the shared pair; LIANXIN_TEST_SERVERS=containers
takes that from Docker, one pair for each xdist worker. The private pair is always the embedded one.
Nothing is skipped: where no server can be had, the test fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from deploy.local.servers import Servers, remove
from deploy.local.state import MARK, PROJECT, alone
from deploy.local.sweep import end, marked

FOLDER = "LIANXIN_TEST_FOLDER"


@dataclass(frozen=True)
class Addresses:
    """Where the servers of a test run are."""

    kafka: str
    postgres: str


def pytest_configure(config: pytest.Config) -> None:
    """Makes the run's folder and the watcher that clears it, whatever becomes of this process."""
    if hasattr(config, "workerinput"):
        return
    folder = Path(tempfile.mkdtemp(prefix="lianxin-tests-", dir="/tmp"))
    # The mark goes to every process a test starts, so that none of them outlives the run.
    os.environ |= {FOLDER: str(folder), MARK: str(folder)}
    watcher = subprocess.Popen(
        [sys.executable, "-m", "tests.servers", "watch", str(folder)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    config.add_cleanup(lambda: _let_go(watcher))


def _let_go(watcher: subprocess.Popen[bytes]) -> None:
    watcher.communicate()
    for name in (FOLDER, MARK):
        os.environ.pop(name, None)


@pytest.fixture(scope="session")
def servers() -> Iterator[Addresses]:
    """The servers of the run. Data of other tests are in them: use a space of your own."""
    if "LIANXIN_KAFKA" in os.environ and "LIANXIN_POSTGRES" in os.environ:
        yield Addresses(os.environ["LIANXIN_KAFKA"], os.environ["LIANXIN_POSTGRES"])
    elif os.environ.get("LIANXIN_TEST_SERVERS") == "containers":
        from tests.deploy.containers import containers

        with containers() as (kafka, postgres):
            yield Addresses(kafka, postgres)
    else:
        yield _shared()


def _shared() -> Addresses:
    folder = Path(os.environ[FOLDER])
    known = folder / "servers.json"
    with alone(folder):
        if not known.exists():
            # A process of its own starts them, for they outlive the worker that asked first.
            command = [sys.executable, "-m", "tests.servers", "start", str(folder)]
            done = subprocess.run(command, check=False, cwd=PROJECT, capture_output=True, text=True)
            assert done.returncode == 0, f"no servers for the tests: {done.stderr}"
    return Addresses(**json.loads(known.read_text()))


@pytest.fixture
def private_servers() -> Iterator[Servers]:
    """Servers of one test's own, running: `.kafka` and `.postgres` stop, start, restart and kill."""
    state = Path(tempfile.mkdtemp(prefix="private-", dir=os.environ[FOLDER]))
    own = Servers(state)
    try:
        own.start()
        yield own
    finally:
        own.kill()
        own.remove()


def start(folder: Path) -> None:
    """Starts the run's servers and leaves them running; their addresses are in servers.json."""
    own = Servers(folder / "shared")
    own.start()
    (folder / "servers.json").write_text(json.dumps(asdict(Addresses(own.kafka_address, own.postgres_url))))


def watch(folder: Path) -> None:
    """Waits until the pytest run is over, however it ends, then ends and deletes all it has left."""
    sys.stdin.read()
    end(marked(folder), seconds=3)
    for state in folder.iterdir():
        if state.is_dir():
            remove(state)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    {"start": start, "watch": watch}[sys.argv[1]](Path(sys.argv[2]))
