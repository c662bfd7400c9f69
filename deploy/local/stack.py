"""The whole stack of one state folder: bringing it up, taking it down, and what it is doing."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.local import databases, servers
from deploy.local import kafka as kafka_server
from deploy.local import postgres as postgres_server
from deploy.local.keys import DISCOVERY, make_key, make_seal_keys, make_service_token, seal_key, seal_keys
from deploy.local.processes import LIANXIN, Installation, Program
from deploy.local.server import Launch
from deploy.local.state import MARK, PROJECT, Trouble, alone, make_state, ports, require_free
from deploy.local.supervision import SERVERS, SERVICES, Process, Supervision, configuration
from deploy.local.sweep import end, marked, wait

# After a crash Kafka takes some seconds to give up its former self, and reads what it has; all processes together need
# some 20 s of CPU to start, of which a machine that does other work may give them little.
DEADLINE = 180.0


class Stack:
    """An installation in a state folder. `say` takes lines on how it goes on."""

    def __init__(self, state: Path, installation: Installation = LIANXIN, say: Callable[[str], None] = print) -> None:
        make_state(state)
        self._state = state
        self._installation = installation
        self._say = say
        self._web = ports(state, [each.name for each in installation.programs if each.web])
        self._kafka = None if "LIANXIN_KAFKA" in os.environ else kafka_server.Kafka(state)
        self._postgres = None if "LIANXIN_POSTGRES" in os.environ else postgres_server.Postgres(state)
        self._supervision = Supervision(state)

    @property
    def kafka(self) -> str:
        """host:port of the broker in use."""
        return self._kafka.address if self._kafka else os.environ["LIANXIN_KAFKA"]

    @property
    def postgres(self) -> str:
        """libpq address, without a database, of the server in use."""
        return self._postgres.url if self._postgres else os.environ["LIANXIN_POSTGRES"]

    def environment(self) -> dict[str, str]:
        """What every process of the services is given."""
        return {
            "LIANXIN_SPACE": os.environ.get("LIANXIN_SPACE", "lianxin"),
            "LIANXIN_KAFKA": self.kafka,
            "LIANXIN_POSTGRES": self.postgres,
            "LIANXIN_JWKS": str(self._state / "keys" / "jwks.json"),
            "LIANXIN_SEAL_KEYS": str(seal_keys(self._state / "keys")),
            "LIANXIN_VAULT": f"http://127.0.0.1:{self._web.get('intake-api', 0)}",
            "LIANXIN_HOST": "127.0.0.1",
            "PYTHONUNBUFFERED": "1",
            **self._pages(),
        }

    def _pages(self) -> dict[str, str]:
        """Where browsers find each service's pages, and the issuer where they sign in."""
        found = {
            f"LIANXIN_PAGES_{name.removesuffix('-api').upper()}": f"http://127.0.0.1:{port}"
            for name, port in self._web.items()
            if name.endswith("-api")
        }
        if "issuer" in self._web:
            at = f"http://127.0.0.1:{self._web['issuer']}"
            found |= {"LIANXIN_OIDC_DISCOVERY": f"{at}{DISCOVERY}", "LIANXIN_PLAIN_HTTP": "true"}
        return found

    def addresses(self) -> dict[str, str]:
        """Where each server and each web program is to be found."""
        web = {name: f"http://127.0.0.1:{port}" for name, port in self._web.items()}
        return {**web, "kafka": self.kafka, "postgres": self.postgres}

    def up(self) -> bool:
        """Brings everything to run; returns when all is ready. False when it was so already.

        Raises Trouble, a sentence that names what does not work.
        """
        with alone(self._state):
            return self._up()

    def down(self) -> bool:
        """Ends every process of this state folder, in good order if it can. False when there was none."""
        with alone(self._state):
            return self._down()

    def reset(self) -> None:
        """Ends every process and deletes all data, keys and logs."""
        self.down()
        servers.remove(self._state)

    def processes(self) -> list[Process]:
        """Every supervised process as it is now; none when the stack is down."""
        return self._supervision.processes()

    def _up(self) -> bool:
        make_key(self._state / "keys")
        for service in {each.token for each in self._installation.programs if each.token}:
            make_service_token(self._state / "keys", service)
        make_seal_keys(self._state / "keys", [each.seals for each in self._installation.programs if each.seals])
        if not self._supervision.running():
            end(marked(self._state))  # what a supervisor that crashed has left holds ports and data
            self._require_ports()
        launches = self._prepare()
        wanted = self._configuration(launches)
        if self._supervision.configured() != wanted and self._down():
            self._say("Stopped what ran with other settings.")
        if not self._supervision.running():
            self._supervision.start(wanted, self.environment())
        elif not self._not_ready():
            return False
        self._start_servers(launches)
        self._start_services()
        return True

    def _prepare(self) -> list[Launch]:
        own = [server.prepare for server in (self._kafka, self._postgres) if server]
        with ThreadPoolExecutor(2) as pool:
            return [made.result() for made in [pool.submit(prepare) for prepare in own]]

    def _configuration(self, launches: list[Launch]) -> str:
        special = {}
        for program in self._installation.programs:
            special[program.name] = {**self.environment(), "LIANXIN_MEMBER": program.name}
            if program.web:
                special[program.name]["LIANXIN_PORT"] = str(self._web[program.name])
            if program.token:
                special[program.name]["LIANXIN_TOKEN_FILE"] = str(self._state / "keys" / f"{program.token}.token")
            if program.seals:
                special[program.name]["LIANXIN_SEAL_KEY"] = str(seal_key(self._state / "keys", program.seals))
        return configuration(self._state, launches, self._installation.programs, special)

    def _require_ports(self) -> None:
        require_free(self._state, {**self._web, **(self._kafka.listens if self._kafka else {})})

    def _start_servers(self, launches: list[Launch]) -> None:
        if launches:
            self._say(f"Starting {' and '.join(launch.name for launch in launches)} …")
            self._supervision.start_group(SERVERS)
        with ThreadPoolExecutor(2) as pool:
            # Kafka takes longer to come: the databases need not wait for it.
            for made in [pool.submit(self._make_databases), pool.submit(self._make_topics)]:
                made.result()

    def _make_databases(self) -> None:
        _wait(lambda: databases.answers(self.postgres), f"PostgreSQL at {self.postgres}", self._state)
        databases.create(self.postgres, self.environment()["LIANXIN_SPACE"], self._installation.databases)
        self._run_all(self._installation.migrations)

    def _make_topics(self) -> None:
        _wait(lambda: kafka_server.answers(self.kafka), f"Kafka at {self.kafka}", self._state)
        self._run_all(self._installation.topics)

    def _run_all(self, programs: tuple[Program, ...]) -> None:
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._run, programs))

    def _run(self, program: Program) -> None:
        log = self._state / "logs" / f"{program.name}.log"
        with log.open("ab") as output:
            done = subprocess.run(
                [sys.executable, "-m", *program.module],
                check=False,
                cwd=PROJECT,
                env={**os.environ, **self.environment(), MARK: str(self._state)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        if done.returncode:
            raise Trouble(f"{program.name} failed: see {log}.")

    def _start_services(self) -> None:
        self._say(f"Starting {len(self._installation.programs)} processes …")
        self._supervision.start_group(SERVICES)
        deadline = time.monotonic() + DEADLINE
        while waiting := self._not_ready():
            if time.monotonic() > deadline:
                logs = ", ".join(str(self._state / "logs" / f"{name}.log") for name in waiting)
                raise Trouble(f"Not ready after {DEADLINE:.0f} s: {', '.join(waiting)}; see {logs}.")
            time.sleep(0.1)

    def _not_ready(self) -> list[str]:
        """The processes that do not run, or do not answer that they are ready."""
        processes = self.processes()
        idle = [each.name for each in processes if each.state != "RUNNING"]
        with ThreadPoolExecutor() as pool:
            asked = [name for name in self._web if name not in idle]
            return idle + [
                name for name, is_ready in zip(asked, pool.map(self._answers, asked), strict=True) if not is_ready
            ]

    def _answers(self, name: str) -> bool:
        # http.client, for it does not take a proxy for our own address.
        connection = http.client.HTTPConnection("127.0.0.1", self._web[name], timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _down(self) -> bool:
        found = marked(self._state)
        if self._supervision.shut_down():
            wait(found, seconds=45)
        # What a supervisor that crashed has left, or that began another process group.
        end(marked(self._state))
        return bool(found)


def _wait(answers: Callable[[], bool], name: str, state: Path) -> None:
    """Returns when it answers; Trouble when it does not before the deadline."""
    deadline = time.monotonic() + DEADLINE
    while not answers():
        if time.monotonic() > deadline:
            raise Trouble(f"Not ready after {DEADLINE:.0f} s: {name}; see {state / 'logs'}.")
        time.sleep(0.1)
