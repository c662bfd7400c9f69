"""When something may have happened, seen from the moment it is entered (V2)."""

from datetime import datetime, timedelta

from services.refused import Refused

SKEW = timedelta(minutes=5)
"""How far a telephone's clock may be ahead."""


def check(moment: datetime, now: datetime, oldest_days: int | None, field: str) -> None:
    """Refuses what lies in the future, and what is older than `oldest_days`; None for those who may import."""
    if moment > now + SKEW:
        raise Refused("time.in-future", field)
    if oldest_days is not None and moment < now - timedelta(days=oldest_days):
        raise Refused("time.too-old", field, days=oldest_days)
