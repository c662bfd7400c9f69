"""The servers that tests run on: shared or private, they answer, survive restarts, and never outlive the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from deploy.local.servers import Servers
from deploy.local.state import MARK, PROJECT
from deploy.local.sweep import marked
from tests.servers import FOLDER, Addresses

pytestmark = pytest.mark.xdist_group("stack")

SLEEPER = """
import os, pathlib, time
def test_sleep({servers}):
    pathlib.Path("ready").write_text(os.environ["LIANXIN_TEST_FOLDER"])
    time.sleep(60)
"""

# A shell starts what runs in the background deaf to SIGINT, and every process inherits that; this one hears it again.
HEEDING = """
import pytest, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main(sys.argv[1:]))
"""


def test_the_shared_servers_answer(servers: Addresses) -> None:
    with psycopg.connect(servers.postgres, dbname="postgres") as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    admin = KafkaAdminClient(bootstrap_servers=servers.kafka)
    assert len(admin.describe_cluster()["brokers"]) == 1
    admin.close()


def test_private_servers_keep_what_was_written_over_a_crash(private_servers: Servers) -> None:
    admin = KafkaAdminClient(bootstrap_servers=private_servers.kafka_address)
    admin.create_topics({"facts": {"num_partitions": 1, "replication_factor": 1}})
    admin.close()
    producer = KafkaProducer(bootstrap_servers=private_servers.kafka_address, acks="all")
    producer.send("facts", b"kept").get(timeout=20)
    producer.close()
    with psycopg.connect(private_servers.postgres_url, dbname="postgres", autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")

    private_servers.kill()
    private_servers.start()

    with psycopg.connect(private_servers.postgres_url, dbname="postgres") as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    consumer = KafkaConsumer(bootstrap_servers=private_servers.kafka_address)
    partition = TopicPartition("facts", 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    records = consumer.poll(timeout_ms=20_000)
    consumer.close()
    assert [record.value for record in records[partition]] == [b"kept"]


def test_postgresql_starts_at_once_after_a_crash_in_the_middle_of_work(private_servers: Servers) -> None:
    """The process of a connection that is at work does not notice that the server has ended, and keeps its memory."""
    busy = psycopg.connect(private_servers.postgres_url, dbname="postgres")
    busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 10000000000)")
    with psycopg.connect(private_servers.postgres_url, dbname="postgres", autocommit=True) as connection:
        at_work = "SELECT FROM pg_stat_activity WHERE pid = %s AND state = 'active'"
        while connection.execute(at_work, [busy.info.backend_pid]).fetchone() is None:
            pass
    private_servers.postgres.kill()
    private_servers.postgres.start()
    busy.close()
    with psycopg.connect(private_servers.postgres_url, dbname="postgres") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(("fixture", "end"), [("private_servers", signal.SIGINT), ("servers", signal.SIGKILL)])
def test_no_server_outlives_an_interrupted_run(fixture: str, end: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "test_sleep.py").write_text(SLEEPER.format(servers=fixture))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-c", HEEDING, "-c", "pytest.ini", "-p", "tests.servers", "-n", "1", "test_sleep.py"]
    servers = ("LIANXIN_KAFKA", "LIANXIN_POSTGRES", "LIANXIN_TEST_SERVERS")
    own = (FOLDER, MARK, *servers, "PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS")
    environment = {name: value for name, value in os.environ.items() if name not in own}
    environment["PYTHONPATH"] = os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE) as run:
        try:
            _wait_for((tmp_path / "ready").exists, "the inner run did not start its servers", seconds=60)
            folder = Path((tmp_path / "ready").read_text())
            assert {"java", "postgres"} <= {process.name() for process in marked(folder)}
            run.send_signal(end)
            run.communicate(timeout=60)
        finally:
            run.kill()  # whatever failed, the run ends here and not inside another test
    _wait_for(lambda: not marked(folder), "a process outlived its run")
    _wait_for(lambda: not folder.exists(), "data outlived their run")


def _wait_for(condition: Callable[[], bool], message: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.1)
