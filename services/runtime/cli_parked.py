"""The verb `parked`: messages set aside are listed, replayed in order, or accepted as they are."""

import argparse
import asyncio
from typing import Any

import psycopg

from services.runtime import parked, readback
from services.runtime.rebuild import Projection
from services.runtime.receiver import Reaction
from services.runtime.settings import Settings
from services.runtime.telling import say


def add(verbs: Any, settings: Settings, service: str, consumer: Reaction | Projection, *, has_log: bool) -> None:
    """Adds the verb `parked` of a service's consumer to its verbs."""
    group = verbs.add_parser("parked", help="messages set aside: list, replay, accept").add_subparsers(
        dest="parked", required=True, metavar="list|replay|accept"
    )
    list_ = group.add_parser("list", help="what is parked, and why; exit code 1 when anything is")
    list_.set_defaults(run=lambda a: _list(settings, service, consumer, a.json))
    replay = group.add_parser("replay", help="apply what can be applied now, key by key, in order")
    replay.set_defaults(run=lambda a: _replay(settings, service, consumer, a.json, has_log=has_log))
    accept = group.add_parser("accept", help="let one message go by unapplied, for good")
    accept.add_argument("topic")
    accept.add_argument("partition", type=int)
    accept.add_argument("offset", type=int)
    accept.add_argument("--by", required=True, help="the opaque id of who decides so")
    accept.add_argument("--grounds", required=True, help="why, kept with the message")
    accept.set_defaults(run=lambda a: _accept(settings, service, consumer, a))
    for verb in (list_, replay):
        verb.add_argument("--json", action="store_true", help="print JSON")


def _list(settings: Settings, service: str, consumer: Reaction | Projection, as_json: bool) -> int:
    with psycopg.connect(settings.database(service), autocommit=True) as connection:
        found = parked.rows(connection, consumer.name)
    lines = ["{topic}/{partition} offset {at_offset} key {key}: {reason}".format(**row) for row in found]
    say(as_json, found, "\n".join(lines) or "nothing is parked")
    return 1 if found else 0


def _replay(settings: Settings, service: str, consumer: Reaction | Projection, as_json: bool, *, has_log: bool) -> int:
    if has_log:
        readback.refuse_if_ahead(settings, service)

    async def work() -> int:
        info = settings.database(service)
        async with await psycopg.AsyncConnection.connect(info, autocommit=True) as connection:
            applied, left = await parked.replay(connection, settings, consumer.name, consumer.kinds, consumer.handler)
        lines = ["still parked: {topic}/{partition} key {key}: {reason}".format(**row) for row in left]
        say(as_json, {"applied": applied, "left": left}, "\n".join([f"applied {applied}", *lines]))
        return 1 if left else 0

    return asyncio.run(work())


def _accept(settings: Settings, service: str, consumer: Reaction | Projection, arguments: argparse.Namespace) -> int:
    place = (arguments.topic, arguments.partition, arguments.offset)
    with psycopg.connect(settings.database(service), autocommit=True) as connection:
        parked.accept(connection, consumer.name, place, arguments.by, arguments.grounds)
    print("accepted {}/{} offset {}; run `parked replay` for what queued behind it".format(*place))
    return 0
