"""The days of the demo."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
SINCE = date(2024, 1, 1)
"""From this day on everybody stands in the register."""
QUARTER = "2026-Q3"
"""The quarter that is played."""
FIRST_DAY, LAST_DAY = date(2026, 7, 1), date(2026, 9, 30)
TODAY = date(2026, 10, 15)
"""The day on which the made-up data end: nothing in them is later."""


def day_of(moment: datetime) -> date:
    """The local day of a moment."""
    return moment.astimezone(SHANGHAI).date()
