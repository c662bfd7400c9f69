"""What the service says in words: the rules of indicators, and why an event counts or does not (A6)."""

from dataclasses import dataclass
from enum import StrEnum

from services.appraisal.domain.periods import Period
from services.appraisal.domain.policy import Indicator, Kind


@dataclass(frozen=True)
class Words:
    """One sentence in Chinese and in English."""

    zh: str
    en: str


class Why(StrEnum):
    """Why an event counts towards an indicator, or does not."""

    COUNTED = "counted"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "household-unknown"
    NOT_ANSWERING = "did-not-answer"
    ELSEWHERE = "answered-elsewhere"
    IN_TIME = "in-time"
    LATE = "late"
    OPEN = "open"
    OVERDUE = "overdue"
    NO_LIMIT = "no-limit"


COUNTS = frozenset({Why.COUNTED, Why.IN_TIME})
REASONS = {
    Why.COUNTED: Words("计入：走访的干部当天负责这户。", "Counts: the visiting cadre answered for the household then."),
    Why.WITHDRAWN: Words("不计：记录已撤回。", "Does not count: the entry was withdrawn."),
    Why.UNKNOWN: Words("不计：登记册里没有这户。", "Does not count: the register does not know this household."),
    Why.NOT_ANSWERING: Words(
        "不计：走访的干部当天不负责这户。", "Does not count: the visiting cadre did not answer for the household then."
    ),
    Why.ELSEWHERE: Words(
        "不计在这里：期末这户由他人负责。", "Does not count here: somebody else answers for the household at the end."
    ),
    Why.IN_TIME: Words("计入：期限前已答复。", "Counts: replied before the limit."),
    Why.LATE: Words("不计：答复已过期限。", "Does not count: replied after the limit."),
    Why.OPEN: Words("尚未计入：还在办理，没到期限。", "Does not count yet: open, the limit lies ahead."),
    Why.OVERDUE: Words("不计：过了期限还没有答复。", "Does not count: the limit has passed without a reply."),
    Why.NO_LIMIT: Words("尚未计入：还没有收到期限。", "Does not count yet: its limit has not arrived."),
}


def rule(indicator: Indicator, period: Period) -> Words:
    """The rule of an indicator for a period, in words."""
    least_zh, least_en = (
        f"分母不到{indicator.minimum}时数据不足。",
        f"Below {indicator.minimum} there is not enough data.",
    )
    match indicator.indicator:
        case Kind.COVERAGE:
            visits = indicator.visits[period.length]
            return Words(
                f"期末当天负责的农户中，期内至少走访{visits}次的户数；走访由当天负责这户的干部进行才计。{least_zh}",
                "Of the households answered for on the period's last day, those visited at least"
                f" {visits} time(s) in it by a cadre who answered for them on that day. {least_en}",
            )
        case Kind.PETITIONS_IN_TIME:
            return Words(
                f"期内登记的诉求中，在期限之前答复的件数；未办结和逾期的都算在分母里。{least_zh}",
                "Of the petitions registered in the period, those replied to before their limit;"
                f" open and overdue ones stay in the denominator. {least_en}",
            )
