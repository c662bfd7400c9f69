"""Histories of fixed seeds, and the bugs that they must show (protocol rules 1-14)."""

from collections.abc import Iterator

import pytest

from tests.simulation.bugs import BUGS, Bug, caught
from tests.simulation.run import play
from tests.simulation.stage import installed

EACH = 30


@pytest.fixture(autouse=True)
def in_memory() -> Iterator[None]:
    """Databases and broker are in memory."""
    with installed():
        yield


@pytest.mark.parametrize("first", range(0, 60, EACH))
def test_all_that_always_holds_holds_in_every_history(first: int) -> None:
    wrong = [(told.seed, told.wrong) for told in map(play, range(first, first + EACH)) if told.wrong]
    assert not wrong, f"python -m tests.simulation --histories 1 --seed {wrong[0][0]}"


def test_a_seed_plays_the_same_history_again() -> None:
    one, other = play(7), play(7)
    assert (one.steps, one.marks, one.digest) == (other.steps, other.marks, other.digest)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_seeded_bug_is_caught(bug: Bug) -> None:
    assert caught(bug) is not None
