"""The proxy does what it is told: a fault that it does not make would show nothing."""

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world.proxy import BACK, OUT, Proxy
from tests.world.world import until


class Echo(socketserver.BaseRequestHandler):
    """Sends back what it hears, and notes it."""

    heard: list[bytes]

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while data := self.request.recv(65536):
                self.heard.append(data)
                self.request.sendall(data)


@pytest.fixture(params=["port", "socket"])
def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Proxy]:
    Echo.heard = []
    path = tmp_path / "s"
    made = (
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo)
        if request.param == "port"
        else socketserver.ThreadingUnixStreamServer(str(path), Echo)
    )
    with made as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        proxy = Proxy(path if request.param == "socket" else server.socket.getsockname())
        yield proxy
        proxy.close()
        server.shutdown()


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with connected(proxy) as made:
        assert echoed(made, b"hello") == b"hello"
        yield made


def connected(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=20)


def echoed(client: socket.socket, data: bytes) -> bytes:
    client.sendall(data)
    found = b""
    while len(found) < len(data) and (more := client.recv(65536)):
        found += more
    return found


def drained(client: socket.socket) -> None:
    while client.recv(65536):
        pass


def silent(client: socket.socket) -> bool:
    client.settimeout(0.3)
    try:
        client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(20)
    return False


def test_it_passes_on(proxy: Proxy, client: socket.socket) -> None:
    data = bytes(range(256)) * 4000
    threading.Thread(target=client.sendall, args=[data], daemon=True).start()
    assert echoed(client, b"") == b""
    found = b""
    while len(found) < len(data):
        found += client.recv(65536)
    assert found == data
    assert proxy.passed == {OUT: len(data) + 5, BACK: len(data) + 5}


def test_an_end_is_passed_on(client: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""


def test_cut_connections_break_and_no_new_one_is_made_until_it_passes_on(proxy: Proxy, client: socket.socket) -> None:
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with pytest.raises(ConnectionResetError), connected(proxy) as other:
        other.recv(1)
    proxy.pass_on()
    with connected(proxy) as other:
        assert echoed(other, b"again") == b"again"


@pytest.mark.parametrize(("way", "heard"), [(OUT, [b"hello"]), (BACK, [b"hello", b"lost"])])
def test_a_hole_is_silent_one_way_and_gives_all_back(
    proxy: Proxy, client: socket.socket, way: str, heard: list[bytes]
) -> None:
    proxy.hole(way)
    client.sendall(b"lost")
    assert silent(client)
    assert Echo.heard == heard
    with connected(proxy) as other:
        other.sendall(b"new")
        assert silent(other)
        proxy.pass_on()
        assert other.recv(9) == b"new"
    assert client.recv(9) == b"lost"


def test_what_stands_in_a_hole_is_lost_with_its_connection(proxy: Proxy, client: socket.socket) -> None:
    proxy.hole(OUT)
    client.sendall(b"lost")
    assert silent(client)
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    proxy.pass_on()
    with connected(proxy) as other:
        assert echoed(other, b"again") == b"again"
    assert Echo.heard == [b"hello", b"again"]


def test_a_delay_keeps_the_order_and_lasts_both_ways(proxy: Proxy, client: socket.socket) -> None:
    proxy.slow(0.1, 0.05)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    began = time.monotonic()
    data = bytes(range(100))
    for at in data:
        client.sendall(bytes([at]))
    assert echoed(client, b"") == b""
    found = b""
    while len(found) < len(data):
        found += client.recv(65536)
    assert found == data
    assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize("way", [OUT, BACK])
def test_a_reset_comes_after_so_many_bytes_of_each_connection(proxy: Proxy, way: str) -> None:
    proxy.reset_after(100, way)
    for nth in range(1, 4):
        with connected(proxy) as client:
            assert echoed(client, b"x" * 60) == b"x" * 60
            client.sendall(b"y" * 60)
            with pytest.raises(ConnectionResetError):
                drained(client)
            assert proxy.resets == nth
    arrived = 3 * (40 if way == OUT else 60)
    until(lambda: b"".join(Echo.heard).count(b"y") == arrived, "what was sent before has arrived")
