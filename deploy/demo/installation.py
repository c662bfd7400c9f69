"""The stack as the demo uses it: up in a space of the demo's own, its verbs, its lag, its topics."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from lianxin_schemas.directory import DIRECTORY
from lianxin_schemas.topics import TOPICS

from deploy.local.keys import sign
from deploy.local.processes import DATABASES
from deploy.local.stack import Stack
from deploy.local.state import PROJECT, Trouble, write

DEADLINE = 120.0
"""Seconds within which everything that was accepted has to be visible everywhere."""
SERVICES = ("intake", "assignment", "appraisal")
"""In the order in which a petition passes them."""
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
        code, _, said = await self.verb("assignment", "register", "load", str(folder))
        if code:
            raise Trouble("The register was not loaded:\n" + "\n".join(said.strip().splitlines()[-10:]))

    async def arrived(self, note: Callable[[str], None]) -> int:
        """Waits until all is visible everywhere; answers with the number of parked messages. Raises Trouble."""
        deadline = asyncio.get_running_loop().time() + DEADLINE
        parked = 0
        # In this order: what a service has passed on by then, the next one counts.
        for service in SERVICES:
            while (lag := await self._lag(service))["behind"]:
                note(f"{service}: {lag['behind']:,}")
                if asyncio.get_running_loop().time() > deadline:
                    raise Trouble(f"{service} is still behind after {DEADLINE:.0f} s: {lag}.")
                await asyncio.sleep(0.3)
            parked += lag["parked"]
        return parked

    async def _lag(self, service: str) -> dict[str, Any]:
        _, printed, said = await self.verb(service, "lag", "--json")
        if not printed:
            raise Trouble(f"{service} does not say how far it is: {said.strip()}")
        found: dict[str, Any] = json.loads(printed)
        return found

    async def verify(self, service: str) -> list[str]:
        """Where a service's tables differ from a plain refold of the log, a sentence each."""
        code, printed, said = await self.verb(service, "verify", "--json")
        if not printed:
            raise Trouble(f"{service} could not be verified: {said.strip() or code}")
        return [f"{service}: {difference}" for difference in json.loads(printed)["differences"]]

    def topics(self) -> Mapping[str, int]:
        """Messages in each topic."""
        from kafka import KafkaConsumer, TopicPartition
        from kafka.errors import KafkaError

        try:
            consumer = KafkaConsumer(bootstrap_servers=self._stack.kafka, group_id=None, enable_auto_commit=False)
            try:
                counts = {}
                for topic in TOPICS:
                    places = [TopicPartition(f"{self.space}.{topic.name}", n) for n in range(topic.partitions)]
                    counts[topic.name] = sum(consumer.end_offsets(places).values())
                return counts
            finally:
                consumer.close()
        except KafkaError as error:
            raise Trouble(f"Kafka does not say how many messages there are: {error}") from error


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
