"""Codes of regions (R1): each level adds digits, so that level and parent follow from the code.

GB/T 2260 to the county (six digits, zeros behind what is said), the statistical code to the village (twelve), three
digits more for a group.
"""

from itertools import pairwise

from lianxin_schemas.events.responsibility import RegionLevel

SAID = {
    RegionLevel.PROVINCE: 2,
    RegionLevel.PREFECTURE: 4,
    RegionLevel.COUNTY: 6,
    RegionLevel.TOWNSHIP: 9,
    RegionLevel.VILLAGE: 12,
    RegionLevel.GROUP: 15,
}
"""The digits that say something at each level, from the top down."""
LEVELS = tuple(SAID)


def level_of(code: str) -> RegionLevel | None:
    """The level that a code speaks of; None where it leaves out a level between, and so is no code."""
    for nth, level in enumerate(LEVELS):
        bounds = [0, *(SAID[one] for one in LEVELS[: nth + 1])]
        parts = [code[start:end].strip("0") for start, end in pairwise(bounds)]
        if len(code) == _length(level) and all(parts) and not code[SAID[level] :].strip("0"):
            return level
    return None


def parent_of(code: str) -> str | None:
    """The code of the region one level up; None for a province, or where the code is none."""
    level = level_of(code)
    if level is None or level is RegionLevel.PROVINCE:
        return None
    above = LEVELS[LEVELS.index(level) - 1]
    return code[: SAID[above]].ljust(_length(above), "0")


def _length(level: RegionLevel) -> int:
    """Digits of a code of the level, the zeros behind what it says included."""
    return next(length for length in (6, 12, 15) if SAID[level] <= length)
