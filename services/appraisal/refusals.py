"""What appraisal says when it refuses."""

from services.web.errors import Text

TEXTS = {
    "period.malformed": Text(
        422,
        "期间的写法不对：{given}。月写作 2026-03，季写作 2026-Q1，年写作 2026。",
        "Not a period: {given}. A month reads 2026-03, a quarter 2026-Q1, a year 2026.",
    ),
    "period.no-policy": Text(422, "{period}还没有生效的考核办法。", "No policy was in force when {period} began."),
    "county.counting": Text(
        503,
        "全县的数字正在统计，过一会儿再看。",
        "The figures of the whole county are being counted; ask again in a minute.",
    ),
    "visit.not-found": Text(404, "没有找到这次走访。", "There is no such visit here."),
    "policy.unknown": Text(404, "没有采用过考核办法{policy}。", "No policy {policy} was ever adopted."),
    "policy.valid-from": Text(
        422,
        "上一版从{newest}起生效，新一版不能早于这一天。改晚一些。",
        "The edition before is for {newest} and later; a new one cannot begin before. Choose a later day.",
    ),
    "policy.node-twice": Text(422, "节点{node}出现了两次，改一个名。", "The node {node} stands twice; rename one."),
    "policy.parent-unknown": Text(
        422,
        "节点{node}的上级{parent}不在办法里，加上它或改上级。",
        "The node {node} lies under {parent}, which is not in the policy; add it or name another.",
    ),
    "policy.cycle": Text(
        422, "节点{node}绕一圈成了自己的上级，改上级。", "The node {node} lies under itself; name another parent."
    ),
    "policy.branch-counts": Text(
        422,
        "节点{node}下面还有节点，不能再有指标、最低数或走访次数，去掉。",
        "The node {node} has others below it; leave out its indicator, minimum and needed.",
    ),
    "policy.leaf-without-indicator": Text(
        422, "节点{node}没有指标，写明一个。", "The node {node} has no indicator; name one."
    ),
    "policy.leaf-without-minimum": Text(
        422, "节点{node}没有最低数，写明一个。", "The node {node} has no minimum; state one."
    ),
    "policy.needed": Text(
        422,
        "节点{node}：走访覆盖要写明月、季、年各需几次（needed），其他指标不写。",
        "The node {node}: coverage states `needed` for month, quarter and year, other indicators none.",
    ),
    "policy.weight-zero": Text(
        422, "节点{node}的权重是0，改大或去掉这个节点。", "The node {node} weighs 0; give it weight or leave it out."
    ),
    "policy.indicator-twice": Text(
        422, "指标{indicator}出现了两次，留一处。", "The indicator {indicator} stands twice; keep one."
    ),
    "policy.weights": Text(
        422,
        "节点{node}下的权重合计是{total}，改成100（- 是最上层）。",
        "The weights under {node} add up to {total}; make them 100 (- is the top).",
    ),
    "policy.bands": Text(
        422,
        "等次{band}的次序不对：从优到待改进排列，分数逐级降低。",
        "The band {band} is out of order: from excellent to improve, points falling.",
    ),
}

BY_TAG = {
    "visits": ("visit.",),
    "policies": ("policy.",),
    "scores": ("period.", "policy.unknown"),
    "county": ("period.", "policy.unknown", "county."),
}
"""How the codes begin that routes of a tag may answer."""
