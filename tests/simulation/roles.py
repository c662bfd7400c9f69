"""Who is on stage: the processes of three services, and the people who operate them.

intake and assignment have a log each: API and two relays. assignment has the reaction that opens cases, twice;
appraisal the projection, twice. Of these, the loop around the reaction follows services/runtime/react.py, which Faust
runs; all others run the real loop.
"""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kafka import TopicPartition
from lianxin_schemas.events.petitions import PetitionRegistered

import services.assignment
from services.appraisal import projections
from services.assignment import reactions
from services.assignment.domain.limits import Law
from services.assignment.store import inbox as case_store
from services.runtime import parked, readback, rebuild, seals
from services.runtime.database import Statement
from services.runtime.inbox import Inbox, Lane, Message, Received
from services.runtime.log import Entry
from services.runtime.project import Feed
from services.runtime.readback import Ahead
from services.runtime.rebuild import Projection
from services.runtime.receiver import Handler, InTwo, Moved, Receiver, Unfit, Work
from services.runtime.relay import Relay
from tests.simulation import clients, postgres, recovering
from tests.simulation.clients import Desk, Promised
from tests.simulation.kafka import Follower
from tests.simulation.stage import LOGS, SETTINGS, SPACE, Stage, consumed_by, run

FOLDER = Path(services.assignment.__file__).parent
LAW = Law.model_validate(
    json.loads((FOLDER / "law.json").read_bytes()) | {"days_off": json.loads((FOLDER / "days_off.json").read_bytes())}
)
COUNTY = "o-county"
REACT = reactions.handler(COUNTY, LAW)
KEYS = {service: Ed25519PrivateKey.from_private_bytes(service.ljust(32).encode()) for service in LOGS}
SIGNERS = {service: seals.Signer(key) for service, key in KEYS.items()}
LISTED = {
    SIGNERS[service].id: seals.Listed(SIGNERS[service].id, service, key.public_key()) for service, key in KEYS.items()
}


async def react_on(connection: Any, batch: list[Received]) -> Work:
    """assignment's reaction. A petition whose zone is not here yet waits, parked under the zone's name."""
    wanted = {item.event.zone for item in batch if isinstance(item.event, PetitionRegistered) and item.event.zone}
    if wanted:
        cursor = await connection.execute("ZONES", [sorted(wanted)])
        known = {zone for (zone,) in await cursor.fetchall()}
        for item in batch:
            if isinstance(item.event, PetitionRegistered) and item.event.zone not in {None, *known}:
                raise Unfit(item, f"waiting for {item.event.zone}")
    work = await REACT(connection, batch)
    return Work(work.decisions, [*work.statements, ("CAME", batch)])


def folded(received: list[Received]) -> Work:
    """appraisal's projection: its own fold, and a tally that a second application would falsify."""
    return Work(statements=[("FOLDED", [projections.fold(received), received])])


async def _kept(_: Any, work: Work) -> Work:
    return work


FOLD = InTwo(folded, _kept)
PROJECTION = Projection("project", projections.KINDS, ("fold",), FOLD)
CONSUMERS: dict[str, tuple[str, frozenset[Any], Handler]] = {
    "assignment": (reactions.NAME, reactions.KINDS, react_on),
    "appraisal": (PROJECTION.name, PROJECTION.kinds, FOLD),
}


def rows(entries: list[Entry]) -> list[Statement]:
    """assignment's own tables, from its own events."""
    zones = [entry.event.zone for entry in entries if hasattr(entry.event, "groups")]  # type: ignore[attr-defined]
    return [*case_store.rows(entries), *([("ZONE", zones)] if zones else [])]


def ahead(stage: Stage, service: str) -> set[Lane]:
    """Lanes of which a consumer has applied more than their log has: what `lag` shows as ahead-of-recovered."""
    tables, name = stage.databases[service].tables, CONSUMERS[service][0]
    return {lane for lane, end in tables.closed.items() if tables.marks.get((name, lane), 0) > end}


class Troupe:
    """The processes, and what those who operate them know."""

    def __init__(self, stage: Stage, promised: Promised) -> None:
        self.stage, self.promised, self.world = stage, promised, stage.world
        self.ahead: set[str] = set()
        """Services that have said that Kafka is ahead of their log."""
        self.wanted = 0
        """Rebuilds that somebody has asked for."""
        self.accepts = False
        """Whether the operator lets parked messages go by."""

    def enter(self) -> None:
        """Everybody starts."""
        add = self.world.add
        for service in LOGS:
            add(f"{service} api", partial(self.api, service))
            for nth in "ab":
                add(f"{service} relay {nth}", partial(self.relay, service))
        for nth in "ab":
            add(f"assignment react {nth}", lambda: run(self.react()))
            add(f"appraisal project {nth}", self.project)
        add("appraisal rebuild", self.rebuild)
        add("operator", lambda: run(self.operate()))

    def _guarded(self, service: str, work: Any) -> None:
        """A process that writes a log ends where Kafka is ahead of it, and says so."""
        try:
            run(work)
        except Ahead:
            self.world.tell("ahead", service)
            self.ahead.add(service)
            raise

    def relay(self, service: str) -> None:
        """services/runtime/relay.py."""
        connection = self.stage.connect(service)
        self._guarded(service, Relay(SETTINGS, service, connection, SIGNERS[service]).run())  # type: ignore[arg-type]

    def api(self, service: str) -> None:
        """What an API process does with commands: services/runtime/gather.py and execute.py."""
        self._guarded(service, self._serve(service))

    async def _serve(self, service: str) -> None:
        me = self.world.running
        assert me is not None
        waiting = self.promised.waiting[service]
        waiting.extend(self.promised.hand.pop(me, ()))  # nobody was answered: they ask again
        connection: Any = self.stage.connect(service)
        await readback.ahead(connection, SETTINGS, service)
        guard = readback.guard(SETTINGS, service)
        desk = Desk(SETTINGS.database(service), rows if service == "assignment" else lambda _: [], guard)
        pool: Any = self.stage.connect(service)
        while True:
            if not waiting:
                self.world.sleep(0.3)
                continue
            if pool.closed:
                pool = self.stage.connect(service)
            hand = [waiting.popleft() for _ in range(min(len(waiting), 1 + int(self.world.chance.random() * 4)))]
            hand = [r for nth, r in enumerate(hand) if r not in hand[:nth]]
            self.promised.hand[me] = hand
            await clients.serve(self.stage, self.promised, desk, pool, hand)
            self.promised.hand.pop(me, None)

    def project(self) -> None:
        """services/runtime/project.py."""
        name, kinds, handler = CONSUMERS["appraisal"]
        receiver = Receiver(SETTINGS.database("appraisal"), Inbox(name, SPACE, kinds), handler)
        run(Feed(SETTINGS, "appraisal", receiver).run())

    def rebuild(self) -> None:
        """`rebuild`, whenever somebody asks for it or an alarm does."""
        while True:
            if alarmed := ahead(self.stage, "appraisal"):
                self.world.tell("ahead of recovered", alarmed)
            if self.wanted or alarmed:
                processes = 1 + int(self.world.chance.random() * 2)
                run(rebuild.rebuild(SETTINGS, "appraisal", PROJECTION, lambda *_: None, processes))
                self.world.tell("rebuilt")
                self.wanted = 0
            self.world.sleep(1.0)

    async def react(self) -> None:
        """services/runtime/react.py, without Faust."""
        self.stage.broker.wait()
        name, kinds, handler = CONSUMERS["assignment"]
        guard = readback.guard(SETTINGS, "assignment")
        receiver = Receiver(SETTINGS.database("assignment"), Inbox(name, SPACE, kinds), handler, guard)
        follower = Follower(self.stage.broker, "react")
        try:
            await _Reaction(self, receiver, follower).run()
        except Ahead:
            self.ahead.add("assignment")
            raise

    async def operate(self) -> None:
        """People: they let waiting facts in, look after parked messages, and recover a log."""
        while True:
            self.world.sleep(1.0)
            for service in sorted(self.ahead):
                if await recovering.recover(self.stage, self.promised, service):
                    self.ahead.discard(service)
            for service, (name, kinds, handler) in CONSUMERS.items():
                if self.stage.databases[service].held:
                    continue
                tables = self.stage.databases[service].tables
                open_ = [(key, row) for key, row in tables.parked.items() if key[0] == name and not row.accepted]
                if not open_:
                    continue
                connection: Any = self.stage.connect(service)
                if self.accepts and self.world.chance.random() < 0.3:
                    key, row = open_[int(self.world.chance.random() * len(open_))]
                    if not row.reason.startswith(("waiting", "behind")):
                        self.world.tell("accepts", key)
                        place = (key[1], key[2], row.offset)
                        parked.accept(postgres.Waiting(connection), name, place, "u-1", "seen")  # type: ignore[arg-type]
                        await connection.close()
                        continue
                replayed = await parked.replay(connection, SETTINGS, name, kinds, handler)
                self.world.tell("replayed" if replayed[0] else "still parked", service)
                await connection.close()


class _Reaction:
    """The agent and the timer of services/runtime/react.py."""

    def __init__(self, troupe: Troupe, receiver: Receiver, follower: Follower) -> None:
        self._world, self._receiver, self._follower = troupe.world, receiver, follower
        self._looked = 0.0
        follower.subscribe([SETTINGS.topic(topic.name) for topic in consumed_by("assignment")], self)

    async def on_partitions_revoked(self, _: Any) -> None:
        """Nothing to hand over."""

    async def on_partitions_assigned(self, _: Any) -> None:
        """seek_to_committed."""
        await self._seek()

    async def _seek(self) -> None:
        bookmarks = await self._receiver.start()
        ends = await self._follower.end_offsets(self._follower.assignment())
        for tp in sorted(self._follower.assignment()):
            place = bookmarks.get((SETTINGS.bare(tp.topic), tp.partition), 0)
            self._follower.seek(tp, place if place <= ends[tp] else 0)

    async def run(self) -> None:
        """Takes messages in until it is ended."""
        await self._follower.start()
        while True:
            polled = await self._follower.getmany(300, 500)
            messages = [
                Message(SETTINGS.bare(tp.topic), tp.partition, record.offset, record.value)
                for tp, records in polled.items()
                for record in records
            ]
            await self._take(messages)
            if self._world.now - self._looked >= 1.0:
                self._looked = self._world.now
                await self._look()

    async def _take(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        try:
            await self._receiver.take(messages)
        except Moved:
            self._world.tell("moved", "react")
            await self._seek()

    async def _look(self) -> None:
        for topic, partition in sorted(self._receiver.earlies.due(self._world.now)):
            self._world.tell("read again", (topic, partition))
            tp = TopicPartition(SETTINGS.topic(topic), partition)
            if tp in self._follower.assignment():
                self._follower.seek(tp, 0)
        assigned = {(SETTINGS.bare(tp.topic), tp.partition) for tp in self._follower.assignment()}
        if not await self._receiver.still_mine(assigned):
            await self._seek()
