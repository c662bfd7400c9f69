"""The relay's use of its producer (rule 6): one record that was not acknowledged is enough to end it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from kafka.errors import KafkaTimeoutError
from lianxin_schemas.codec import Row
from lianxin_schemas.envelope import Source

from services.runtime.relay import publish
from services.runtime.settings import Settings

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Future:
    """What the producer hands out for a record."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    def get(self, timeout: float) -> None:
        """Raises what became of the record."""
        assert timeout > 0
        if self._error:
            raise self._error


class Sender:
    """Takes records; the nth is never acknowledged."""

    def __init__(self, lost: int) -> None:
        self._lost = lost
        self.sent = 0

    def send(self, topic: str, **_: Any) -> Future:
        """Takes a record."""
        self.sent += 1
        return Future(KafkaTimeoutError(topic) if self.sent == self._lost else None)


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_rule_6_a_record_that_was_not_acknowledged_ends_the_relay_and_what_was_before_it_is_told(lost: int) -> None:
    """Rule 5: the lease is renewed with that, so that a slow broker does not have two relays send in turns for ever."""

    def row(position: int) -> Row:
        source = Source("lianxin", "intake", 1)
        id_ = UUID(int=position)
        return Row(id_, source, "t", "visit-1", 1, position, position, NOW, NOW, id_, "user", "c-1", "{}")

    rows = [row(position) for position in (1, 2, 3)]
    told: list[int] = []
    with pytest.raises(KafkaTimeoutError):
        publish(Sender(lost), Settings(), rows, [("visits", 0)] * 3, told.append)
    assert told == [1, 2, 3][: lost - 1]
