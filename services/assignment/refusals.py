"""What assignment says when it refuses."""

from services.web.errors import Text

TEXTS = {
    "case.not-found": Text(
        404,
        "还没有这件诉求的案件。刚登记的，过一会儿再看。",
        "No case of this petition yet; if it was just registered, look again in a moment.",
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
    "case.not-replied": Text(409, "这件诉求还没有答复，先答复。", "The resident was not told yet; reply first."),
    "case.already-replied": Text(
        409,
        "这件诉求已经答复，等居民说解决没有。",
        "The resident was told already, and it is for them to say whether it was solved.",
    ),
    "case.already-closed": Text(409, "这件诉求已经办结，不用再办。", "The case is closed; nothing is left to do."),
    "case.already-withdrawn": Text(
        409, "居民已经撤回这件诉求，不用再办。", "The resident has taken the petition back; nothing is left to do."
    ),
    "case.office-unknown": Text(
        422,
        "登记里没有这个单位，换一个，或先载入。",
        "The register has no such office; name another, or load it first.",
    ),
    "case.complaint-not-here": Text(
        409,
        "这件诉求反映干部，反映谁还没有传到。先只交给单位，或过一会儿再交给干部。",
        "The petition is about officials, and who they are has not come yet; name the office alone, or try again soon.",
    ),
    "case.complained-about": Text(
        422, "这件诉求反映的就是这名干部，换一名干部。", "The petition is about this cadre; name another."
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

BY_TAG = {"cases": ("case.",), "responsibility": ("household.", "zone.")}
"""How the codes begin that routes of a tag may answer."""
