"""Quiet hours: residents get no mail at night (N2)."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Quiet:
    """From `begins` to `ends` local time (Asia/Shanghai), over midnight if need be; never when both are the same."""

    begins: time
    ends: time


def allowed(moment: datetime, quiet: Quiet) -> datetime:
    """The first moment from this one on that does not lie in the quiet hours; it ends them exactly at `ends`."""
    local = moment.astimezone(SHANGHAI)
    clock = local.time()
    if quiet.begins < quiet.ends:
        inside, days = quiet.begins <= clock < quiet.ends, 0
    else:
        inside = quiet.begins != quiet.ends and (clock >= quiet.begins or clock < quiet.ends)
        days = 1 if clock >= quiet.begins else 0
    if not inside:
        return moment
    return datetime.combine(local.date() + timedelta(days=days), quiet.ends, SHANGHAI)
