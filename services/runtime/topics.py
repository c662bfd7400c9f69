"""Topics on the broker, made from the contract alone: `python -m services.runtime.topics apply|check`."""

import argparse
import os
import sys
import time
from collections.abc import Iterable

from kafka.admin import ConfigResource, KafkaAdminClient
from kafka.errors import KafkaError, NoError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code
from lianxin_schemas.directory import DIRECTORY, Directory
from lianxin_schemas.topics import TOPICS, Topic

from services.runtime import broker, rights
from services.runtime.settings import Settings, read

AnyTopic = Topic | Directory
EVERY: tuple[AnyTopic, ...] = (*TOPICS, DIRECTORY)

MADE_WITHIN_MS = 60_000


class WrongTopics(Exception):
    """Topics that are missing or divided otherwise than the contract says; each complaint is a sentence."""


def apply(settings: Settings, replication: int = 1) -> list[str]:
    """Makes the topics that are missing; answers with their names. Raises WrongTopics, or KafkaError as it comes."""
    admin = KafkaAdminClient(**broker.options(settings), bootstrap_timeout_ms=5_000)
    try:
        present = _partitions(admin, settings, EVERY)
        missing = [topic for topic in EVERY if topic.name not in present]
        _create(admin, {settings.topic(topic.name): topic for topic in missing}, replication)
        _compare(admin, settings, EVERY)
    finally:
        admin.close()
    return [settings.topic(topic.name) for topic in missing]


def _create(admin: KafkaAdminClient, topics: dict[str, AnyTopic], replication: int) -> None:
    """Makes topics with one request, and returns when each has its leaders."""
    wanted = {
        name: {"num_partitions": topic.partitions, "replication_factor": replication, "configs": _configs(topic)}
        for name, topic in topics.items()
    }
    if not wanted:
        return
    for made in admin.create_topics(wanted, raise_errors=False)["topics"]:
        if made["error_code"] not in (NoError.errno, TopicAlreadyExistsError.errno):  # another `apply` may be quicker
            raise for_code(made["error_code"])(f"{made['name']}: {made['error_message']}")
    admin.wait_for_topics(list(wanted), timeout_ms=MADE_WITHIN_MS)


def _partitions(admin: KafkaAdminClient, settings: Settings, topics: Iterable[AnyTopic]) -> dict[str, int]:
    """How many partitions each of these topics has that exist. Others on the broker are none of our business."""
    found = {}
    for topic in admin.describe_topics([settings.topic(topic.name) for topic in topics]):
        if topic["error_code"] == NoError.errno:
            found[settings.bare(topic["name"])] = len(topic["partitions"])
        elif topic["error_code"] != UnknownTopicOrPartitionError.errno:
            raise for_code(topic["error_code"])(topic["name"])
    return found


def _configs(topic: AnyTopic) -> dict[str, str]:
    """Facts are kept; of names the last word is, and what it replaced has to go.

    A segment that is written to is not compacted: half of the time for it to be closed, a quarter for the next name to
    be sent (`directory.RESEND`), the rest for Kafka to come round to it.
    """
    if isinstance(topic, Topic):
        return {"retention.ms": str(topic.retention_ms), "retention.bytes": "-1", "cleanup.policy": "delete"}
    half = str(topic.erased_within_ms // 2)
    return {"cleanup.policy": "compact", "segment.ms": half, "max.compaction.lag.ms": half}


def check(settings: Settings, topics: Iterable[AnyTopic] = EVERY) -> None:
    """Raises WrongTopics when one is missing or has another number of partitions, KafkaError as it comes."""
    admin = KafkaAdminClient(**broker.options(settings), bootstrap_timeout_ms=5_000)
    try:
        _compare(admin, settings, topics)
    finally:
        admin.close()


def _compare(admin: KafkaAdminClient, settings: Settings, topics: Iterable[AnyTopic]) -> None:
    topics = tuple(topics)
    present = _partitions(admin, settings, topics)
    complaints = []
    for topic in topics:
        name = settings.topic(topic.name)
        if (count := present.get(topic.name)) is None:
            complaints.append(f"topic {name} is missing: run `python -m services.runtime.topics apply`")
            continue
        if count != topic.partitions:
            complaints.append(
                f"topic {name} has {count} partitions and must have {topic.partitions}: a count never changes,"
                " more partitions are a new topic and a move"
            )
        if isinstance(topic, Directory) and not _compacted(admin, name):
            complaints.append(f"topic {name} is not compacted: set cleanup.policy=compact, or names get lost")
    if complaints:
        raise WrongTopics("; ".join(complaints))


def _compacted(admin: KafkaAdminClient, name: str) -> bool:
    found = admin.describe_configs([ConfigResource("TOPIC", name, {"cleanup.policy": None})], config_filter="all")
    return bool(found["topic"][name]["cleanup.policy"]["value"] == "compact")


def wait(settings: Settings, topics: Iterable[AnyTopic]) -> None:
    """Waits until the broker answers and has the topics as they must be; says once what it waits for."""
    said, tries = "", 0
    while True:
        try:
            return check(settings, topics)
        except (WrongTopics, KafkaError, OSError) as error:
            if str(error) != said:
                said = str(error)
                print(f"waiting for Kafka at {settings.kafka}: {said}", file=sys.stderr, flush=True)
        tries += 1
        time.sleep(min(5.0, 0.2 * 2 ** min(tries, 6)))


def main() -> int:
    """Exit code 0 when all is as it must be, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m services.runtime.topics", description=__doc__)
    parser.add_argument("verb", choices=["apply", "check"])
    parser.add_argument("--replication", type=int, default=int(os.environ.get("LIANXIN_REPLICATION", "1")))
    arguments = parser.parse_args()
    settings = read(Settings)
    try:
        if arguments.verb == "apply":
            for name in apply(settings, arguments.replication):
                print(f"made {name}")
            print(rights.restrict(settings))
        else:
            check(settings)
    except (WrongTopics, rights.WrongRights, KafkaError, OSError) as error:
        print(f"Kafka at {settings.kafka}: {error}", file=sys.stderr)
        return 1
    print("the topics are as the contract says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
