"""Categories of everyday life, from which made-up needs and petitions are drawn."""

from functools import cache
from random import Random

from services import categories

LIVELIHOOD = ("01", "03", "04", "06", "09", "10", "12", "14", "15")
"""The fields they are drawn from."""


def everyday(random: Random) -> str:
    """One of them."""
    return random.choice(_everyday())


@cache
def _everyday() -> tuple[str, ...]:
    return tuple(code for code in categories.leaves() if code[:2] in LIVELIHOOD)
