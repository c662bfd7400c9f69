"""What a rebuild reads of the topics (protocol: Projections)."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from aiokafka import TopicPartition
from lianxin_schemas.topics import consumed_by

from services.runtime import rebuild
from services.runtime.settings import Settings

KEPT, LOST = 4, 2
SHORT = TopicPartition("t.visits", 0)


@dataclass
class Record:
    offset: int
    value: bytes = b""


class Shrinking:
    """A broker that says where a partition ends, and then comes back with an older copy of it. Before the end lies an
    offset without a message, as compaction or a producer's transaction leaves it.
    """

    def __init__(self, **_: object) -> None:
        self._at: dict[TopicPartition, int] = {}
        self._end = KEPT + LOST

    async def start(self) -> None:
        pass

    stop = start

    def assign(self, parts: Iterable[TopicPartition]) -> None:
        self._at = dict.fromkeys(parts, 0)

    def seek(self, part: TopicPartition, offset: int) -> None:
        self._at[part] = offset

    async def position(self, part: TopicPartition) -> int:
        return self._at[part]

    async def end_offsets(self, parts: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        end, self._end = self._end, KEPT
        return {part: end if part == SHORT else 0 for part in parts}

    async def getmany(
        self, *parts: TopicPartition, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[Record]]:
        await asyncio.sleep(0)
        found = {SHORT: [Record(at) for at in range(self._at[SHORT], KEPT - 1)]} if SHORT in parts else {}
        self._at |= dict.fromkeys(found, KEPT)
        return {part: records for part, records in found.items() if records}


def test_rule_14_a_rebuild_does_not_wait_for_what_kafka_has_lost_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "AIOKafkaConsumer", Shrinking)
    told: list[tuple[int, int]] = []

    async def read() -> list[int]:
        settings = Settings(space="t", kafka="nowhere:1", postgres="")
        batches = rebuild.history(settings, "appraisal", lambda done, of: told.append((done, of)))
        return [message.offset async for batch in batches for message in batch]

    assert "visits" in {topic.name for topic in consumed_by("appraisal")}
    assert asyncio.run(asyncio.wait_for(read(), 10)) == [*range(KEPT - 1)]
    assert told[-1] == (KEPT, KEPT)
