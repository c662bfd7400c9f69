"""What residents and cadres told is readable nowhere: not in any table, topic, receipt or log of a process (P1)."""

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from kafka import KafkaConsumer, TopicPartition
from lianxin_schemas.directory import DIRECTORY
from lianxin_schemas.topics import TOPICS
from psycopg import sql

from services.intake.settings import BESIDE
from tests.intake.asking import by_code, code, log_visit, receive
from tests.world.world import Api, World, until

PETITIONS = 12
NEEDS = {"needs": "left-behind-child;hardship-party-member", "one": "left-behind-child", "other": "empty-nest-elder"}
CADRE = {"name": "测试癸", "telephone": "13911110000", "mail": "gui@planted.test"}


def planted(number: int) -> dict[str, str]:
    """What the resident of one petition tells; no two tell the same."""
    return {
        "words": f"门前的路灯第{number}次坏了 lamp-{number}-planted",
        "name": f"测试居民{number:03d}",
        "telephone": f"1399999{number:04d}",
        "mail": f"resident{number}@planted.test",
    }


def spellings(text: str) -> Iterator[bytes]:
    """The text as anything might have written it, and its plain hashes: of a telephone number they give it away."""
    raw = text.encode()
    yield from (raw, text.encode("utf-16-le"), json.dumps(text)[1:-1].encode(), quote(text).encode())
    for made in (raw, hashlib.sha256(raw).digest(), hashlib.md5(raw).digest()):
        yield from (made, made.hex().encode(), base64.b64encode(made).rstrip(b"="))


def told(received: list[dict[str, str]]) -> list[bytes]:
    texts = [text for each in received for text in each.values()]
    return sorted({spelt for text in [*texts, *(t[:6] for t in texts if not t.isascii())] for spelt in spellings(text)})


class Everything:
    """All bytes that an installation holds, by where they are."""

    def __init__(self, world: World) -> None:
        self.places: dict[str, bytes] = {}
        for database in ("intake", "assignment", "appraisal", *BESIDE):
            self._dump(world, database)
        for name in [topic.name for topic in TOPICS] + [DIRECTORY.name]:
            self._read(world, name)
        for file in world.folder.glob("*.log"):
            self.places[f"log {file.name}"] = file.read_bytes()

    def _dump(self, world: World, database: str) -> None:
        """Every table as text and in PostgreSQL's binary form, in which texts and bytes stand as they are."""
        with psycopg.connect(world.settings.database(database), autocommit=True) as connection:
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (table,) in tables:
                for form in ("text", "binary"):
                    copy = sql.SQL("COPY {} TO STDOUT (FORMAT {})").format(sql.Identifier(table), sql.SQL(form))
                    with connection.cursor().copy(copy) as rows:
                        self.places[f"table {database}.{table} as {form}"] = b"".join(map(bytes, rows))

    def _read(self, world: World, name: str) -> None:
        topic = world.settings.topic(name)
        consumer = KafkaConsumer(bootstrap_servers=world.settings.kafka, group_id=None, enable_auto_commit=False)
        try:
            parts = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            ends = {part: end for part, end in consumer.end_offsets(parts).items() if end}
            consumer.assign(list(ends))
            found = b""
            for part in ends:
                consumer.seek(part, 0)
            while any(consumer.position(part) < end for part, end in ends.items()):
                for records in consumer.poll(timeout_ms=500).values():
                    for record in records:
                        headers = b"".join(value for _, value in record.headers)
                        found += (record.key or b"") + b"\n" + (record.value or b"") + headers
            self.places[f"topic {name}"] = found
        finally:
            consumer.close()

    def where(self, needles: list[bytes]) -> set[str]:
        """The places that hold any of these."""
        return {place for place, held in self.places.items() if any(needle in held for needle in needles)}


@pytest.fixture
def api(world: World) -> Api:
    """An installation in which petitions travel: intake with all its processes, assignment's reaction."""
    for service, role in (
        *(("intake", "relay"), ("intake", "project"), ("intake", "directory")),
        *(("assignment", "relay"), ("assignment", "react")),
    ):
        world.start(service, role)
    return world.api("intake")


def everything_told(api: Api) -> list[dict[str, Any]]:
    """Petitions at the counter, from the web and from a visit; answers with the receipts."""
    received = []
    for number in range(PETITIONS):
        about = ["c-7"] if number == 0 else []
        body = receive(told=planted(number), about=about)
        if number % 2:
            answer = api.call("POST", "/petitions/reception", body, who="s-1", role="office", office="county-office")
        else:
            answer = api.client.post("/petitions/web", json=body)
        assert answer.status_code == 201, answer.text
        received.append(answer.json())
    entry = log_visit(needs=["01.02.10"])
    assert api.call("POST", "/visits", entry, who="c-0001", role="cadre").status_code == 201
    body = {"command": str(uuid4()), "needs": [{"category": "01.02.10", **planted(PETITIONS)}]}
    raised = api.call("POST", f"/visits/{entry['visit']['visit']}/petitions", body, who="c-0001", role="cadre")
    return [*received, *raised.json()]


def test_P1_what_was_told_is_readable_nowhere(world: World, api: Api, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("cadre,name,telephone,mail\nc-1,{name},{telephone},{mail}\n".format(**CADRE), encoding="utf-8")
    world.verb("intake", "people", "load", str(people))
    people.write_text("household,needs\nh-1,{needs}\nh-2,{other}\n".format(**NEEDS), encoding="utf-8")
    world.verb("intake", "people", "load", str(people))
    people.unlink()
    care = {"command": str(uuid4()), "kind": "household", "person": "h-1", "datum": "care", "reason": "inspection"}
    read = api.call("POST", "/vault/reveal", care, who="i-1", role="organisation")
    assert read.json() == {"text": NEEDS["needs"]}
    received = everything_told(api)
    answers = [json.dumps(each) for each in received]
    reply = {"words": "已经派人去修 reply-planted"}
    staff = {"who": "s-1", "role": "office", "office": "county-office"}

    def may_reply() -> str:
        body = {"command": str(uuid4()), "petition": received[1]["petition"], "text": reply["words"]}
        kept = api.call("POST", "/vault/texts", body, **staff)
        answers.append(kept.text)
        return str(kept.json().get("ref", ""))

    ref = until(may_reply, "the case is the county office's")
    refused = api.call("POST", "/petitions/reception", receive(told=planted(1), category="99"), **staff)
    answers += [refused.text, *(api.client.post("/follow", json=code(each)).text for each in received)]

    needles = told([*map(planted, range(PETITIONS + 1)), reply])
    until(lambda: world.lag("intake")["behind"] == 0, "everything has reached Kafka")
    held = Everything(world)
    assert held.where(needles) == set()
    assert not any(needle in answer.encode() for needle in needles for answer in answers)
    contact = told([{key: CADRE[key] for key in ("telephone", "mail")}])
    assert held.where(contact) == set()
    assert held.where(told([NEEDS])) == set(), "why a household needs care lies sealed alone (R4)"
    assert {"topic vault", "table vault.text as text"} <= held.where([b"h-1"])

    # That the look sees: ids where they belong, and the one name that is to be shown.
    ids = held.where([received[1]["petition"].encode()])
    assert {"topic petitions", "topic cases", "table intake.events as text", "table assignment.events as binary"} <= ids
    assert held.where([ref.encode()]) == {"table vault.text as text", "table vault.text as binary"}
    named = held.where([CADRE["name"].encode()])
    assert {"topic directory", "table intake.directory_own as text"} <= named
    assert all("directory" in place for place in named)
    secrets = [secret for each in received for secret in spellings(each["secret"])]
    assert held.where(secrets) == set(), "a secret is kept nowhere either"

    erased = api.client.post("/follow/erasure", json=by_code(received[1]))
    assert erased.status_code == 201
    body = {"command": str(uuid4()), "kind": "resident", "datum": "said", "ref": ref, "reason": "handling"}
    assert api.call("POST", "/vault/reveal", body, **staff).json()["code"] == "vault.erased"
    assert Everything(world).where(needles) == set()
