"""`python -m tests.surface`: far more of what comes from outside than `make test` tries, by a seed that is named."""

import argparse
import os
import sys

import pytest


def main() -> int:
    """Runs the tests of this folder with more runs; pytest's exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.surface", description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="as much as `make test` tries (20)")
    parser.add_argument("--seed", type=int, default=1, help="the same gives the same (1)")
    parser.add_argument("more", nargs="*", help="for pytest, after --")
    asked = parser.parse_args()
    os.environ["LIANXIN_SURFACE_RUNS"] = str(asked.times)
    print(f"{asked.times} times as much, seed {asked.seed}")
    return pytest.main([os.path.dirname(__file__), f"--hypothesis-seed={asked.seed}", "-p", "no:xdist", *asked.more])


if __name__ == "__main__":
    sys.exit(main())
