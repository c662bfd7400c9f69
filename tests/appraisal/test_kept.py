"""What takes long to count is counted once for everybody (A10)."""

import asyncio
import math

import pytest

from services.appraisal.queries import kept
from services.appraisal.queries.kept import Kept
from services.refused import Refused

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Counting:
    """A count that goes on when it is let, and says which one it is: the first, the second."""

    def __init__(self, *, at_once: bool = True) -> None:
        self.let = asyncio.Event()
        if at_once:
            self.let.set()
        self.begun: list[str] = []
        self.fails = False

    async def __call__(self, key: str) -> int:
        self.begun.append(key)
        nth = len(self.begun)
        await self.let.wait()
        if self.fails:
            raise OSError(key)
        return nth


async def test_A10_what_is_counted_quickly_is_counted_anew_each_time() -> None:
    counting = Counting()
    counts = Kept(counting, asyncio.Lock())
    assert [await counts.get("q"), await counts.get("q")] == [1, 2]


async def test_A10_what_took_long_is_kept_by_what_it_is_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LONG", 0.0)
    monkeypatch.setattr(kept, "FOR", math.inf)
    counting = Counting()
    counts = Kept(counting, asyncio.Lock())
    assert [await counts.get("q"), await counts.get("q"), await counts.get("p"), await counts.get("q")] == [1, 1, 2, 1]


async def test_A10_the_old_count_is_shown_while_it_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LONG", 0.0)
    monkeypatch.setattr(kept, "FOR", 0.0)
    counting = Counting()
    counts = Kept(counting, asyncio.Lock())
    assert await counts.get("q") == 1
    counting.let.clear()
    assert [await counts.get("q"), await counts.get("q")] == [1, 1]
    monkeypatch.setattr(kept, "OLDEST", 0.0)
    asking = asyncio.create_task(counts.get("q"))
    await asyncio.sleep(0)
    counting.let.set()
    assert await asking == 2
    assert counting.begun == ["q", "q"]


async def test_A10_many_who_ask_cost_one_count_and_counts_come_one_after_the_other() -> None:
    counting = Counting(at_once=False)
    counts = Kept(counting, asyncio.Lock())
    asking = [asyncio.create_task(counts.get(key)) for key in ("q", "q", "p", "q")]
    for _ in range(5):
        await asyncio.sleep(0)
    assert counting.begun == ["q"]
    counting.let.set()
    assert await asyncio.gather(*asking) == [1, 1, 2, 1]


async def test_A10_whoever_waits_too_long_for_a_first_count_is_told_and_it_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, "PATIENCE", 0.0)
    counting = Counting(at_once=False)
    counts = Kept(counting, asyncio.Lock())
    with pytest.raises(Refused) as refused:
        await counts.get("q")
    assert refused.value.code == "county.counting"
    monkeypatch.undo()
    counting.let.set()
    assert await counts.get("q") == 1


async def test_A10_a_count_that_fails_is_not_kept_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LONG", 0.0)
    counting = Counting()
    counting.fails = True
    counts = Kept(counting, asyncio.Lock())
    with pytest.raises(OSError, match="q"):
        await counts.get("q")
    counting.fails = False
    assert await counts.get("q") == 2


async def test_A10_the_counts_last_asked_for_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LONG", 0.0)
    monkeypatch.setattr(kept, "FOR", math.inf)
    monkeypatch.setattr(kept, "MOST", 2)
    counting = Counting()
    counts = Kept(counting, asyncio.Lock())
    for key in ("q", "p", "q", "o"):
        await counts.get(key)
    assert [await counts.get("q"), await counts.get("o"), await counts.get("p")] == [1, 3, 4]


async def test_A10_nobody_makes_others_wait_by_asking_for_very_many_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LONG", 0.0)
    monkeypatch.setattr(kept, "FOR", 0.0)
    monkeypatch.setattr(kept, "WAITING", 2)
    counting = Counting()
    counts = Kept(counting, asyncio.Lock())
    assert await counts.get("q") == 1
    counting.let.clear()
    asking = [asyncio.create_task(counts.get(key)) for key in ("p", "o")]
    await asyncio.sleep(0)
    with pytest.raises(Refused):
        await counts.get("n")
    assert await counts.get("q") == 1
    counting.let.set()
    assert await asyncio.gather(*asking) == [2, 3]
    assert await counts.get("n") == 4


async def test_A10_the_end_of_the_process_ends_what_is_being_counted() -> None:
    counting = Counting(at_once=False)
    counts = Kept(counting, asyncio.Lock())
    asking = asyncio.create_task(counts.get("q"))
    await asyncio.sleep(0)
    await counts.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
