"""What assignment says when it refuses."""

from services.web.errors import Text

TEXTS = {
    "case.not-found": Text(
        404,
        "还没有这件诉求的案件。刚登记的，带上登记回执里的 after 再查。",
        "No case of this petition yet; if it was just registered, ask with its receipt's `after`.",
    ),
    "case.not-assigned": Text(
        409, "这件诉求还没有承办单位，先交办。", "No office answers for this case yet; assign it first."
    ),
    "case.not-accepted": Text(409, "这件诉求还没有受理，先受理。", "The case was not accepted yet; accept it first."),
    "case.not-decided": Text(409, "这件诉求还没有作出决定，先决定。", "The case was not decided yet; decide it first."),
    "case.already-assigned": Text(
        409, "已经由这个单位和干部承办，不用再交办。", "This office and cadre answer for it already; nothing to do."
    ),
    "case.already-accepted": Text(
        409, "这件诉求已经受理，接着作决定。", "The case was accepted already; decide it next."
    ),
    "case.already-decided": Text(
        409, "这件诉求已经作出决定，接着答复。", "The case was decided already; reply to the resident next."
    ),
    "case.already-replied": Text(
        409, "这件诉求已经答复，办理完毕。", "The resident was told already; nothing is left to do."
    ),
    "case.cadre-elsewhere": Text(
        422,
        "这名干部那天不在这个单位任职，换一名干部，或只写单位。",
        "This cadre was not in that office that day; name another, or the office alone.",
    ),
    "household.not-found": Text(
        404, "登记里没有这户，先载入。", "The register does not have this household; load it first."
    ),
    "zone.not-found": Text(
        404, "登记里没有这个责任区，先载入。", "The register does not have this zone; load it first."
    ),
}
