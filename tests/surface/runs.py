"""How much is tried: a little, the same each time, in `make test`; more, by a seed, with `python -m tests.surface`."""

import os

from hypothesis import HealthCheck, settings

MORE = int(os.environ.get("LIANXIN_SURFACE_RUNS", "1"))
"""How many times as much as in `make test`."""


def runs(number: int) -> settings:
    """Settings of a test that tries `number` examples."""
    return settings(
        max_examples=number * MORE,
        derandomize=MORE == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
