"""What goes wrong, drawn from the seed. Each history has its own few kinds of it, and its own haste."""

from collections.abc import Callable, Sequence

from lianxin_schemas import codec
from lianxin_schemas.envelope import Source
from lianxin_schemas.events.petitions import Channel, PetitionRegistered
from lianxin_schemas.partition import partition_of

from tests.simulation import checks
from tests.simulation.clients import Act, Promised, draw
from tests.simulation.roles import Troupe
from tests.simulation.stage import CONTRACT, LOGS, SETTINGS, SPACE, Stage
from tests.simulation.world import NOON

TOLD = (
    "a batch failed",
    "away",
    "bad message",
    "hole",
    "hurry",
    "killed",
    "older broker",
    "paused",
    "rebuilt",
    "restored",
    "tail lost",
)
"""Faults by the names under which a history tells them."""
GARBAGE = (None, b"", b"\0", b"{", b"[]", b'{"specversion":"1.0"}')
UNGUARDED = ("tail", "older", "hole", "pause")
"""What the guard of rule 13 alone does not withstand together with a restore (README)."""


class Faults:
    """Everything that may happen to one history."""

    def __init__(
        self, stage: Stage, troupe: Troupe, promised: Promised, record: checks.Record, only: Sequence[str] = ()
    ) -> None:
        self.stage, self.troupe, self.promised, self.record = stage, troupe, promised, record
        self.world, self.chance = stage.world, stage.world.chance
        self.asked = 0.05 + self.chance.random() * 0.2
        kinds: dict[str, Callable[[], None]] = {
            "crash": self.crash,
            "pause": self.pause,
            "hurry": self.hurry,
            "tail": self.tail,
            "older": self.older,
            "hole": self.hole,
            "restore": self.restore,
            "bad": self.bad,
            "away": self.away,
            "rebuild": self.rebuild,
        }
        names = list(only) or self.chance.sample(sorted(kinds), 1 + int(self.chance.random() * 4))
        self.careful = self.chance.random() < 0.7
        if "restore" in names and not self.careful:
            names = [name for name in names if name not in UNGUARDED]
        self.kinds = {name: kinds[name] for name in names}
        promised.odd = "restore" not in names
        self.rate = 0.02 + self.chance.random() * 0.06
        stage.failing = self.chance.choice((0.0, 0.0, 0.05, 0.2))
        troupe.accepts = self.chance.random() < 0.5

    def strike(self) -> None:
        """Before each step: somebody asks for something, and perhaps something breaks."""
        if self.chance.random() < self.asked:
            self.ask()
        if self.chance.random() < 0.03:
            self.keep()
        if self.chance.random() < self.rate:
            self.kinds[self.chance.choice(sorted(self.kinds))]()

    def keep(self) -> None:
        """Backups are taken: now of a database, now of the broker."""
        name = self.chance.choice((*sorted(self.stage.databases), "broker"))
        if name == "broker":
            copies = self.stage.broker.copies
            copies.append({place: len(log) for place, log in self.stage.broker.partitions.items()})
            del copies[:-3]
        else:
            self.stage.databases[name].backup()

    def ask(self) -> None:
        """A request; now and then the same again, or another under the same id."""
        request = draw(self.stage, self.promised)
        self.promised.waiting[request.service].append(request)
        old = list(self.promised.answers.values())
        if old and self.chance.random() < 0.15:
            again = old[int(self.chance.random() * len(old))][1]
            if self.chance.random() < 0.2 and again.act is not Act.ZONE:
                again = type(again)(**{**vars(again), "variant": (again.variant + 1) % 2})
            self.promised.waiting[again.service].append(again)

    def crash(self) -> None:
        """A process is killed where it stands."""
        self.world.kill(self.chance.choice(self.world.processes))

    def pause(self) -> None:
        """A process stops, and wakes up as a zombie."""
        process = self.chance.choice(self.world.processes)
        self.world.tell("paused", process.name)
        self.world.pause(process, self.chance.choice((1.0, 6.0, 15.0)))
        # Whoever waits for it asks another time.
        for request in self.promised.hand.get(process, ()):
            self.promised.waiting[request.service].append(request)

    def hurry(self) -> None:
        """Time passes in which nobody gets on: leases and sessions run out."""
        self.world.tell("hurry")
        self.world.now += self.chance.choice((1.0, 6.0, 12.0))

    def _place(self) -> tuple[str, int] | None:
        found = [place for place, log in self.stage.broker.partitions.items() if log]
        return self.chance.choice(found) if found else None

    def tail(self) -> None:
        """The broker loses the last records of a partition: an unclean leader."""
        if place := self._place():
            end = len(self.stage.broker.partitions[place])
            self.world.tell("tail lost", place)
            self.stage.broker.cut(place, max(0, end - 1 - int(self.chance.random() * 5)))

    def older(self) -> None:
        """The broker is restored from an older copy."""
        broker = self.stage.broker
        copy = self.chance.choice(broker.copies) if broker.copies else dict.fromkeys(broker.partitions, 0)
        self.world.tell("older broker")
        for place, end in copy.items():
            broker.cut(place, end)
        broker.copies = [kept for kept in broker.copies if all(kept[place] <= copy[place] for place in copy)]

    def hole(self) -> None:
        """A record is lost in the middle that no relay has read back yet."""
        if place := self._place():
            end = len(self.stage.broker.partitions[place])
            if (first := self.stage.broker.seen.get(place, 0)) < end:
                self.world.tell("hole", place)
                self.stage.broker.lose(place, first + int(self.chance.random() * (end - first)))

    def restore(self) -> None:
        """A database is restored from a backup, or a standby that lagged takes over. Careful people let nobody in
        before `log recover`; others rely on the guard.
        """
        service = self.chance.choice((*LOGS, *LOGS, "appraisal"))
        database = self.stage.databases[service]
        nth = int(self.chance.random() * len(database.history))
        if self.chance.random() < 0.5:
            nth = -1
        self.world.tell("restored", service)
        self.record.restored(service, database.tables, database.history[nth])
        database.restore(nth % len(database.history))
        if self.careful and service in LOGS:
            database.held = True
            self.troupe.ahead.add(service)
        elif service in LOGS:  # a relay of before that still sends is what the guard does not withstand either
            for process in self.world.processes:
                if process.name.startswith(f"{service} relay"):
                    self.world.kill(process)

    def bad(self) -> None:
        """Somebody writes to a topic what does not belong there."""
        topic, partition = self.chance.choice(sorted(self.stage.broker.partitions))
        value = self.chance.choice((*GARBAGE, *self._strangers(SETTINGS.bare(topic), partition)))
        self.world.tell("bad message", (topic, partition))
        self.stage.broker.append(topic, partition, [value])

    def _strangers(self, topic: str, partition: int) -> list[bytes]:
        """Whole messages: of a service that may not write here, and of the right one in a wrong partition."""
        petition = self.chance.choice(self.promised.petitions or [checks.NOBODY])
        event = PetitionRegistered(petition=petition, channel=Channel.WEB, category="09")
        found = []
        other = 1 - partition_of(event.stream, 2)
        for space, service in ((SPACE, "notify"), ("elsewhere", "intake"), (SPACE, "intake")):
            if space == SPACE and service in CONTRACT[topic].producers and (topic != "petitions" or partition != other):
                continue
            found.append(
                codec.encode(
                    codec.Row(
                        id=checks.NOBODY,
                        source=Source(space, service, 1),
                        type=event.type(),
                        stream=event.stream,
                        version=1,
                        position=1,
                        number=1 + int(self.chance.random() * 9),
                        time=NOON,
                        recordedtime=NOON,
                        causation=checks.NOBODY,
                        authtype="user",
                        authid="c-0001",
                        data=codec.to_json(event),
                    )
                )
            )
        return found

    def away(self) -> None:
        """A database or the broker cannot be reached for a while."""
        until = self.world.now + self.chance.choice((0.5, 3.0, 12.0))
        name = self.chance.choice((*sorted(self.stage.databases), "broker"))
        self.world.tell("away", name)
        if name == "broker":
            self.stage.broker.away = until
        else:
            self.stage.databases[name].away = until
            if self.chance.random() < 0.5:
                self.stage.databases[name].restart()

    def rebuild(self) -> None:
        """A rebuild under load."""
        self.troupe.wanted += 1

    def stop(self) -> None:
        """Nothing goes wrong any more. Time goes on, and people with it."""
        self.world.calm = True
        self.stage.broker.away = 0.0
        for database in self.stage.databases.values():
            database.away = 0.0
