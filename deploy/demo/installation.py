"""The stack as the demo uses it: up in a space of the demo's own, its verbs, its lag, its topics."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from lianxin_schemas.directory import DIRECTORY
from lianxin_schemas.topics import TOPICS

from deploy.demo.staff import COUNTY_OFFICE
from deploy.local.keys import sign
from deploy.local.processes import DATABASES
from deploy.local.stack import Stack
from deploy.local.state import PROJECT, Trouble, write
from services.runtime import lag
from services.runtime.settings import Settings

DEADLINE = 300.0
"""Seconds within which everything that was accepted has to be visible everywhere."""
CONSUMERS = {"intake": "project", "assignment": "react", "notify": "react", "appraisal": "project"}
"""What each service hears by, in the order in which a petition passes them."""
SPACES = "demo-spaces.json"
"""The file in the state folder that names the spaces which runs have made."""


class Installation:
    """One run's stack. Every run has a space of its own, so that what others keep in the stack stays as it is."""

    def __init__(self, state: Path, now: datetime, say: Callable[[str], None]) -> None:
        self.space = f"demo-{now:%Y%m%d-%H%M%S}"
        os.environ["LIANXIN_SPACE"] = self.space
        self._state = state
        self._stack = Stack(state, say=say)

    def up(self) -> None:
        """Brings the stack up and forgets what earlier runs left. Raises Trouble."""
        known = self._state / SPACES
        earlier: list[str] = json.loads(known.read_text()) if known.exists() else []
        # Written before anything is made, so that a run that is cut off is forgotten by the next one.
        write(known, json.dumps([*earlier, self.space]))
        self._stack.up()
        _forget(self._stack, earlier)
        write(known, json.dumps([self.space]))

    def addresses(self) -> dict[str, str]:
        """Where each service answers HTTP, by its name."""
        return {name.removesuffix("-api"): url for name, url in self._stack.addresses().items() if url[:4] == "http"}

    def tokens(self) -> dict[str, str]:
        """A token for each role that the demo takes, by the role."""
        return {role: sign(self._state / "keys", f"demo-{role}", [role]) for role in ("import", "organisation")}

    async def verb(self, service: str, *arguments: str) -> tuple[int, str, str]:
        """Runs a service's verb to its end: exit code, what it printed, and what it said of trouble."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            f"services.{service}",
            *arguments,
            cwd=PROJECT,
            env={**os.environ, **self._stack.environment()},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, said = await process.communicate()
        return process.returncode or 0, printed.decode(), said.decode()

    async def load(self, folder: Path) -> None:
        """Loads the register. Raises Trouble with the first lines of what is wrong with it."""
        await self._well("assignment", "register", "load", str(folder))

    async def load_people(self, *files: Path) -> None:
        """Loads the vault, one file after the other. Raises Trouble likewise."""
        for file in files:
            await self._well("intake", "people", "load", str(file))

    async def release(self, answers: int) -> None:
        """Releases the sums of ratings, once so many answers wait sealed: one that still lay in a process's memory
        would leave on another day. Raises Trouble.
        """
        await asyncio.to_thread(self._sealed, answers)
        await self._well("intake", "ratings", "release")

    def _sealed(self, answers: int) -> None:
        import psycopg

        deadline = time.monotonic() + DEADLINE
        with psycopg.connect(self._settings.database("intake"), autocommit=True) as connection:
            while (found := connection.execute("SELECT count(*) FROM rating_ballot").fetchone()) != (answers,):
                if time.monotonic() > deadline:
                    raise Trouble(f"Of {answers} answers to ratings {found and found[0]} are kept.")
                time.sleep(0.2)

    async def _well(self, service: str, *verb: str) -> None:
        code, _, said = await self.verb(service, *verb)
        if code:
            lines = "\n".join(said.strip().splitlines()[-10:])
            raise Trouble(f"`{service} {' '.join(verb[:2])}` did not succeed:\n{lines}")

    async def arrived(self, note: Callable[[str], None]) -> int:
        """Waits until all is visible everywhere; answers with the number of parked messages. Raises Trouble."""
        deadline = time.monotonic() + DEADLINE
        parked = 0
        # In this order, and the first once more: what a service has passed on by then, the next one counts.
        for service in (*CONSUMERS, "intake"):
            while (found := await asyncio.to_thread(self._lag, service)).behind:
                note(f"{service}: {found.behind:,}")
                if time.monotonic() > deadline:
                    raise Trouble(f"{service} is still behind after {DEADLINE:.0f} s: {found.as_json()}.")
                await asyncio.sleep(0.3)
            parked += found.parked
        await asyncio.to_thread(_analyse, self._stack, self.space)
        return parked

    def _lag(self, service: str) -> lag.Lag:
        return lag.measure(self._settings, service, has_log=True, consumer=CONSUMERS[service])

    @property
    def _settings(self) -> Settings:
        return Settings(space=self.space, kafka=self._stack.kafka, postgres=self._stack.postgres)

    async def verify_all(self) -> list[str]:
        """Where tables of any service differ from a plain refold of the log, a sentence each."""
        found = await asyncio.gather(*map(self.verify, CONSUMERS))
        return [difference for differences in found for difference in differences]

    async def verify(self, service: str) -> list[str]:
        """Where a service's tables differ from a plain refold of the log, a sentence each."""
        code, printed, said = await self.verb(service, "verify", "--json")
        if not printed:
            raise Trouble(f"{service} could not be verified: {said.strip() or code}")
        return [f"{service}: {difference}" for difference in json.loads(printed)["differences"]]

    def people(self, cadre: str, office: str) -> None:
        """Says who can be picked where one signs in on this machine: this cadre, the organisation department, and the
        offices that answer.
        """
        people = [
            {"id": cadre, "name": f"干部 / cadre {cadre}", "roles": ["cadre"]},
            {"id": "organiser-0001", "name": "组织部门 / organisation department", "roles": ["organisation"]},
            {"id": "county-0001", "name": "县办公室 / county's office", "roles": ["office"], "office": COUNTY_OFFICE},
            {"id": "staff-0001", "name": f"窗口 / counter of {office}", "roles": ["office"], "office": office},
        ]
        write(self._state / "people.json", json.dumps(people, indent=2, ensure_ascii=False) + "\n")

    def topics(self) -> Mapping[str, int]:
        """Messages in each topic."""
        from kafka import KafkaConsumer, TopicPartition
        from kafka.errors import KafkaError

        try:
            consumer = KafkaConsumer(bootstrap_servers=self._stack.kafka, group_id=None, enable_auto_commit=False)
            try:
                counts = {}
                for topic in (*TOPICS, DIRECTORY):
                    places = [TopicPartition(f"{self.space}.{topic.name}", n) for n in range(topic.partitions)]
                    counts[topic.name] = sum(consumer.end_offsets(places).values())
                return counts
            finally:
                consumer.close()
        except KafkaError as error:
            raise Trouble(f"Kafka does not say how many messages there are: {error}") from error


def _analyse(stack: Stack, space: str) -> None:
    """What autovacuum does once a minute, too late for who asks right after a quarter has come in: without statistics
    the figures take twice as long. Raises Trouble.
    """
    import psycopg

    try:
        for database in DATABASES:
            with psycopg.connect(stack.postgres, dbname=f"{space}_{database}", autocommit=True) as connection:
                connection.execute("ANALYZE")
    except psycopg.Error as error:
        raise Trouble(f"The database does not gather its statistics: {error}") from error


def _forget(stack: Stack, spaces: list[str]) -> None:
    """Deletes the databases and topics of spaces. Raises Trouble."""
    import psycopg
    from kafka.admin import KafkaAdminClient
    from kafka.errors import KafkaError
    from psycopg import sql

    if not spaces:
        return
    try:
        with psycopg.connect(stack.postgres, dbname="postgres", autocommit=True) as connection:
            for name in (f"{space}_{database}" for space in spaces for database in DATABASES):
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        admin = KafkaAdminClient(bootstrap_servers=stack.kafka)
        try:
            wanted = {f"{space}.{topic.name}" for space in spaces for topic in (*TOPICS, DIRECTORY)}
            if present := wanted.intersection(admin.list_topics()):
                admin.delete_topics(sorted(present))
        finally:
            admin.close()
    except (psycopg.Error, KafkaError) as error:
        raise Trouble(f"What an earlier run left could not be deleted: {error}") from error
