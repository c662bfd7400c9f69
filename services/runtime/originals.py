"""What Kafka has of some places in lanes: the messages that receivers applied."""

from kafka import KafkaConsumer, TopicPartition
from lianxin_schemas import codec

from services.runtime import broker
from services.runtime.inbox import Inbox, Lane, Message, State
from services.runtime.settings import Settings

Originals = dict[int, bytes]
"""The message of each position."""


def originals(settings: Settings, wanted: dict[Lane, tuple[int, int]]) -> Originals:
    """The messages of lanes from a number to a number, as far as Kafka has them. Raises KafkaError while it is away.

    A number's message never has a smaller offset than there are numbers before it, so each partition is read from there
    until all are found, or to its end.
    """
    consumer = KafkaConsumer(
        **broker.options(settings), group_id=None, enable_auto_commit=False, max_poll_records=2_000
    )
    try:
        found: Originals = {}
        for lane, (first, last) in sorted(wanted.items()):
            found |= _of_lane(settings, consumer, lane, first, last)
        return found
    finally:
        consumer.close()


def _of_lane(settings: Settings, consumer: KafkaConsumer, lane: Lane, first: int, last: int) -> Originals:
    part = TopicPartition(settings.topic(lane.topic), lane.partition)
    inbox, marks = Inbox("originals", settings.space, frozenset()), {lane: first - 1}
    found: Originals = {}
    consumer.assign([part])
    consumer.seek(part, first - 1)
    while marks[lane] < last and consumer.position(part) < consumer.end_offsets([part])[part]:  # which may move back
        for record in consumer.poll(timeout_ms=500).get(part, ()):
            message = Message(lane.topic, lane.partition, record.offset, record.value)
            if (next_ := inbox.sort([message], State(marks=marks), {}).marks.get(lane)) and next_ <= last:
                marks[lane] = next_
                found[int(codec.unwrap(record.value).sequence)] = record.value
    return found
