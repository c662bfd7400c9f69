"""What notify says when it refuses."""

from services.web.errors import Text

TEXTS = {
    "notice.not-found": Text(
        404,
        "您这里没有这条通知，回到通知列表再看。",
        "There is no such notice of yours; look at the list again.",
    ),
    "notice.ended": Text(
        409, "这条通知的这次发送已经有结果。", "What became of this try is known already; nothing to do."
    ),
}

BY_TAG = {"notices": ("notice.",)}
"""How the codes begin that routes of a tag may answer."""
