"""What the service says in words: names by code, the rules of indicators, and why an event counts or does not (A6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lianxin_schemas.events.scores import Band, IndicatorKind, Node

from services.appraisal.domain.entitled import FEWEST
from services.appraisal.domain.periods import Period


@dataclass(frozen=True)
class Words:
    """One sentence in Chinese and in English."""

    zh: str
    en: str


POLICIES: Mapping[str, Words] = {
    "first": Words("首版：走访覆盖与诉求按期答复", "First policy: visit coverage and petitions answered in time"),
    "three-dimensions": Words(
        "三维考核：工作实绩、民主测评、群众意见", "Three dimensions: results, evaluation, opinion"
    ),
    "three-levels": Words("三级评价：群众与社会、县、省", "Three levels: residents and society, county, province"),
    "satisfaction": Words("群众满意度", "Satisfaction of residents"),
}
INDICATORS: Mapping[IndicatorKind, Words] = {
    IndicatorKind.COVERAGE: Words("走访覆盖", "Visit coverage"),
    IndicatorKind.PETITIONS_IN_TIME: Words("诉求按期答复", "Petitions answered in time"),
    IndicatorKind.PETITIONS_SOLVED: Words("诉求已解决", "Petitions solved"),
    IndicatorKind.PETITIONS_SATISFIED: Words("诉求人满意", "Petitioners satisfied"),
    IndicatorKind.ZONE_RATING: Words("民情测评", "Rating by the zone's residents"),
    IndicatorKind.EVALUATION: Words("民主测评", "Democratic evaluation"),
    IndicatorKind.COUNTY_MARK: Words("县级评分", "Mark by the county"),
    IndicatorKind.PROVINCE_MARK: Words("省级评分", "Mark by the province"),
}
BRANCHES: Mapping[str, Words] = {
    "results": Words("工作实绩", "Work results"),
    "opinion": Words("群众意见", "Opinion"),
    "society": Words("群众与社会", "Residents and society"),
}
BANDS: Mapping[Band, Words] = {
    Band.EXCELLENT: Words("优", "Excellent"),
    Band.GOOD: Words("良", "Good"),
    Band.FAIR: Words("合格", "Fair"),
    Band.IMPROVE: Words("待改进", "To improve"),
}
NOT_ENOUGH = Words("数据不足", "not enough data")
WITHHELD = Words(
    f"回答少于{FEWEST}份，或与其他期间相减会少于{FEWEST}份，数字不显示。",
    f"Fewer than {FEWEST} answers, here or by subtraction from another period: the figure is not shown.",
)
SCORE_WITHHELD = Words(
    f"只显示等次：分数会让人推算出少于{FEWEST}份的回答。",
    f"Shown as a band alone: from the score fewer than {FEWEST} answers could be worked out.",
)
SHARING = Words(
    "数据不足的指标不计分，权重按比例分给同一上级下的其他指标；同级全部不足时，整级的权重再按比例分给它的同级。",
    "An indicator without enough data does not count; its weight goes in proportion to the others under the same node,"
    " and where none of them has enough, the node's whole weight goes to its own neighbours in the same way.",
)


def of_policy(policy: str) -> Words:
    """The name of a policy; one that is not shipped goes by its code."""
    return POLICIES.get(policy, Words(policy, policy))


def of_node(node: Node) -> Words:
    """The name of a node: a leaf's is its indicator's, a branch that no shipped policy has goes by its code."""
    return INDICATORS[node.indicator] if node.indicator else BRANCHES.get(node.node, Words(node.node, node.node))


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
    OPEN_AGAIN = "open-again"
    TAKEN_BACK = "taken-back"
    SOLVED = "solved"
    PARTLY = "partly"
    NOT_SOLVED = "not-solved"
    SATISFIED = "satisfied"
    NOT_SATISFIED = "not-satisfied"
    NO_ANSWER = "no-answer"
    RELEASED = "released"
    REVERSE = "reverse"
    MARK = "mark"


COUNTS = frozenset({Why.COUNTED, Why.IN_TIME, Why.SOLVED, Why.SATISFIED, Why.RELEASED, Why.REVERSE, Why.MARK})
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
    Why.OPEN_AGAIN: Words("不计：重新办理，还没有再次答复。", "Does not count: opened again and not replied to since."),
    Why.TAKEN_BACK: Words(
        "不计入分母：期限前由诉求人撤回。", "Not in the denominator: taken back by the petitioner before the limit."
    ),
    Why.SOLVED: Words("计入：诉求人说已解决。", "Counts: the petitioner says that it was solved."),
    Why.PARTLY: Words("不计：诉求人说部分解决。", "Does not count: the petitioner says that it was solved in part."),
    Why.NOT_SOLVED: Words("不计：诉求人说没有解决。", "Does not count: the petitioner says that it was not solved."),
    Why.SATISFIED: Words("计入：诉求人满意。", "Counts: the petitioner is satisfied."),
    Why.NOT_SATISFIED: Words("不计：诉求人没有表示满意。", "Does not count: the petitioner is not satisfied."),
    Why.NO_ANSWER: Words("尚未计入：诉求人没有回答。", "Does not count yet: the petitioner has not answered."),
    Why.RELEASED: Words("计入：已公布的一组回答。", "Counts: a released sum of answers."),
    Why.REVERSE: Words("扣减：反向测评的一组回答。", "Taken off: a released sum of answers by the reverse form."),
    Why.MARK: Words("计入：上级评分。", "Counts: a mark from above."),
    Why.NO_LIMIT: Words("尚未计入：还没有收到期限。", "Does not count yet: its limit has not arrived."),
}


_BASE = Words(
    "期内登记的诉求（期限前撤回的除外，未办结和逾期的都算在内）中",
    "Of the petitions registered in the period, open and overdue ones too, without those taken back before their limit",
)
_MARKED = Words("期内全部评分的平均分除以100", "The mean of all marks for days within the period, out of 100")
_RULES: Mapping[IndicatorKind, Words] = {
    IndicatorKind.PETITIONS_IN_TIME: Words(
        f"{_BASE.zh}，在期限之前答复、现在也没有重新办理的件数；重新办理过的，两次都要按期。",
        f"{_BASE.en}: those replied to before the limit and not open now; one opened again needs both replies in time.",
    ),
    IndicatorKind.PETITIONS_SOLVED: Words(
        f"{_BASE.zh}，诉求人最后一次说已解决的件数；部分解决和没有回答不算。回答少于{FEWEST}份时数据不足。",
        f"{_BASE.en}: those whose petitioner's last word is that it was solved; in part, and no answer, do not count."
        f" Below {FEWEST} answers there is not enough data.",
    ),
    IndicatorKind.PETITIONS_SATISFIED: Words(
        f"{_BASE.zh}，诉求人最后一次说满意或非常满意的件数；没有回答不算。回答少于{FEWEST}份时数据不足。",
        f"{_BASE.en}: those whose petitioner's last word is satisfied or very satisfied; no answer does not count."
        f" Below {FEWEST} answers there is not enough data.",
    ),
    IndicatorKind.ZONE_RATING: Words(
        "期内各轮测评全部回答（1至5分）的平均分，减1除以4。分母是回答数。",
        "The mean mark, 1 to 5, of all answers in rounds within the period, less 1, out of 4."
        " The denominator is the number of answers.",
    ),
    IndicatorKind.EVALUATION: Words(
        "正向测评平均分减1除以4，减去反向测评平均分减1除以4，不低于0。两种测评都要有足够的回答。",
        "The mean of the positive form, less 1, out of 4, minus the same of the reverse form, never below 0."
        " Both forms need enough answers.",
    ),
    IndicatorKind.COUNTY_MARK: Words(f"县级{_MARKED.zh}。", f"{_MARKED.en}, by the county."),
    IndicatorKind.PROVINCE_MARK: Words(f"省级{_MARKED.zh}。", f"{_MARKED.en}, by the province."),
}


def rule(node: Node, period: Period) -> Words:
    """The rule of a leaf for a period, in words."""
    assert node.indicator
    words = _RULES[node.indicator] if node.indicator in _RULES else _coverage(node, period)
    return Words(
        f"{words.zh}分母不到{node.minimum}时数据不足。",
        f"{words.en} Below {node.minimum} there is not enough data.",
    )


def _coverage(node: Node, period: Period) -> Words:
    visits = getattr(node.needed, period.length)
    return Words(
        f"期末当天负责的农户中，期内至少走访{visits}次的户数；走访由当天负责这户的干部进行才计。",
        "Of the households answered for on the period's last day, those visited at least"
        f" {visits} time(s) in it by a cadre who answered for them on that day.",
    )
