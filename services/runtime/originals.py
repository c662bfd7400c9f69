"""What Kafka has of some places in lanes: the messages that receivers applied."""

from kafka import KafkaConsumer, TopicPartition

from services.runtime import broker
from services.runtime.inbox import Inbox, Lane, Message, State
from services.runtime.settings import Settings

Originals = dict[tuple[Lane, int], bytes]
"""The message of each lane and number."""


def originals(settings: Settings, wanted: dict[Lane, tuple[int, int]]) -> Originals:
    """The messages of lanes from a number to a number, as far as Kafka has them. Raises KafkaError while it is away.

    A number's message never has a smaller offset than there are numbers before it, so each partition is read once from
    there until all are found, or to its end.
    """
    consumer = KafkaConsumer(
        **broker.options(settings), group_id=None, enable_auto_commit=False, max_poll_records=2_000
    )
    try:
        found: Originals = {}
        for place in sorted({(lane.topic, lane.partition) for lane in wanted}):
            here = {lane: span for lane, span in wanted.items() if (lane.topic, lane.partition) == place}
            found |= _of_partition(settings, consumer, *place, here)
        return found
    finally:
        consumer.close()


def _of_partition(
    settings: Settings, consumer: KafkaConsumer, topic: str, partition: int, wanted: dict[Lane, tuple[int, int]]
) -> Originals:
    part, inbox = TopicPartition(settings.topic(topic), partition), Inbox("originals", settings.space, frozenset())
    marks = {lane: first - 1 for lane, (first, _) in wanted.items()}
    last = {lane: end for lane, (_, end) in wanted.items()}
    found: Originals = {}
    consumer.assign([part])
    consumer.seek(part, min(marks.values()))
    while any(marks[lane] < last[lane] for lane in wanted) and _more(consumer, part):
        for record in consumer.poll(timeout_ms=500).get(part, ()):
            message = Message(topic, partition, record.offset, record.value)
            for lane, number in inbox.sort([message], State(marks=marks), {}).marks.items():
                if number <= last.get(lane, 0):
                    marks[lane] = number
                    found[lane, number] = record.value
    return found


def _more(consumer: KafkaConsumer, part: TopicPartition) -> bool:
    """Whether anything is left before the end, which may move back."""
    at: int = consumer.position(part)
    return at < int(consumer.end_offsets([part])[part])
