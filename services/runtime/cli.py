"""The verbs that every service has, so far as they apply to it: `python -m services.<service> <verb> --help`.

Exit codes: 0 all is well; 1 not as it should be (behind, differs, still parked) or something failed; 2 wrong usage;
3 refuses to run, and says what to do.
"""

import argparse
import asyncio
import gc
import logging
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiokafka.errors
import psycopg
import uvloop
from kafka.errors import KafkaError

from services.runtime import cli_log, cli_parked, lag, migrate, parked, readback, rebuild, relay, seals
from services.runtime.inbox import Inbox
from services.runtime.rebuild import Projection
from services.runtime.receiver import Reaction, Receiver
from services.runtime.recover import Refill
from services.runtime.settings import Settings
from services.runtime.takeback import Unrecoverable
from services.runtime.telling import counting, say

Verb = Callable[[argparse.Namespace], int]


@dataclass(frozen=True)
class Service:
    """A service as its `__main__` wires it. What is None it does not have."""

    name: str
    folder: Path
    settings: Settings
    serve: Callable[[], None] | None = None
    has_log: bool = False
    beside: tuple[str, ...] = ()
    """Databases <space>_<name> beside its own, with migrations/<name>/."""
    consumer: Reaction | Projection | None = None
    directory: bool = False
    """Whether it gives or shows names (`directory.py`)."""
    verify: Callable[[Settings], list[str]] | None = None
    """Answers with every difference between the live tables and a plain refold, a sentence each."""
    refill: Refill | None = None
    """For a service with a log: brings the tables beside it behind events that come back after a restore."""


def parser(service: Service) -> tuple[argparse.ArgumentParser, Any]:
    """The argument parser of a service with the verbs that apply, and its list of verbs to add own ones to."""
    top = argparse.ArgumentParser(prog=f"python -m services.{service.name}", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="verb")

    def add(name: str, text: str, run: Verb, *, as_json: bool = False) -> argparse.ArgumentParser:
        verb: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
        verb.set_defaults(run=run)
        if as_json:
            verb.add_argument("--json", action="store_true", help="print JSON")
        return verb

    add("migrate", "bring the database to the schema the code needs", lambda _: _migrate(service))
    if service.serve:
        serve = service.serve
        add("api", "serve HTTP", lambda _: serve() or 0)
    if service.has_log:
        add("relay", "carry the log to Kafka", lambda _: relay.run(service.settings, service.name))
        assert service.refill, "a service with a log says what stands beside it"
        consumer = service.consumer.name if service.consumer else None
        cli_log.add(verbs, service.settings, service.name, service.refill, consumer)
    if isinstance(service.consumer, Reaction):
        add("react", "turn what is heard into own events", lambda _: _react(service))
    if isinstance(service.consumer, Projection):
        add("project", "turn what is heard into tables", lambda _: _project(service))
        verb = add("rebuild", "build the tables anew beside the live ones, and swap", lambda a: _rebuild(service, a))
        verb.add_argument("--processes", type=int, default=1, metavar="N", help="how many to divide partitions between")
    if service.directory:
        add("directory", "send the names it gives, take in those of others", lambda _: _directory(service))
    if service.verify:
        add("verify", "compare the tables with a plain refold", lambda a: _verify(service, a.json), as_json=True)
    add(
        "lag",
        "how much is still on its way; exit code 1 when anything is",
        lambda a: _lag(service, a.json),
        as_json=True,
    )
    if service.consumer:
        cli_parked.add(verbs, service.settings, service.name, service.consumer, has_log=service.has_log)
    return top, verbs


def main(top: argparse.ArgumentParser) -> int:
    """Runs the verb on the command line; answers with the exit code."""
    arguments = top.parse_args()
    # What was imported lives as long as the process, and events are trees without cycles: looking for garbage after
    # each 700 of them took 41 % of the time to decode and hold 56,400 (measured on 2 cores, Python 3.11).
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("kafka", "aiokafka"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        return int(arguments.run(arguments))
    except (readback.Ahead, rebuild.KindsGrew, migrate.Changed, Unrecoverable, seals.NoKey) as error:
        print(error, file=sys.stderr)
        return 3
    except FAILED as error:
        print(_sentence(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


FAILED = (
    *(parked.NotFound, psycopg.OperationalError, psycopg.errors.UndefinedTable, OSError),
    *(KafkaError, aiokafka.errors.KafkaError),
)


def _sentence(error: Exception) -> str:
    match error:
        case parked.NotFound():
            return str(error)
        case psycopg.errors.LockNotAvailable():
            return "a rebuild or a replay is under way: try again when it has ended"
        case psycopg.errors.UndefinedTable():
            return f"the database is not migrated, run `migrate` first: {error}"
        case _:
            return f"a server is away: {error}"


def _run(work: Coroutine[Any, Any, int]) -> int:
    return asyncio.run(work)


def _migrate(service: Service) -> int:
    some = {migrate.SESSION: service.serve is not None, migrate.DIRECTORY: service.directory}
    files = [*migrate.PLUMBING, *(file for file, wanted in some.items() if wanted)]
    files += migrate.service_files(service.folder)
    for name in migrate.migrate(service.settings.database(service.name, guarded=False), files):
        print(f"applied {name}")
    for database in service.beside:
        own = migrate.service_files(service.folder, database)
        for name in migrate.migrate(service.settings.database(database, guarded=False), own):
            print(f"applied {database}/{name}")
    return 0


def _receiver(service: Service, consumer: Reaction | Projection) -> Receiver:
    inbox = Inbox(consumer.name, service.settings.space, consumer.kinds)
    guard = readback.guard(service.settings, service.name) if isinstance(consumer, Reaction) else None
    return Receiver(service.settings.database(service.name), inbox, consumer.handler, guard)


def _react(service: Service) -> int:
    from services.runtime import react  # Faust takes a second to import, and only this verb needs it

    assert isinstance(service.consumer, Reaction)
    readback.refuse_if_ahead(service.settings, service.name)
    react.run(service.settings, service.name, _receiver(service, service.consumer))
    return 0


def _project(service: Service) -> int:
    from services.runtime import project

    projection = service.consumer
    assert isinstance(projection, Projection)
    rebuild.collect_seldom()
    receiver = _receiver(service, projection)

    async def work() -> int:
        await receiver.patiently(lambda connection: rebuild.check_kinds(connection, projection))
        await project.run(service.settings, service.name, receiver)
        return 0

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work())


def _directory(service: Service) -> int:
    from services.runtime import directory

    return _run(directory.run(service.settings, service.name))


def _rebuild(service: Service, arguments: argparse.Namespace) -> int:
    projection, progress = service.consumer, counting("read", "messages")
    assert isinstance(projection, Projection)
    rebuild.collect_seldom()
    work = rebuild.rebuild(service.settings, service.name, projection, progress, max(1, arguments.processes))
    count = _run(work)
    print(f"\nrebuilt from {count} messages and swapped")
    return 0


def _verify(service: Service, as_json: bool) -> int:
    assert service.verify
    differences = service.verify(service.settings)
    text = "\n".join(differences) or "live tables and plain refold are equal"
    say(as_json, {"equal": not differences, "differences": differences}, text)
    return 1 if differences else 0


def _lag(service: Service, as_json: bool) -> int:
    name = service.consumer.name if service.consumer else None
    found = lag.measure(service.settings, service.name, has_log=service.has_log, consumer=name)
    topics = ", ".join(f"{topic} {count}" for topic, count in found.topics.items())
    text = f"behind {found.behind}: log {found.log}, topics [{topics}], missing {found.missing}; parked {found.parked}"
    if found.ahead:
        text += f"; ahead-of-recovered {found.ahead}: `rebuild` a projection, for a reaction see `log ahead`"
    say(as_json, found.as_json(), text)
    return 1 if found.behind or found.ahead else 0
