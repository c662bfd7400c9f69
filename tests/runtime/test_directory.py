"""Names on a real broker and database: given, read, changed, erased; read again, out of order, and bad ones (P1)."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, KafkaAdminClient
from lianxin_schemas.directory import DIRECTORY, Entry, Kind

from services.runtime import directory, migrate, topics
from services.runtime.database import Statement, conninfo
from services.runtime.directory import Names, Process, erase, put
from services.runtime.settings import Settings
from services.runtime.topics import WrongTopics
from tests.servers import Addresses
from tests.world.world import until

A, B = Names("甲办", "Office A"), Names("乙办", None)
OFFICES = {"a": A, "b": B}


class Ending(Process):
    """A process that ends where it is at rest: cut short inside aiokafka it would leave a connection open."""

    done = False

    async def take(self, records: Sequence[Any], *, caught_up: bool) -> None:
        if self.done:
            raise asyncio.CancelledError
        await super().take(records, caught_up=caught_up)


class Space:
    """A space with the topic alone, and databases that hold names alone: assignment's and appraisal's."""

    services = ("assignment", "appraisal")

    def __init__(self, servers: Addresses) -> None:
        self.settings = Settings(space=f"t{uuid4().hex[:12]}", kafka=servers.kafka, postgres=servers.postgres)
        self.topic = self.settings.topic("directory")
        for service in self.services:
            with psycopg.connect(conninfo(servers.postgres, "postgres"), autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{self.settings.space}_{service}"')
            migrate.migrate(self.settings.database(service), [migrate.DIRECTORY])
        admin = KafkaAdminClient(bootstrap_servers=servers.kafka)
        topics._create(admin, {self.topic: DIRECTORY}, 1)
        admin.close()

    def rows(self, service: str, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.settings.database(service)) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def own(self, statements: list[Statement], service: str = "assignment") -> None:
        with psycopg.connect(self.settings.database(service)) as connection:
            for sql, parameters in statements:
                connection.execute(sql, parameters)

    def read(self, service: str = "appraisal") -> dict[str, Names]:
        return {key: Names(zh, en) for key, zh, en in self.rows(service, "SELECT key, zh, en FROM directory")}

    def send(self, *messages: tuple[str, bytes | None], source: str = "assignment") -> None:
        producer = KafkaProducer(bootstrap_servers=self.settings.kafka, acks="all")
        headers = [(directory.SOURCE, source.encode())]
        for key, value in messages:
            producer.send(self.topic, key=key.encode(), value=value, headers=headers, partition=0).get(timeout=30)
        producer.close(timeout=5)

    def messages(self) -> list[tuple[str, bytes | None]]:
        consumer = KafkaConsumer(bootstrap_servers=self.settings.kafka, group_id=None, enable_auto_commit=False)
        tp = TopicPartition(self.topic, 0)
        consumer.assign([tp])
        consumer.seek(tp, 0)
        found: list[tuple[str, bytes | None]] = []
        while consumer.position(tp) < consumer.end_offsets([tp])[tp]:
            for records in consumer.poll(timeout_ms=500).values():
                found += [(record.key.decode(), record.value) for record in records]
        consumer.close()
        return found

    def run(self, condition: Callable[[], Any], what: str, services: tuple[str, ...] = services) -> Counter[str]:
        """Runs the processes of services from their start until a condition holds; answers with their bad messages."""
        processes = [Ending(self.settings, service) for service in services]

        async def work() -> None:
            tasks = [asyncio.create_task(process.run()) for process in processes]
            holds = asyncio.create_task(asyncio.to_thread(until, condition, what))
            await asyncio.wait([holds, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for process in processes:
                process.done = True
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(one) for one in ended] == [asyncio.CancelledError] * len(tasks)
            await holds

        asyncio.run(work())
        return sum((process.bad for process in processes), Counter())

    def unpublished(self) -> int:
        [(count,)] = self.rows("assignment", "SELECT count(*) FROM directory_own WHERE published_version < version")
        return int(count)


@pytest.fixture
def space(servers: Addresses) -> Space:
    return Space(servers)


def entry(version: int, zh: str, id_: str = "a") -> tuple[str, bytes]:
    made = Entry(kind=Kind.OFFICE, id=id_, version=version, zh=zh)
    return made.key, made.model_dump_json().encode()


def test_a_name_given_changed_and_erased_is_so_everywhere(space: Space) -> None:
    space.own(put(Kind.OFFICE, OFFICES))
    given = {"office-a": A, "office-b": B}
    space.run(lambda: space.read() == given and space.read("assignment") == given, "given, and read by the giver too")

    space.own(put(Kind.OFFICE, OFFICES | {"b": Names("丙办", None)}))
    versions = space.rows("assignment", "SELECT id, version FROM directory_own ORDER BY id")
    assert versions == [("a", 1), ("b", 2)], "only what changed"
    space.run(lambda: space.read().get("office-b") == Names("丙办", None), "renamed")

    space.own(erase(Kind.OFFICE, ["a"]))
    space.run(lambda: space.read() == {"office-b": Names("丙办", None)}, "erased")
    assert ("office-a", None) in space.messages(), "a tombstone"
    assert space.rows("assignment", "SELECT zh, en, version FROM directory_own WHERE id = 'a'") == [(None, None, 2)]

    space.own([*erase(Kind.OFFICE, ["a"]), *put(Kind.OFFICE, {"a": A})])
    space.run(lambda: space.read().get("office-a") == A, "named again")
    assert space.rows("assignment", "SELECT version FROM directory_own WHERE id = 'a'") == [(3,)]


def test_a_process_that_runs_sends_a_change_once_and_reads_it(space: Space) -> None:
    space.own(put(Kind.OFFICE, {"a": A}))
    later = iter([lambda: space.own(put(Kind.OFFICE, {"a": Names("改名", None)}))])

    def renamed() -> bool:
        if space.read() == {"office-a": A}:
            for change in later:
                change()
        return space.read() == {"office-a": Names("改名", None)}

    space.run(renamed, "renamed while they run")
    assert [key for key, _ in space.messages()] == ["office-a", "office-a"]


def test_who_asks_gets_the_names_of_one_kind(space: Space) -> None:
    space.own([*put(Kind.OFFICE, {"1": A}), *put(Kind.REGION, {"1": B})])
    space.run(lambda: len(space.read()) == 2, "read")

    async def ask() -> dict[str, Names]:
        async with await psycopg.AsyncConnection.connect(space.settings.database("appraisal")) as connection:
            return await directory.names(connection, Kind.OFFICE, ["1", "2"])

    assert asyncio.run(ask()) == {"1": A}


def test_reading_again_from_the_start_changes_nothing_and_everything_is_sent_anew(space: Space) -> None:
    space.own(put(Kind.OFFICE, OFFICES))
    space.run(lambda: len(space.read()) == 2, "read")
    sent, before = space.messages(), space.read()
    space.run(lambda: len(space.messages()) == 2 * len(sent) and not space.unpublished(), "sent anew")
    assert space.messages() == sent * 2
    assert space.read() == before


def test_an_older_version_that_comes_later_is_passed_by(space: Space) -> None:
    space.send(entry(2, "新名"), entry(1, "旧名"), entry(1, "乙", "b"))
    space.run(lambda: len(space.read()) == 2, "read in one go")
    assert space.read()["office-a"].zh == "新名"

    def told() -> bool:
        if not told_already:
            space.send(entry(1, "旧名"), entry(9, "末", "z"))
            told_already.append(True)
        return "office-z" in space.read()

    told_already: list[bool] = []
    space.run(told, "read one after another", ("appraisal",))
    assert space.read()["office-a"].zh == "新名"


def test_p1_a_name_whose_tombstone_kafka_has_removed_meanwhile_is_gone_after_a_restart(space: Space) -> None:
    space.send(entry(1, "甲"))
    with psycopg.connect(space.settings.database("appraisal")) as connection:
        connection.execute("INSERT INTO directory VALUES ('office-gone', 5, '旧', NULL)")
    space.run(lambda: "office-a" in space.read(), "read", ("appraisal",))
    assert space.read() == {"office-a": Names("甲", None)}


def test_bad_messages_are_counted_and_stop_nothing(space: Space) -> None:
    space.send(entry(1, "甲"))
    space.send(entry(2, "冒名"), ("office-a", None), source="intake")
    space.send(
        ("office-a", b"\xff"),
        ("office-b", entry(1, "甲")[1]),
        ("palace-a", b"{}"),
        ("office", b"{}"),
        entry(1, "末", "z"),
    )
    bad = space.run(lambda: "office-z" in space.read(), "read past them", ("appraisal",))
    assert bad == {"wrong-source": 2, "unreadable": 3, "wrong-key": 1}
    assert space.read() == {"office-a": Names("甲", None), "office-z": Names("末", None)}
    space.run(lambda: "office-z" in space.read(), "read again", ("appraisal",))
    assert space.read() == {"office-a": Names("甲", None), "office-z": Names("末", None)}


def test_a_service_sends_its_own_kinds_alone(space: Space) -> None:
    space.own([*put(Kind.CADRE, {"c1": Names("某某", None)}), *put(Kind.OFFICE, {"a": A})])
    space.run(lambda: "office-a" in space.read(), "read")
    assert {key for key, _ in space.messages()} == {"office-a"}


def test_of_two_processes_of_a_service_one_sends(space: Space) -> None:
    space.own(put(Kind.OFFICE, OFFICES))
    space.run(lambda: len(space.read("assignment")) == 2, "read", ("assignment", "assignment"))
    assert sorted(key for key, _ in space.messages()) == ["office-a", "office-b"]


@pytest.mark.parametrize(
    "row",
    [
        ("office", "a", "", None),
        ("office", "a", " 甲", None),
        ("office", "a", "甲" * 61, None),
        ("office", "A b", "甲", None),
        ("palace", "a", "甲", None),
    ],
)
def test_a_name_that_the_contract_does_not_take_is_not_kept(space: Space, row: tuple[Any, ...]) -> None:
    with (
        psycopg.connect(space.settings.database("assignment")) as connection,
        pytest.raises(psycopg.errors.CheckViolation),
    ):
        connection.execute("INSERT INTO directory_own (kind, id, zh, en) VALUES (%s, %s, %s, %s)", row)


def test_p1_the_topic_is_compacted_within_the_time_that_the_contract_promises(space: Space) -> None:
    admin = KafkaAdminClient(bootstrap_servers=space.settings.kafka)
    found = admin.describe_configs([ConfigResource("TOPIC", space.topic)])["topic"][space.topic]
    admin.close()
    assert found["cleanup.policy"]["value"] == "compact"
    within = int(found["segment.ms"]["value"]) + directory.RESEND * 1000
    assert within < DIRECTORY.erased_within_ms
    assert int(found["max.compaction.lag.ms"]["value"]) < DIRECTORY.erased_within_ms


def test_a_topic_that_is_not_compacted_is_refused_by_name(servers: Addresses) -> None:
    settings = Settings(space=f"t{uuid4().hex[:12]}", kafka=servers.kafka, postgres=servers.postgres)
    admin = KafkaAdminClient(bootstrap_servers=servers.kafka)
    admin.create_topics({settings.topic("directory"): {"num_partitions": 1, "replication_factor": 1}})
    admin.wait_for_topics([settings.topic("directory")])
    admin.close()
    with pytest.raises(WrongTopics, match=rf"{settings.space}.directory is not compacted"):
        topics.check(settings, [DIRECTORY])
