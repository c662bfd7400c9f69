"""What tests of assignment start from: a small register, petitions as intake publishes them, databases of their own."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4, uuid5

import psycopg
from lianxin_schemas import codec
from lianxin_schemas.envelope import Source
from lianxin_schemas.events.leads import ComplaintReceived
from lianxin_schemas.events.petitions import (
    Channel,
    PetitionRegistered,
    PetitionVerdictGiven,
    PetitionWithdrawalAsked,
    Solved,
)
from lianxin_schemas.partition import partition_of
from lianxin_schemas.topics import TOPIC_OF

from services.assignment.domain.rows import FILES, Row, headers
from services.assignment.settings import Settings
from services.assignment.store import tables
from services.runtime import log
from services.runtime.database import Connection, conninfo
from services.runtime.inbox import Message
from services.runtime.log import Author, Decision, Fact

NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
LAW = Settings().read_law()

SMALL: Mapping[str, list[str]] = {
    "regions.csv": [
        "990101,county,,示范县,Example County",
        "990101001000,township,990101,甲镇,",
        "990101001001,village,990101001000,一村,Village One",
    ],
    "offices.csv": [
        "county-office,party-government,990101,县信访局,County Office",
        "office-a,agriculture-science,990101001001,一村村委会,",
        "office-b,economic,990101001000,甲镇政府,",
    ],
    "cadres.csv": ["c1,office-a,village", "c2,office-a,township", "c3,office-b,county"],
    "terms.csv": ["c1,2020-01-01,2024-12-31", "c2,2020-01-01,", "c3,2021-06-01,"],
    "zones.csv": ["z1,village,990101001001", "z2,group,"],
    "groups.csv": ["g1,z1", "g2,z1", "g3,z2"],
    "leaders.csv": ["z1,c1,2020-01-01,2024-12-31", "z1,c2,2025-01-01,", "z2,c3,2021-06-01,"],
    "households.csv": ["h1,g1", "h2,g2", "h3,g3"],
    "pairings.csv": ["h1,c1,2022-01-01,2023-12-31", "h1,c3,2023-06-01,"],
}
"""Two zones, one with a change of leader; a household with two cadres for half a year."""


def changed(**files: list[str]) -> dict[str, list[str]]:
    """The small register with some of its files in other words: `terms=[…]` is terms.csv."""
    return {**SMALL, **{f"{name}.csv": lines for name, lines in files.items()}}


def write_files(folder: Path, files: Mapping[str, Iterable[str]] = SMALL) -> Path:
    """The files with their headers in a folder."""
    folder.mkdir(exist_ok=True)
    for name, lines in files.items():
        given = list(lines)
        (folder / name).write_text("\n".join([",".join(columns(name, given)), *given, ""]), encoding="utf-8")
    return folder


def columns(name: str, lines: Sequence[str]) -> list[str]:
    """The columns of a file: all of them if its first line is so long, otherwise without those that may be left out."""
    every, needed = headers(name)
    return every if lines and lines[0].count(",") + 1 == len(every) else needed


def rows_of(files: Mapping[str, Sequence[str]] = SMALL) -> dict[str, list[tuple[int, Row]]]:
    """Well-formed rows with their lines, without a file between."""
    return {
        name: [
            (line, FILES[name].model_validate(dict(zip(columns(name, files[name]), text.split(","), strict=True))))
            for line, text in enumerate(files[name], 2)
        ]
        for name in FILES
    }


def petition(id_: UUID | None = None, zone: str | None = "z1", **more: Any) -> PetitionRegistered:
    """A petition from a zone."""
    given = {"channel": Channel.VISIT, "category": "03.11", **more}
    return PetitionRegistered(petition=id_ or uuid4(), zone=zone, **given)


def verdict(of: PetitionRegistered, solved: Solved) -> PetitionVerdictGiven:
    """What the resident says of the reply."""
    return PetitionVerdictGiven(petition=of.petition, solved=solved)


def withdrawal(of: PetitionRegistered) -> PetitionWithdrawalAsked:
    """The resident asks for nothing any more."""
    return PetitionWithdrawalAsked(petition=of.petition)


def complaint(of: PetitionRegistered, *about: str) -> ComplaintReceived:
    """Whom the petition is about."""
    return ComplaintReceived(petition=of.petition, about=about)


Heard = PetitionRegistered | PetitionVerdictGiven | PetitionWithdrawalAsked | ComplaintReceived
Later = PetitionVerdictGiven | PetitionWithdrawalAsked


class Intake:
    """Makes messages as intake's relay sends them, numbered lane by lane; one of a space goes on where another was."""

    _spaces: ClassVar[dict[str, tuple[Counter[tuple[str, int]], Counter[tuple[str, int]]]]] = {}

    def __init__(self, space: str) -> None:
        self._space = space
        self._numbers, self._offsets = self._spaces.setdefault(space, (Counter(), Counter()))

    def message(self, event: Heard, time: datetime = NOW, id_: UUID | None = None) -> Message:
        """The next message of the petition's lane, on `petitions` or `leads`."""
        topic = TOPIC_OF[type(event)]
        partition = partition_of(event.stream, topic.partitions)
        self._numbers[topic.name, partition] += 1
        number = self._numbers[topic.name, partition]
        source = Source(self._space, "intake", 1)
        # One command registers a petition and says whom it is about; every later word of the resident is a new one.
        cause = uuid5(event.petition, f"command {number if isinstance(event, Later) else 'registers'}")
        id_ = id_ or uuid5(cause, event.name)
        row = codec.Row(id_, source, event.type(), event.stream, 1, number, number, time, time, cause, "user", "c1", "")
        row = codec.Row(**{**vars(row), "data": codec.to_json(event)})
        return self.again(Message(topic.name, partition, 0, codec.encode(row)))

    def again(self, message: Message) -> Message:
        """The same bytes at the next offset."""
        place = message.topic, message.partition
        self._offsets[place] += 1
        return Message(*place, self._offsets[place], message.value)

    def token(self, message: Message) -> str:
        """`after` of a receipt for the message's event."""
        number = codec.unwrap(message.value).lanenumber
        return f"{message.topic}.{message.partition}.1:{number}"


async def opened(info: str) -> Connection:
    """A connection as services open it."""
    return await psycopg.AsyncConnection.connect(info, autocommit=True)


def make_database(server: str, name: str, template: str | None = None) -> str:
    """An empty database, or a copy of another; answers with its connection string."""
    with psycopg.connect(conninfo(server, "postgres"), autocommit=True) as connection:
        like = psycopg.sql.SQL("TEMPLATE {}").format(psycopg.sql.Identifier(template or "template0"))
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {} {}").format(psycopg.sql.Identifier(name), like))
    return conninfo(server, name)


async def keep(connection: Connection, facts: Iterable[Fact]) -> None:
    """Writes facts to streams that are new, with their rows, each by a cause of its own."""
    versions: Counter[str] = Counter()
    for fact in facts:
        stream = fact.event.stream
        decision = Decision(uuid4(), Author("system", "test"), [fact], {stream: versions[stream]})
        versions[stream] += 1
        await log.write(connection, [decision], then=tables.rows(decision.entries))


def logged(info: str) -> list[tuple[object, ...]]:
    """The whole log, but for when it was recorded."""
    with psycopg.connect(info) as connection:
        return connection.execute(
            "SELECT position, stream, version, id, type, number, time, causation, data::text FROM events"
            " ORDER BY position"
        ).fetchall()
