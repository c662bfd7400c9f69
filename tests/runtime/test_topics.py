"""Topics from the contract alone; what is missing is waited for, another partition count is refused (rule 15, A10)."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient
from lianxin_schemas.topics import BY_NAME

from deploy.local import keys
from services.runtime import topics
from services.runtime.settings import Settings
from services.runtime.topics import EVERY, WrongTopics
from tests.world.world import until


def command(settings: Settings, *verb: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "LIANXIN_SPACE": settings.space,
        "LIANXIN_KAFKA": settings.kafka,
        "LIANXIN_POSTGRES": settings.postgres,
    }
    return subprocess.run(
        [sys.executable, "-m", *verb], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_apply_twice_makes_every_topic_once_and_check_agrees(settings: Settings) -> None:
    with pytest.raises(WrongTopics, match=r"run `python -m services\.runtime\.topics apply`"):
        topics.check(settings)
    assert topics.apply(settings) == [f"{settings.space}.{topic.name}" for topic in EVERY]
    assert topics.apply(settings) == []
    topics.check(settings)
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    try:
        found = admin.describe_topics([settings.topic(topic.name) for topic in EVERY])
    finally:
        admin.close()
    counts = {settings.bare(topic["name"]): len(topic["partitions"]) for topic in found}
    assert counts == {topic.name: topic.partitions for topic in EVERY}
    done = command(settings, "services.runtime.topics", "check")
    assert (done.returncode, done.stdout) == (0, "the topics are as the contract says\n")


def test_a10_another_partition_count_is_refused_by_name(settings: Settings, tmp_path: Path) -> None:
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    try:
        admin.create_topics({settings.topic("visits"): {"num_partitions": 3, "replication_factor": 1}})
        admin.wait_for_topics([settings.topic("visits")])
    finally:
        admin.close()
    with pytest.raises(WrongTopics, match="has 3 partitions and must have 24"):
        topics.check(settings, [BY_NAME["visits"]])
    done = command(settings, "services.runtime.topics", "check")
    assert done.returncode == 1
    assert "has 3 partitions and must have 24" in done.stderr
    assert f"topic {settings.space}.petitions is missing: run `python -m services.runtime.topics apply`" in done.stderr
    assert "Traceback" not in done.stderr


def test_rule_15_a_relay_waits_for_its_topics_and_says_what_to_run(settings: Settings, tmp_path: Path) -> None:
    environment = os.environ | {
        "LIANXIN_SPACE": settings.space,
        "LIANXIN_KAFKA": settings.kafka,
        "LIANXIN_POSTGRES": settings.postgres,
        "LIANXIN_SEAL_KEYS": str(keys.make_seal_keys(tmp_path, ["intake"])),
        "LIANXIN_SEAL_KEY": str(keys.seal_key(tmp_path, "intake")),
    }
    said = tmp_path / "relay.log"
    with said.open("wb") as output:
        relay = subprocess.Popen(
            [sys.executable, "-m", "services.intake", "relay"], env=environment, stdout=output, stderr=output
        )
    try:
        until(lambda: "run `python -m services.runtime.topics apply`" in said.read_text(), "says what to run")
        assert f"topic {settings.space}.seals is missing" in said.read_text()
        assert relay.poll() is None, "it waits"
    finally:
        relay.send_signal(signal.SIGKILL)
        relay.wait()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PORT", "many"), ("PORT", "0"), ("SPACE", "Lian Xin"), ("SEAL_EVERY", "0"), ("OLDEST_DAYS", "x")],
)
def test_a_wrong_setting_is_said_by_name_with_exit_code_2(variable: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services.intake", "lag"],
        env=os.environ | {f"LIANXIN_{variable}": value},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert f"LIANXIN_{variable}={value}: " in done.stderr
    assert "Traceback" not in done.stderr
