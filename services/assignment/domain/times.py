"""When a step may have been done, seen from the moment it is entered (C3b)."""

from datetime import datetime, timedelta

from services.refused import Refused

SKEW = timedelta(minutes=5)
"""How far a telephone's clock may be ahead."""


def done_at(given: datetime | None, last: datetime, now: datetime, oldest_days: int | None) -> datetime:
    """When the step was done: as given, otherwise now. Refuses a time in the future, before the `last` step, or more
    than `oldest_days` ago; None for those who may import.
    """
    if given is None:
        return max(now, last)  # the last step's clock may have been ahead by as much as SKEW
    if given > now + SKEW:
        raise Refused("time.in-future", "time")
    if oldest_days is not None and given < now - timedelta(days=oldest_days):
        raise Refused("time.too-old", "time", days=oldest_days)
    if given < last:
        raise Refused("time.before-start", "time")
    return given
