"""How dates and numbers read (A-15): always a day, never "3 days ago" alone; local time is Asia/Shanghai."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton
from markupsafe import Markup

from services.web.language import spoken

LOCAL = ZoneInfo("Asia/Shanghai")


def today() -> date:
    """The local day."""
    return datetime.now(LOCAL).date()


def day_text(day: date) -> str:
    """`11月25日（星期三）`, `Wednesday 25 November`; with the year where it is not this one."""
    other = day.year != today().year
    if spoken().language == "zh":
        return format_date(day, "y年M月d日（EEEE）" if other else "M月d日（EEEE）", locale="zh")
    return format_date(day, "EEEE d MMMM y" if other else "EEEE d MMMM", locale="en")


def day(value: date) -> Markup:
    """A local day, readable by machines too."""
    value = value.astimezone(LOCAL).date() if isinstance(value, datetime) else value
    return _time(value.isoformat(), day_text(value))


def moment(value: datetime) -> Markup:
    """`11月25日（星期三）18:00`, `18:00 on Wednesday 25 November`."""
    local = value.astimezone(LOCAL)
    text, clock = day_text(local.date()), f"{local:%H:%M}"
    return _time(_stamp(value), f"{text}{clock}" if spoken().language == "zh" else f"{clock} on {text}")


def before(value: datetime) -> Markup:
    """A last moment: `11月25日（星期三）18:00前`; midnight is 24:00 of the day that ends (C3a)."""
    last, clock = last_day(value), f"{value.astimezone(LOCAL):%H:%M}".replace("00:00", "24:00")
    zh, en = f"{day_text(last)}{clock}前", f"before {clock} on {day_text(last)}"
    return _time(_stamp(value), spoken().of(zh, en))


def month(value: date) -> str:
    """`2026年11月`, `November 2026`."""
    if spoken().language == "zh":
        return format_date(value, "y年M月", locale="zh")
    return str(format_skeleton("yMMMM", value, locale="en"))


def last_day(value: datetime) -> date:
    """The local day that a last moment belongs to: midnight ends a day."""
    return (value.astimezone(LOCAL) - timedelta(microseconds=1)).date()


def days_left(value: datetime, now: datetime | None = None) -> int:
    """Local days until a last moment; 0 on its day, negative afterwards."""
    now = now or datetime.now(UTC)
    left = (last_day(value) - now.astimezone(LOCAL).date()).days
    return min(left, -1) if now >= value else left


def number(value: float, digits: int = 0) -> str:
    """A number; thousands are separated only from five digits on."""
    text = f"{value:,.{digits}f}"
    return text if abs(value) >= 10_000 else text.replace(",", "")


def percent(value: float, digits: int = 0) -> str:
    """A share of 1 as a percentage."""
    return f"{value * 100:.{digits}f}%"


def _stamp(value: datetime) -> str:
    return value.astimezone(LOCAL).isoformat(timespec="minutes")


def _time(stamp: str, text: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(stamp, text)
