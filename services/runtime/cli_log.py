"""The verb `log`: verify a log; after a restore recover it, and list what was applied beyond its end."""

import argparse
import asyncio
import sys
from dataclasses import asdict
from typing import Any

import psycopg

from services.runtime import ahead, recover, verify_log
from services.runtime.recover import Refill
from services.runtime.settings import Settings
from services.runtime.telling import counting, say


def add(verbs: Any, settings: Settings, service: str, refill: Refill, consumer: str | None) -> None:
    """Adds the verb `log` of a service to its verbs; `refill` and `consumer` are the service's."""
    parts = verbs.add_parser("log", help="the log itself: verify; after a restore: recover, ahead").add_subparsers(
        dest="log", required=True, metavar="verify|recover|ahead"
    )
    text = "compare every row with the seals over it; exit code 1 when anything differs"
    verb = parts.add_parser("verify", help=text, description=text)
    verb.add_argument("--json", action="store_true", help="print JSON")
    verb.add_argument(
        "--plain-to",
        type=int,
        default=0,
        metavar="POSITION",
        help="up to where seals may lack a signature, from releases that signed none; without it none may",
    )
    verb.set_defaults(run=lambda a: _verify(settings, service, a.plain_to, a.json))
    text = "after a restore of the database: take back what Kafka holds, and go on under the next incarnation"
    verb = parts.add_parser("recover", help=text, description=text)
    verb.add_argument("--look", action="store_true", help="say what it would do, and do nothing")
    verb.add_argument("--json", action="store_true", help="print JSON")
    verb.set_defaults(run=lambda a: _recover(settings, service, refill, a))
    if consumer:
        text = "list what was applied here of events that their log has lost; exit code 1 when anything was"
        verb = parts.add_parser("ahead", help=text, description=text)
        verb.add_argument("--json", action="store_true", help="print JSON")
        verb.set_defaults(run=lambda a: _ahead(settings, service, consumer, a.json))


def _recover(settings: Settings, service: str, refill: Refill, arguments: argparse.Namespace) -> int:
    said = [0]

    def progress(taken: int) -> None:
        if taken - said[0] >= 1_000:
            said[0] = taken
            print(f"\rtook back {taken} events", end="", file=sys.stderr, flush=True)

    work = recover.recover(settings, service, refill, progress, keep=not arguments.look)
    done = asyncio.run(work)
    lines = [
        f"{'would take' if arguments.look else 'took'} back {done.taken} events behind position {done.position};"
        f" the log goes on as /{settings.space}/{service}/{done.incarnation}",
        *(f"lost: positions {first} to {last}" for first, last in done.lost),
        *(
            f"torn: {cause} may be kept in part only: a command is refused its repeat, a reaction finishes"
            for cause in done.torn
        ),
    ]
    say(arguments.json, asdict(done), "\n".join(lines))
    return 0


def _ahead(settings: Settings, service: str, consumer: str, as_json: bool) -> int:
    async def work() -> list[ahead.Ahead]:
        info = settings.database(service)
        async with await psycopg.AsyncConnection.connect(info, autocommit=True) as connection:
            return await ahead.events(connection, settings, consumer)

    found = asyncio.run(work())
    lines = [
        f"{one.lane.source} {one.lane.topic}/{one.lane.partition} number {one.number}: event {one.id or 'not in Kafka'}"
        + "".join(f"\n  own event {id_}" for id_ in one.own)
        for one in found
    ]
    say(
        as_json,
        [asdict(one) | {"lane": one.lane._asdict()} for one in found],
        "\n".join(lines) or "nothing is ahead of its log",
    )
    return 1 if found else 0


def _verify(settings: Settings, service: str, plain_to: int, as_json: bool) -> int:
    found = verify_log.verify(settings, service, counting("read", "rows"), plain_to=plain_to)
    print(file=sys.stderr)
    if not found.seals:
        signed = "nothing is sealed yet"
    elif found.signed_from is None:
        signed = "none of them signed"
    else:
        signed = f"signed from position {found.signed_from} on"
    if found.plain:
        signed += f", {found.plain} passed by without a signature"
    summary = f"{found.positions} positions, {found.seals} seals, {signed}; {found.unsealed} positions not sealed yet"
    say(as_json, found.as_json(), "\n".join([*map(str, found.differences), summary]))
    return 1 if found.differences else 0
