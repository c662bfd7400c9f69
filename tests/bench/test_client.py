"""How load is made: so many at a time, or at a steady rate whatever becomes of it."""

import asyncio

import pytest

from tests.bench.client import closed, counted, opened


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
