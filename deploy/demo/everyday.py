"""Categories of everyday life, from which made-up needs and petitions are drawn; petitions seldom from another."""

from functools import cache
from random import Random

from services import categories

LIVELIHOOD = ("01", "03", "04", "06", "09", "10", "12", "14", "15")
"""The fields they are drawn from."""
CONDUCT = "05"
"""The field about officials: its cases go to the county's office, named or not (C4)."""


def everyday(random: Random) -> str:
    """One of them."""
    return random.choice(_everyday())


def conduct(random: Random) -> str:
    """One of what officials do, of which nothing is heard on visits."""
    return random.choice([code for code in categories.leaves() if code.startswith(CONDUCT)])


@cache
def _everyday() -> tuple[str, ...]:
    return tuple(code for code in categories.leaves() if code[:2] in LIVELIHOOD)
