"""Fixtures of more than one folder of tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Addresses
from tests.world.world import World


@pytest.fixture
def world(servers: Addresses, tmp_path: Path) -> Iterator[World]:
    """An installation of its own on the run's servers."""
    made = World(servers.kafka, servers.postgres, tmp_path)
    yield made
    made.close()
    made.forget()
