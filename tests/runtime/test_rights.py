"""Restricted topics on a broker that knows who asks: their producers and consumers get in, nobody else (G1, P2)."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ACL, ACLOperation, ACLPermissionType, KafkaAdminClient, ResourcePattern, ResourceType
from kafka.errors import TopicAuthorizationFailedError
from lianxin_schemas.topics import BY_NAME, SERVICES
from pydantic import SecretStr

from deploy.local.kafka import Kafka
from deploy.local.server import Server
from deploy.local.servers import remove
from deploy.local.state import make_state, port_is_free
from services.runtime import broker, rights, topics
from services.runtime.settings import Settings
from tests.servers import FOLDER, Addresses
from tests.world.held import everything_holds
from tests.world.supervisor import Supervisor
from tests.world.traffic import Traffic
from tests.world.world import World, until

USERS = ("admin", "other", *(f"t.{service}" for service in SERVICES))
GUARDED = """\
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
super.users=User:admin;User:ANONYMOUS
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.clients.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
username="admin" password="admin" {users};
"""


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """A broker that lets in who signs in, and asks its authorizer. Its controller, apart, is trusted."""
    state = Path(tempfile.mkdtemp(prefix="private-", dir=os.environ[FOLDER]))
    make_state(state)
    kafka = Kafka(state)
    launch = kafka.prepare()
    file = launch.folder / "server.properties"
    users = " ".join(f'user_{name}="{name}"' for name in USERS)
    open_ = file.read_text()
    file.write_text(open_.replace("CLIENTS:PLAINTEXT", "CLIENTS:SASL_PLAINTEXT") + GUARDED.format(users=users))
    server = Server(replace(launch, ready=lambda: not port_is_free(kafka.listens["kafka"])))
    try:
        server.start()
        yield kafka.address
    finally:
        server.kill()
        remove(state)


def signed_in(address: str, name: str) -> Settings:
    """A process of the space `t` that signs in under a name."""
    return Settings(space="t", kafka=address, kafka_user=name, kafka_password=SecretStr(name), kafka_mechanism="PLAIN")


@pytest.fixture(scope="module")
def admin(guarded: str) -> Settings:
    """The operator, after `topics apply`."""
    made = signed_in(guarded, "admin")
    topics.apply(made)
    assert rights.restrict(made) == "only their producers and consumers may read t.leads, t.vault"
    assert rights.restrict(made) == "only their producers and consumers may read t.leads, t.vault"
    return made


def reads(settings: Settings, topic: str) -> list[bytes]:
    """All that a topic's first partition holds."""
    consumer = KafkaConsumer(**broker.options(settings), group_id=None, enable_auto_commit=False)
    try:
        part = TopicPartition(settings.topic(topic), 0)
        consumer.assign([part])
        consumer.seek(part, 0)
        found: list[bytes] = []
        while consumer.position(part) < consumer.end_offsets([part])[part]:
            found += [record.value for record in consumer.poll(timeout_ms=500).get(part, [])]
        return found
    finally:
        consumer.close()


def writes(settings: Settings, topic: str) -> None:
    producer = KafkaProducer(**broker.options(settings), acks="all", enable_idempotence=True)
    try:
        producer.send(settings.topic(topic), b"kept", partition=0).get(timeout=30)
    finally:
        producer.close(timeout=5)


def test_a_restricted_topic_is_written_by_its_producer_and_read_by_its_consumers_alone(
    admin: Settings, guarded: str
) -> None:
    for topic in ("leads", "vault", "visits"):
        writes(signed_in(guarded, "t.intake"), topic)
    for topic in ("leads", "vault"):
        allowed = {*BY_NAME[topic].producers, *BY_NAME[topic].consumers}
        for name in ("other", *(f"t.{service}" for service in SERVICES)):
            if name.removeprefix("t.") in allowed:
                assert reads(signed_in(guarded, name), topic) == [b"kept"]
            else:
                with pytest.raises(TopicAuthorizationFailedError):
                    reads(signed_in(guarded, name), topic)
        with pytest.raises(TopicAuthorizationFailedError):
            writes(signed_in(guarded, "t.assignment"), topic)
    assert reads(signed_in(guarded, "other"), "visits") == [b"kept"], "open to every subscriber"


def test_a_right_that_the_contract_does_not_name_is_said(admin: Settings) -> None:
    pattern = ResourcePattern(ResourceType.TOPIC, "t.leads")
    entry = ACL("User:other", "*", ACLOperation.READ, ACLPermissionType.ALLOW, pattern)
    given = ("t.leads", "User:other", ACLOperation.READ)
    client = KafkaAdminClient(**broker.options(admin))
    try:
        client.create_acls([entry])
        until(lambda: given in rights._present(client, admin), "the broker knows")
        with pytest.raises(rights.WrongRights, match=r"User:other read t\.leads"):
            rights.restrict(admin)
    finally:
        client.delete_acls([entry])
        until(lambda: given not in rights._present(client, admin), "the broker has forgotten")
        client.close()
    rights.restrict(admin)


def test_a_broker_without_an_authorizer_is_said_plainly(servers: Addresses, settings: Settings) -> None:
    assert rights.restrict(settings) == (
        "the broker has no authorizer: whoever reaches it can read the restricted topics"
        f" {settings.space}.leads, {settings.space}.vault"
    )


def test_apply_says_who_may_read(admin: Settings, guarded: str) -> None:
    environment = os.environ | {
        "LIANXIN_SPACE": "t",
        "LIANXIN_KAFKA": guarded,
        "LIANXIN_KAFKA_USER": "admin",
        "LIANXIN_KAFKA_PASSWORD": "admin",
        "LIANXIN_KAFKA_MECHANISM": "PLAIN",
    }
    command = [sys.executable, "-m", "services.runtime.topics", "apply"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "only their producers and consumers may read t.leads, t.vault" in done.stdout


def test_every_process_signs_in_and_the_whole_way_is_right(
    admin: Settings, servers: Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relays, reactions and projections, and whoever looks on: three libraries, one set of settings."""
    for name, value in {"USER": "admin", "PASSWORD": "admin", "MECHANISM": "PLAIN"}.items():
        monkeypatch.setenv(f"LIANXIN_KAFKA_{name}", value)
    world = World(admin.kafka, servers.postgres, tmp_path)
    try:
        traffic = Traffic(world.api("intake"))
        Supervisor(world).watch()
        everything_holds(world, traffic.some(20))
    finally:
        world.close()
