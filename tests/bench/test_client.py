"""How load is made: so many at a time, or at a steady rate whatever becomes of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.bench.client import Client, closed, counted, opened


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_counted_work_is_done_exactly_so_often() -> None:
    done, beside, most = 0, 0, 0

    async def work() -> None:
        nonlocal done, beside, most
        beside += 1
        most = max(most, beside)
        await asyncio.sleep(0)
        beside -= 1
        done += 1

    await counted(8, 100, work)
    assert (done, most) == (100, 8)


@pytest.mark.anyio
async def test_an_open_loop_does_not_wait_for_what_is_under_way() -> None:
    begun, all_begun = 0, asyncio.Event()

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 20:
            all_begun.set()
        await all_begun.wait()  # none ends before the last has begun

    latencies = await opened(1_000, 20, work)
    assert len(latencies) == 20
    # The first waited for all the others to become due: a stall counts for what it delays.
    assert max(latencies) >= 0.019


@pytest.mark.anyio
async def test_a_closed_loop_measures_every_piece_of_work() -> None:
    done = 0

    async def work() -> None:
        nonlocal done
        done += 1
        await asyncio.sleep(0)

    assert len(await closed(4, 0.05, work)) == done


@pytest.mark.anyio
async def test_what_fails_under_load_ends_the_run() -> None:
    async def work() -> None:
        raise ConnectionError

    with pytest.raises(ExceptionGroup):
        await counted(2, 10, work)


@contextlib.asynccontextmanager
async def _server(answers: int) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that closes each connection after so many answers, without saying so: its address, what it was sent."""
    seen: list[bytes] = []
    over: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        over.append(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError):  # the client may go first
            for _ in range(answers):
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
                seen.append(await reader.readexactly(length))
                writer.write(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
        await asyncio.gather(*filter(None, over))


@pytest.mark.anyio
@pytest.mark.parametrize("answers", [1, 2, 5])
async def test_a_connection_that_the_server_has_closed_is_replaced(answers: int) -> None:
    async with _server(answers) as (address, seen):
        client = Client(address)
        for nth in range(5):
            assert await client.post("/", str(nth)) == (201, b"{}")
        await client.close()
    assert seen == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.anyio
async def test_a_new_connection_that_is_closed_without_an_answer_fails() -> None:
    async with _server(0) as (address, _):
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await Client(address).post("/", "0")
