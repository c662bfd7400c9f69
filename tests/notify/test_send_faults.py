"""Faults while sending, by ending and stopping real processes (N3, P1)."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer

from services.notify import operating
from services.notify.settings import Settings
from services.runtime import topics
from tests.notify import given
from tests.notify.given import React
from tests.notify.posting import ADDRESS, TOKEN, Post, Vault, free_port, served, token_file
from tests.servers import Addresses
from tests.world.world import World, until


@pytest.fixture
def installation(servers: Addresses, tmp_path: Path) -> Iterator[World]:
    """notify alone, with its topics."""
    made = World(servers.kafka, servers.postgres, tmp_path, services=("notify",))
    yield made
    made.close()
    made.forget()


class Town:
    """An installation with a mail server and a vault that its senders are told of."""

    def __init__(self, world: World, post: Post, vault: str) -> None:
        self.world, self.post = world, post
        self.react = React(Settings(**world.settings.model_dump()))
        self.told = {
            "smtp_host": "127.0.0.1",
            "smtp_port": str(post.port),
            "smtp_tls": "none",
            "smtp_from": "noreply@county.example",
            "smtp_timeout": "0.5",
            "vault": vault,
            "vault_timeout": "2",
            "token_file": str(token_file(world.folder)),
            "notice_lease": "4",
            "notice_retries": json.dumps([0.01] * 3),
            "quiet_from": "00:00",
            "quiet_until": "00:00",
            "senders": "1",
        }

    def sender(self, **environment: str):
        """A process that sends."""
        return self.world.start("notify", "send", **{**self.told, **environment})

    def events(self, name: str) -> list[tuple]:
        """Payloads of events of a kind on the channel mail."""
        return self.world.query(
            "notify",
            "SELECT data FROM events WHERE type = %s AND data->>'channel' = 'mail' ORDER BY position",
            [f"lianxin.notice.{name}.v1"],
        )

    def holds(self, count: int) -> None:
        """Every notice has arrived, under one Message-ID each, and is marked as sent exactly once."""
        until(lambda: len(self.events("sent")) >= count, "every notice is marked as sent")
        ids = {f"<{notice}@county.example>" for (notice,) in self.world.query("notify", "SELECT notice FROM notice")}
        assert set(self.post.ids()) == ids
        assert len({row[0]["notice"] for row in self.events("sent")}) == len(self.events("sent")) == count
        assert operating.verify(Settings(**self.world.settings.model_dump())) == []


@pytest.fixture
def town(installation: World) -> Iterator[Town]:
    post, port = Post().open(), free_port()
    with served(Vault().application(), port) as vault:
        yield Town(installation, post, vault)
    installation.close()
    post.close()


@pytest.mark.parametrize(
    ("place", "twice"),
    [
        ("send.after-claim=kill@2", 0),
        ("send.before-mark=kill@2", 1),
        ("write.middle=kill@2", 1),
        ("write.before-commit=kill@2", 1),
        ("write.after-commit=kill@2", 0),
    ],
)
def test_B16_a_sender_killed_anywhere_loses_nothing_and_marks_once(town, place, twice):
    town.react.hear(*(given.registered() for _ in range(4)))
    process = town.sender(failpoint=place, member="one")
    town.world.ended(process, -signal.SIGKILL)
    town.sender(member="one")
    town.holds(4)
    assert len(town.post.mails) == 4 + twice, "a mail leaves twice only when it was not known to have left"


def test_B16_another_sender_takes_over_when_the_lease_of_a_killed_one_ends(town):
    town.react.hear(*(given.registered() for _ in range(3)))
    process = town.sender(failpoint="send.before-mark=kill@2")
    town.world.ended(process, -signal.SIGKILL)
    town.sender()
    town.sender()
    town.holds(3)
    assert len(town.post.mails) == 4


def test_B16_a_sender_stopped_past_its_lease_marks_nothing_that_another_has_sent(town):
    town.react.hear(*(given.registered() for _ in range(3)))
    stopped = town.sender(failpoint="send.before-mark=stop@2")
    until(lambda: len(town.post.mails) == 2, "the second mail has left, unmarked")
    town.sender()
    until(lambda: len(town.events("sent")) == 3, "the other one took over")
    stopped.send_signal(signal.SIGCONT)
    until(lambda: "has marked this try" in town.world.output("notify", "send"), "the woken one finds itself overtaken")
    town.holds(3)


def test_a_sender_told_to_stop_brings_its_try_to_an_end(town):
    town.react.hear(given.registered())
    process = town.sender()
    town.post.then = process.terminate
    town.world.ended(process, 0)
    town.holds(1)
    assert len(town.post.mails) == 1


def test_a_sender_without_a_mail_server_lets_mail_wait(town):
    town.react.hear(given.registered())
    process = town.sender(smtp_host="")
    until(lambda: "mail waits in the outbox" in town.world.output("notify", "send"), "it says so")
    process.terminate()
    town.world.ended(process, 0)
    assert town.react.outbox() == [("petition-registered", "mail", "waiting", 0)]


def test_P1_the_whole_way_and_no_address_stays_anywhere(town):
    """Causes come by Kafka, notices go out by mail and to Kafka; one address is refused with words that repeat it."""
    world = town.world
    topics.apply(world.settings)
    petition, other = given.registered(), given.registered("p-0002")
    planted = {**ADDRESS, "p-0002": "planted-refused@mail.example"}
    vault = Vault(addresses=planted)

    async def refuse(_server, _session, envelope, address, _options):
        if address == planted["p-0002"]:
            return f"550 5.1.1 <{address}> unknown"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    town.post.handle_RCPT = refuse
    producer = KafkaProducer(bootstrap_servers=world.settings.kafka)
    for event in (petition, *given.whole_case(petition.petition), other):
        message = town.react.world.say(event)
        producer.send(world.settings.topic(message.topic), message.value, partition=message.partition).get(30)
    producer.close()
    with served(vault.application(), free_port()) as address:
        for role in ("react", "relay"):
            world.start("notify", role, member=role)
        town.sender(vault=address, smtp_user="")
        until(lambda: len(town.events("sent")) == 4 and len(town.events("given_up")) == 1, "all came to their ends")
        until(lambda: world.lag("notify")["behind"] == 0, "all is in Kafka", every=0.3)
        assert len(vault.asked) == 5
    assert {to for to, _ in town.post.mails} == {ADDRESS["p-0001"], ADDRESS["c-0001"]}
    [refused] = [value["data"] for _, value in world.topic("notices") if value["type"].endswith("given_up.v1")]
    assert refused["problem"] == "refused"
    assert len(world.topic("notices")) == 5 + 1 + 4 + 1
    secrets = [*planted.values(), TOKEN, "您的诉求"]
    tables = world.query("notify", "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    kept = [repr(world.query("notify", f'SELECT t::text FROM "{table}" t')) for (table,) in tables]
    published = [value.decode() for topic in ("notices", "seals") for _, value in world.raw(topic)]
    said = [file.read_text() for file in world.folder.glob("*.log")]
    assert len(kept) > 10
    assert all(said)
    assert [secret for secret in secrets for text in (*kept, *published, *said) if secret in text] == []
