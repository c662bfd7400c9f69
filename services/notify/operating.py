"""What operations do at the command line: verify and refill tables, decide on what is held back."""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from lianxin_schemas.ids import OpaqueId, Time
from pydantic import TypeAdapter, ValidationError

from services.notify import verifying
from services.notify.settings import Settings
from services.notify.store import held, refilling
from services.runtime.database import Connection, Reconnecting

SERVICE = "notify"
T = TypeVar("T")


def verify(settings: Settings) -> list[str]:
    """Every difference between the tables and a plain refold of the log."""
    live, history = asyncio.run(_with(settings, refilling.snapshot))
    return verifying.differences(live, verifying.refold(history))


def rebuild(settings: Settings) -> int:
    """Refills the tables from the log, all or nothing."""
    print(f"rebuilt {asyncio.run(_with(settings, refilling.rebuild))} notices")
    return 0


async def refill(connection: Connection) -> None:
    """The tables behind what came back to the log after a restore. All that is not known to be sent is held: a human
    knows better what went out between backup and restore (protocol rule 13).
    """
    await refilling.rebuild(connection)
    await held.hold_all(connection, SERVICE, "restored")


async def _with(settings: Settings, work: Callable[[Connection], Awaitable[T]]) -> T:
    connection = Reconnecting(settings.database(SERVICE, guarded=False))
    try:
        return await work(await connection.get())
    finally:
        await connection.close()


def add_held(verbs: Any, settings: Settings) -> None:
    """Adds the verb `held` with its four parts."""
    text = "notices held back, such as after a restore: hold, list, release, drop"
    parts = verbs.add_parser("held", help=text, description=text).add_subparsers(
        dest="held", required=True, metavar="hold|list|release|drop"
    )

    def add(name: str, text: str, run: Callable[[psycopg.Connection[Any], argparse.Namespace], int]) -> Any:
        verb = parts.add_parser(name, help=text, description=text)
        verb.set_defaults(run=lambda arguments: _connected(settings, lambda connection: run(connection, arguments)))
        return verb

    add("list", "what is held back; exit code 1 when anything is", _list).add_argument("--json", action="store_true")
    deciding = [
        add("hold", "hold back notices whose cause was recorded from --since to --until", _hold),
        add("release", "let held notices go out", lambda connection, a: _decide(connection, a, "waiting")),
        add("drop", "let held notices never go out", lambda connection, a: _decide(connection, a, "dropped")),
    ]
    deciding[0].add_argument("--since", type=_moment, required=True, help="such as 2026-03-01T09:30:00+08:00")
    deciding[0].add_argument("--until", type=_moment, help="now if left out")
    for verb in deciding[1:]:
        chosen = verb.add_mutually_exclusive_group(required=True)
        chosen.add_argument("--all", action="store_true", help="all that are held")
        chosen.add_argument("--notice", type=UUID, action="append", help="one of them; may be repeated")
    for verb in deciding:
        verb.add_argument("--by", type=_id, required=True, help="the opaque id of who decides so")
        verb.add_argument("--grounds", required=True, help="why, kept with it")


def _connected(settings: Settings, work: Callable[[psycopg.Connection[Any]], int]) -> int:
    with psycopg.connect(settings.database(SERVICE), autocommit=True) as connection:
        return work(connection)


def _hold(connection: psycopg.Connection[Any], arguments: argparse.Namespace) -> int:
    try:
        count = held.hold(connection, arguments.since, arguments.until, arguments.by, arguments.grounds)
    except psycopg.errors.CheckViolation:
        print("--since lies after --until; nothing is held")
        return 2
    print(f"held back {count} that wait; what is raised of that time will be held too")
    return 0


def _list(connection: psycopg.Connection[Any], arguments: argparse.Namespace) -> int:
    found = held.held(connection)
    lines = ["{notice} {channel} {reason}, cause recorded {recorded}".format(**row) for row in found]
    print(json.dumps(found, default=str) if arguments.json else "\n".join(lines) or "nothing is held back")
    return 1 if found else 0


def _decide(connection: psycopg.Connection[Any], arguments: argparse.Namespace, state: str) -> int:
    chosen = None if arguments.all else arguments.notice
    count = held.decide(connection, state, chosen, arguments.by, arguments.grounds)
    print(f"{arguments.held}: {count}")
    return 0 if chosen is None or count == len(set(chosen)) else 1


def _parsed(kind: Any, text: str) -> Any:
    try:
        return TypeAdapter(kind).validate_python(text)
    except ValidationError as error:
        raise argparse.ArgumentTypeError(error.errors()[0]["msg"]) from error


def _moment(text: str) -> datetime:
    moment: datetime = _parsed(Time, text)
    return moment


def _id(text: str) -> str:
    return str(_parsed(OpaqueId, text))
