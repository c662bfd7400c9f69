"""Connections to the database notice a server that is gone without a word (rule 12)."""

import contextlib
import socket
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from services.runtime.database import conninfo
from tests.servers import Addresses
from tests.world.proxy import Proxy


def test_rule_12_a_connection_asks_whether_its_server_is_still_there_within_half_a_minute(servers: Addresses) -> None:
    """What the kernel does when nothing is acknowledged any more cannot be played by a proxy, whose kernel does
    acknowledge: so this asks the socket.
    """
    folder = parse_qs(urlsplit(servers.postgres).query)["host"][0]
    proxy = Proxy(Path(folder) / ".s.PGSQL.5432")  # for the servers of tests listen on no port
    with (
        contextlib.closing(proxy),
        psycopg.connect(conninfo(f"postgresql://postgres@{proxy.address}", "postgres")) as connection,
        socket.socket(fileno=socket.dup(connection.fileno())) as its,
    ):
        assert its.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        tcp = [
            its.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        ]
    idle, interval, count, unacknowledged = tcp
    assert 0 < idle + interval * count <= 30
    assert 0 < unacknowledged <= 30_000
