"""What appraisal says when it refuses."""

from services.web.errors import Text

TEXTS = {
    "period.malformed": Text(
        422,
        "期间的写法不对：{given}。月写作 2026-03，季写作 2026-Q1，年写作 2026。",
        "Not a period: {given}. A month reads 2026-03, a quarter 2026-Q1, a year 2026.",
    ),
    "period.no-policy": Text(422, "{period}还没有生效的考核办法。", "No policy was in force when {period} began."),
    "visit.not-found": Text(404, "没有找到这次走访。", "There is no such visit here."),
}
