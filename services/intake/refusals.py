"""What intake says when it refuses."""

from services.web.errors import Text

TEXTS = {
    "visit.exists": Text(
        409,
        "这个走访编号已经用过。每次走访用一个新编号。",
        "A visit with this id exists; each visit has an id of its own.",
    ),
    "visit.not-found": Text(404, "没有找到这次走访。", "There is no such visit."),
    "visit.withdrawn": Text(409, "这次走访的记录已经撤回。", "The entry of this visit was withdrawn."),
    "visit.other-id": Text(
        422, "内容里的走访编号和地址里的不同。", "The visit in the body is not the one in the address."
    ),
    "visit.unchanged": Text(
        409, "和现有的记录一样，不用更正。", "The entry already reads like this; nothing to correct."
    ),
    "petition.exists": Text(
        409,
        "这个诉求编号已经用过。每件诉求用一个新编号。",
        "A petition with this id exists; each has an id of its own.",
    ),
}
