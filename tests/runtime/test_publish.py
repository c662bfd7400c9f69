"""The relay's use of its producer (rule 6): one record that was not acknowledged is enough to end it."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from aiokafka.errors import KafkaTimeoutError
from lianxin_schemas.codec import Row
from lianxin_schemas.envelope import Source

from services.runtime import publish as publishing
from services.runtime.settings import Settings

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Sender:
    """Takes records; the nth is never acknowledged: the broker refuses it, or does not answer."""

    def __init__(self, lost: int, error: Exception | None) -> None:
        self._lost, self._error = lost, error
        self.sent = 0

    async def send(self, topic: str, **_: Any) -> "asyncio.Future[None]":
        """Takes a record."""
        self.sent += 1
        future = asyncio.get_running_loop().create_future()
        if self.sent != self._lost:
            future.set_result(None)
        elif self._error:
            future.set_exception(self._error)
        return future


@pytest.mark.parametrize("error", [KafkaTimeoutError(), None])
@pytest.mark.parametrize("lost", [1, 2, 3])
async def test_rule_6_a_record_that_was_not_acknowledged_ends_the_relay_and_what_was_before_it_is_told(
    lost: int, error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 5: the lease is renewed with that, so that a slow broker does not have two relays send in turns for ever."""

    def row(position: int) -> Row:
        source = Source("lianxin", "intake", 1)
        id_ = UUID(int=position)
        return Row(id_, source, "t", "visit-1", 1, position, position, NOW, NOW, id_, "user", "c-1", "{}")

    rows = [row(position) for position in (1, 2, 3)]
    told: list[int] = []

    async def tell(position: int) -> None:
        told.append(position)

    monkeypatch.setattr(publishing, "ACKNOWLEDGED_WITHIN", 0.1)
    with pytest.raises(KafkaTimeoutError):
        await publishing.publish(Sender(lost, error), Settings(), rows, [("visits", 0)] * 3, tell)
    assert told == [1, 2, 3][: lost - 1]
