"""A projection's process beside its group (protocol rule 9)."""

from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer

from services.runtime.project import Feed
from services.runtime.settings import Settings
from tests.runtime.consuming import Make

pytestmark = pytest.mark.anyio


@pytest.fixture
async def left_alone(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    """A member that a rebalance has left without partitions."""
    member = AIOKafkaConsumer(bootstrap_servers=settings.kafka, group_id=settings.space)
    member.subscribe([settings.topic("visits")])
    member._subscription.assign_from_subscribed([])
    yield member
    await member.stop()


async def test_rule_9_a_batch_whose_partitions_all_went_to_another_process_meanwhile_ends_nothing(
    settings: Settings, consumer: Make, left_alone: AIOKafkaConsumer
) -> None:
    feed = Feed(settings, "appraisal", consumer())
    feed._consumer = left_alone
    await feed._hint({("visits", 4): 3})
