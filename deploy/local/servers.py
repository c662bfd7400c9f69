"""Kafka and PostgreSQL of one state folder, started together."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.server import Launch, Server
from deploy.local.state import make_state, require_free, short_name


class Servers:
    """Both servers of a state folder, run by this process. Data survive until `remove`."""

    def __init__(self, state: Path) -> None:
        self._state = state.resolve()
        make_state(self._state)
        self._kafka = Kafka(self._state)
        self._postgres = Postgres(self._state)
        launches = prepare(self._kafka, self._postgres)
        self.kafka = Server(launches[0])
        self.postgres = Server(launches[1])

    @property
    def kafka_address(self) -> str:
        """host:port of the broker."""
        return self._kafka.address

    @property
    def postgres_url(self) -> str:
        """libpq address without a database name."""
        return self._postgres.url

    def start(self) -> None:
        """Starts both side by side and returns when both serve; Trouble otherwise."""
        require_free(self._state, self._kafka.listens)
        self.kafka.start(wait=False)
        self.postgres.start(wait=False)
        self.postgres.wait()
        self.kafka.wait()

    def stop(self) -> None:
        """Ends both in good order."""
        self.postgres.stop()
        self.kafka.stop()

    def kill(self) -> None:
        """Ends both as a power cut would."""
        self.postgres.kill()
        self.kafka.kill()

    def remove(self) -> None:
        """Deletes all data; only after stop or kill."""
        remove(self._state)


def prepare(kafka: Kafka, postgres: Postgres) -> list[Launch]:
    """Makes what both need, side by side; how to run each."""
    with ThreadPoolExecutor(2) as pool:
        made = [pool.submit(kafka.prepare), pool.submit(postgres.prepare)]
        return [launch.result() for launch in made]


def remove(state: Path) -> None:
    """Deletes the data of a state folder whose processes have ended."""
    shutil.rmtree(Postgres(state).home, ignore_errors=True)
    shutil.rmtree(Path("/tmp") / f"lianxin-{short_name(state)}", ignore_errors=True)
    shutil.rmtree(state, ignore_errors=True)
