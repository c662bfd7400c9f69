"""A network that can be bad: a proxy between clients and one server, which fails as it is told to."""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

Target = tuple[str, int] | Path
"""Where the server is: host and port, or a socket's path."""
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
OUT, BACK = "out", "back"
"""The two ways: from clients to the server, and from the server to clients."""


class Proxy:
    """Listens on 127.0.0.1 and passes on to one server, in a thread of its own. It passes everything at first.

    What it is told holds for the connections there are and for those that come, until it is told otherwise.
    """

    def __init__(self, target: Target, port: int = 0) -> None:
        self._target = target
        self._seed = random.Random(1)
        self._connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._refuses, self._delay, self._most = False, (0.0, 0.0), {OUT: 0, BACK: 0}
        self.passed = {OUT: 0, BACK: 0}
        """Bytes that went each way."""
        self.resets = 0
        """Connections that were broken in the middle."""
        self._loop = asyncio.new_event_loop()
        self._ways = {OUT: asyncio.Event(), BACK: asyncio.Event()}
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server | None = None
        self._ask(self._listen(port))
        self.pass_on()

    @property
    def address(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self.port}"

    # -- what it does from now on

    def pass_on(self) -> None:
        """The network is whole again; what stood in a hole arrives, as TCP sends again what was not acknowledged."""
        self._ask(self._set(holes=(), refuses=False))

    def cut(self) -> None:
        """Every connection ends, and no new one is made."""
        self._ask(self._set(holes=(), refuses=True))

    def hole(self, *ways: str) -> None:
        """Nothing arrives any more that way, not even that a connection has ended; nobody is told."""
        self._ask(self._set(holes=ways, refuses=False))

    def slow(self, seconds: float, jitter: float) -> None:
        """Everything takes so much longer, each way, and up to `jitter` seconds more or less; order stays."""
        self._ask(self._set(holes=(), refuses=False, delay=(seconds, jitter)))

    def reset_after(self, most: int, way: str) -> None:
        """Each connection breaks (RST) after so many bytes one way, the last of them having arrived."""
        self._ask(self._set(holes=(), refuses=False, most={OUT: 0, BACK: 0, way: most}))

    def close(self) -> None:
        """Ends it, and all connections."""
        self.cut()
        self._ask(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # -- how

    def _ask(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _set(
        self,
        *,
        holes: tuple[str, ...],
        refuses: bool,
        delay: tuple[float, float] = (0.0, 0.0),
        most: dict[str, int] | None = None,
    ) -> None:
        self._refuses, self._delay, self._most = refuses, delay, most or {OUT: 0, BACK: 0}
        for way, event in self._ways.items():
            (event.clear if way in holes else event.set)()
        if refuses:
            for task in [*self._connections]:
                task.cancel()

    async def _listen(self, port: int) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        assert self._server
        self._server.close()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        ends = self._connections[task] = [writer]
        try:
            if self._refuses:
                return
            server = await self._reach()
            ends.append(server[1])
            out, back = self._pump(OUT, reader, server[1]), self._pump(BACK, server[0], writer)
            async with asyncio.TaskGroup() as both:
                both.create_task(out)
                both.create_task(back)
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            _reset(writer)  # a client is told at once; the server reads what has arrived
            for end in ends[1:]:
                end.close()
            del self._connections[task]

    async def _reach(self) -> Ends:
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection(*self._target)

    async def _pump(self, way: str, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Carries one way: each piece at its time, for as long as there is no hole."""
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(256)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._take(source, pieces))
            both.create_task(self._give(way, pieces, sink))

    async def _take(self, source: asyncio.StreamReader, pieces: "asyncio.Queue[tuple[float, bytes]]") -> None:
        while True:
            try:
                data = await source.read(65536)
            except OSError:  # broken at its other end: to those behind a hole that comes as late as all the rest
                data = b""
            seconds, jitter = self._delay
            await pieces.put((self._loop.time() + seconds + self._seed.uniform(-jitter, jitter), data))
            if not data:
                return

    async def _give(self, way: str, pieces: "asyncio.Queue[tuple[float, bytes]]", sink: asyncio.StreamWriter) -> None:
        carried = 0
        while True:
            due, data = await pieces.get()
            await asyncio.sleep(due - self._loop.time())
            await self._ways[way].wait()
            if self._refuses:  # cut while it stood in the hole: it is lost
                return
            most = self._most[way]
            sink.write(data[: max(0, most - carried)] if most else data)
            carried += len(data)
            self.passed[way] += len(data)
            await sink.drain()
            if most and carried >= most:
                self.resets += 1
                raise ConnectionResetError
            if not data:
                sink.write_eof()
                return


def _reset(writer: asyncio.StreamWriter) -> None:
    """Breaks a connection so that the other end is told that it was broken."""
    with contextlib.suppress(OSError):
        found = writer.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
