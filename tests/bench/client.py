"""An HTTP client that costs next to nothing: the generator shares two cores with what it measures."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Refusal(Exception):
    """An answer that was not the one wanted."""


class Client:
    """Connections to one service, with one token. Each connection carries one request at a time."""

    def __init__(self, address: str, token: str = "") -> None:
        url = urlsplit(address)
        self._place = (url.hostname or "", url.port or 80)
        self._head = f"Host: {url.netloc}\r\nContent-Type: application/json\r\n"
        self._head += f"Authorization: Bearer {token}\r\n" if token else ""
        self._idle: list[Connection] = []

    async def post(self, path: str, body: str) -> tuple[int, bytes]:
        """Sends JSON; status and body of the answer."""
        data = body.encode()
        return await self._ask(f"POST {path} HTTP/1.1\r\n{self._head}Content-Length: {len(data)}\r\n\r\n", data)

    async def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of what is there."""
        return await self._ask(f"GET {path} HTTP/1.1\r\n{self._head}\r\n", b"")

    async def _ask(self, head: str, body: bytes) -> tuple[int, bytes]:
        """On a connection that lies idle, or a new one where the server has closed that: it does so after 5 s."""
        while self._idle:
            connection = self._idle.pop()
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                return await self._answer(connection, head.encode() + body)
        return await self._answer(await asyncio.open_connection(*self._place), head.encode() + body)

    async def _answer(self, connection: Connection, request: bytes) -> tuple[int, bytes]:
        reader, writer = connection
        try:
            writer.write(request)
            answered = await reader.readuntil(b"\r\n\r\n")
            length = int(answered.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            content = await reader.readexactly(length) if length else b""
        except BaseException:
            writer.close()
            raise
        self._idle.append(connection)
        return int(answered[9:12]), content

    async def close(self) -> None:
        """Ends all connections."""
        for _, writer in self._idle:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        self._idle.clear()


async def closed(count: int, seconds: float, work: Callable[[], Awaitable[None]]) -> list[float]:
    """Runs `count` clients side by side for a while, each sending when it was answered: seconds of each answer."""
    latencies: list[float] = []
    ends = time.perf_counter() + seconds

    async def client() -> None:
        while (start := time.perf_counter()) < ends:
            await work()
            latencies.append(time.perf_counter() - start)

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(client())
    return latencies


async def counted(clients: int, count: int, work: Callable[[], Awaitable[None]]) -> None:
    """As `closed`, for so many pieces of work instead of so long."""
    left = iter(range(count))

    async def client() -> None:
        for _ in left:
            await work()

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())


async def opened(rate: float, count: int, work: Callable[[], Awaitable[None]]) -> list[float]:
    """Starts `count` pieces of work at a steady rate, whatever has become of those before.

    Answers with the seconds of each from when it was due, not from when it was sent: a stall counts for all it delays.
    """
    latencies: list[float] = []
    began = time.perf_counter() + 0.1

    async def one(due: float) -> None:
        await work()
        latencies.append(time.perf_counter() - due)

    async with asyncio.TaskGroup() as group:
        for nth in range(count):
            due = began + nth / rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            group.create_task(one(due))
    return latencies
