"""Lag counts what is on its way: the log's, the topics', and what a seal names and is not here (rule 8)."""

from collections.abc import Callable
from typing import Any

import pytest
from lianxin_schemas.topics import BY_NAME

from services.runtime import lag, topics
from services.runtime.settings import Settings
from tests.runtime.consuming import publish
from tests.runtime.making import logged, message, visits_in

Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def space(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A space where intake's database reads visits, and no other topic is."""
    visits = (BY_NAME["visits"],)
    monkeypatch.setattr(topics, "EVERY", visits)
    monkeypatch.setattr(lag, "consumed_by", lambda _: visits)
    topics.apply(settings)
    return settings


def measure(space: Settings) -> lag.Lag:
    return lag.measure(space, "intake", has_log=True, consumer="test")


def test_what_lies_in_the_topics_and_the_log_is_counted(space: Settings, rows: Rows) -> None:
    visits = [message(logged(visit), n, space=space.space) for n, visit in enumerate(visits_in(4, 5), 1)]
    publish(space, visits)
    rows("INSERT INTO bookmark VALUES ('test', 'visits', 4, 2), ('other', 'visits', 4, 5)")
    rows("UPDATE head SET position = 7; UPDATE relay SET position = 4, sealed = 3")
    found = measure(space)
    assert (found.topics, found.log, found.sealed, found.missing) == ({"visits": 3}, 3, 4, 0)
    assert found.behind == 6


@pytest.mark.parametrize(
    ("marks", "missing"), [([], 9), ([("other", 9)], 9), ([("test", 4), ("other", 9)], 5), ([("test", 9)], 0)]
)
def test_rule_8_a_lost_tail_shows_whatever_other_consumers_have_seen(
    space: Settings, rows: Rows, marks: list[tuple[str, int]], missing: int
) -> None:
    lane = [f"/{space.space}/intake/1"]
    rows("INSERT INTO expected VALUES (%s, 'visits', 4, 9, now())", lane)
    for consumer, number in marks:
        rows("INSERT INTO mark VALUES (%s, %s, 'visits', 4, %s)", [consumer, *lane, number])
    assert measure(space).missing == missing
