"""Real processes of the services in a space of their own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from lianxin_schemas.topics import BY_NAME, SERVICES

from deploy.local import keys
from deploy.local.state import free_ports
from services.appraisal.projections import PROJECTION
from services.appraisal.settings import Settings as AppraisalSettings
from services.appraisal.verify import verify as appraisal_verify
from services.intake.settings import BESIDE
from services.runtime import broker, lag, migrate, rebuild, topics
from services.runtime.database import conninfo
from services.runtime.settings import Settings

ROOT = Path(__file__).parents[2]
DEADLINE = float(os.environ.get("LIANXIN_TEST_DEADLINE", "60"))


def until(condition: Callable[[], Any], what: str, seconds: float = DEADLINE, every: float = 0.05) -> Any:
    """Waits until a condition holds and answers with it; fails saying what was last seen."""
    deadline = time.monotonic() + seconds
    while True:
        seen = condition()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s, last seen {seen!r}")
        time.sleep(every)


class World:
    """One installation. Everything it started ends with `close`."""

    def __init__(
        self, kafka: str, postgres: str, folder: Path, services: tuple[str, ...] = ("intake", "assignment", "appraisal")
    ) -> None:
        self.space = f"t{uuid.uuid4().hex[:12]}"
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.names: dict[int, tuple[str, str]] = {}
        self.apis: list[Api] = []
        self.closing = threading.Event()
        self.environment = os.environ | {
            "LIANXIN_SPACE": self.space,
            "LIANXIN_KAFKA": kafka,
            "LIANXIN_POSTGRES": postgres,
            "LIANXIN_JWKS": str(keys.make_key(folder / "keys")),
            "LIANXIN_SEAL_EVERY": "1",
            "LIANXIN_SEAL_KEYS": str(keys.make_seal_keys(folder / "keys", SERVICES)),
        }
        self.settings = Settings(
            space=self.space, kafka=kafka, postgres=postgres, jwks=keys.public_keys(folder / "keys"), seal_every=1
        )
        with psycopg.connect(conninfo(postgres, "postgres"), autocommit=True) as connection:
            for database in (*services, *(BESIDE if "intake" in services else ())):
                connection.execute(f'CREATE DATABASE "{self.space}_{database}"')
        for database in BESIDE if "intake" in services else ():
            files = migrate.service_files(ROOT / "services/intake", database)
            migrate.migrate(self.settings.database(database, guarded=False), files)
        for service in services:
            files = [*migrate.PLUMBING, migrate.DIRECTORY]
            files += migrate.service_files(ROOT / "services" / service)
            migrate.migrate(self.settings.database(service, guarded=False), files)
        topics.apply(self.settings)

    # -- processes

    def verb(self, service: str, *arguments: str, code: int = 0) -> str:
        """Runs a verb to its end; answers with what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", f"services.{service}", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert done.returncode == code, (
            f"{service} {arguments} ended with {done.returncode}: {done.stdout}{done.stderr}"
        )
        return done.stdout

    def start(self, service: str, role: str, member: str | None = None, **environment: str) -> subprocess.Popen[bytes]:
        """Starts a process; `failpoint=` arms one, `member=` gives it a fixed name."""
        extra = {"LIANXIN_SEAL_KEY": str(keys.seal_key(self.folder / "keys", service))} if role == "relay" else {}
        extra |= {f"LIANXIN_{name.upper()}": value for name, value in environment.items()}
        if member:
            extra["LIANXIN_MEMBER"] = member
        with (self.folder / f"{service}-{role}.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", f"services.{service}", role],
                env=self.environment | extra,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        self.names[process.pid] = (service, role)
        return process

    def api(self, service: str, **environment: str) -> "Api":
        """Starts an HTTP process and waits until it is ready."""
        [port] = free_ports(1, set())
        process = self.start(service, "api", port=str(port), **environment)
        api = Api(process, f"http://127.0.0.1:{port}", self.folder / "keys")
        self.apis.append(api)
        try:
            until(api.ready, f"{service} api ready")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.output(service, 'api')}") from None
        return api

    def output(self, service: str, role: str) -> str:
        """The last that a process wrote."""
        file = self.folder / f"{service}-{role}.log"
        return file.read_text()[-3000:] if file.exists() else ""

    def ended(self, process: subprocess.Popen[bytes], code: int | None = None) -> int:
        """Waits until a process has ended."""
        found = process.wait(DEADLINE)
        last = self.output(*self.names[process.pid])
        assert code is None or found == code, f"ended with {found}, not {code}: {last}"
        return found

    def close(self) -> None:
        """Ends every process and every connection; what they wrote shows where a test failed."""
        self.closing.set()
        for file in sorted(self.folder.glob("*.log")):
            print(f"--- {file.name}\n{file.read_text()[-2000:]}")
        for api in self.apis:
            api.close()
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()

    def forget(self) -> None:
        """Takes the topics off a broker that is shared: those of all tests are more partitions than it can hold."""
        admin = KafkaAdminClient(**broker.options(self.settings))
        try:
            admin.delete_topics([name for name in admin.list_topics() if name.startswith(f"{self.space}.")])
        finally:
            admin.close()

    def verify(self) -> None:
        """Appraisal's live tables are those of a plain refold; asked here without the cost of a process."""
        assert appraisal_verify(AppraisalSettings(**self.settings.model_dump())) == []

    def rebuild(self) -> None:
        """Builds appraisal's tables anew beside the live ones and swaps them."""
        asyncio.run(rebuild.rebuild(self.settings, "appraisal", PROJECTION, lambda _done, _of: None))

    # -- what there is

    def query(self, service: str, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Rows from a service's database."""
        with psycopg.connect(self.settings.database(service), autocommit=True) as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def lag(self, service: str) -> dict[str, Any]:
        """What the verb `lag --json` says; asked here without the cost of a process."""
        consumer = {"assignment": "react", "appraisal": "project", "notify": "react"}.get(service)
        return lag.measure(self.settings, service, has_log=True, consumer=consumer).as_json()

    def topic(self, name: str) -> list[tuple[int, dict[str, Any]]]:
        """Every message of a topic that is JSON, with its partition, in the order of each partition."""
        found = []
        for partition, value in self.raw(name):
            try:
                found.append((partition, json.loads(value)))
            except ValueError:
                continue
        return found

    def raw(self, name: str) -> list[tuple[int, bytes]]:
        """The bytes of every message of a topic with its partition."""
        consumer = KafkaConsumer(**broker.options(self.settings), group_id=None, enable_auto_commit=False)
        try:
            parts = [TopicPartition(self.settings.topic(name), p) for p in range(BY_NAME[name].partitions)]
            ends = {part: end for part, end in consumer.end_offsets(parts).items() if end}
            found: list[tuple[int, bytes]] = []
            consumer.assign(list(ends))
            for part in ends:
                consumer.seek(part, 0)
            while any(consumer.position(part) < end for part, end in ends.items()):
                for part, records in consumer.poll(timeout_ms=500).items():
                    found += [(part.partition, record.value) for record in records]
            return found
        finally:
            consumer.close()


class Api:
    """An HTTP process, and a client to it."""

    def __init__(self, process: subprocess.Popen[bytes], address: str, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.client = httpx.Client(base_url=address, timeout=30)
        self.closed = False

    def close(self) -> None:
        """Lets go of the connections; whoever still sends stops then."""
        self.closed = True
        self.client.close()

    def ready(self) -> bool:
        """Whether it answers that it is ready."""
        assert self.process.poll() is None, "the api has ended"
        try:
            return self.client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def call(
        self, method: str, path: str, body: Any = None, *, who: str = "importer", role: str = "import", **more: Any
    ) -> httpx.Response:
        """A request by a principal of one role."""
        token = keys.sign(self.folder, who, [role], more.pop("office", None))
        return self.client.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"}, **more)
