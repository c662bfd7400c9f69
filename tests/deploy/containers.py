"""Kafka and PostgreSQL in containers, for a machine with Docker: LIANXIN_TEST_SERVERS=containers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer

from deploy.local import kafka
from deploy.local.state import free_ports

KAFKA = {
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_INTER_BROKER_LISTENER_NAME": "CLIENTS",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "KAFKA_LISTENERS": "CLIENTS://:9092,CONTROLLER://:9093",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "8",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
    "KAFKA_LOG_RETENTION_MS": "-1",
}


@contextmanager
def containers() -> Iterator[tuple[str, str]]:
    """Both servers for as long as the context lasts: Kafka's address and PostgreSQL's URL without a database."""
    with PostgresContainer("postgres:18", driver=None) as postgres, broker() as address:
        url = postgres.get_connection_url()
        yield address, url.removesuffix(f"/{postgres.dbname}")


@contextmanager
def broker() -> Iterator[str]:
    """One Kafka node on a port of the host that is fixed beforehand, for the broker tells it to its clients."""
    [port] = free_ports(1, set())
    container = DockerContainer("apache/kafka:4.3.0").with_bind_ports(9092, port)
    for name, value in {**KAFKA, "KAFKA_ADVERTISED_LISTENERS": f"CLIENTS://127.0.0.1:{port}"}.items():
        container.with_env(name, value)
    with container:
        deadline = time.monotonic() + 120
        while not kafka.answers(address := f"127.0.0.1:{port}"):
            assert time.monotonic() < deadline, "the Kafka container did not come up within 120 s"
            time.sleep(0.5)
        yield address
