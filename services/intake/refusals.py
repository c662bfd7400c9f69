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
    "visit.backwards": Text(422, "离开的时间早于到的时间，改一下。", "It ends before it begins; change one."),
    "visit.promise-half": Text(
        422, "承诺写明什么事、哪天以前做到。", "A promise has a matter and a day; give both, or neither."
    ),
    "category.unknown": Text(
        422, "没有这个类别。从类别表里选一个。", "There is no such category; choose one of the list."
    ),
    "zone.unknown": Text(
        422, "没有这个责任区。不知道就不填。", "There is no such zone; leave it out where it is not known."
    ),
    "category.not-chosen": Text(422, "选一类，拿不准就选“都不合适”。", 'Choose one; if in doubt, "None of these".'),
    "zone.not-chosen": Text(422, "选一个地方，拿不准就选“不清楚”。", 'Choose a place; if in doubt, "I do not know".'),
    "about.not-chosen": Text(
        422,
        "选出是哪位干部，没有就选最后一项。",
        "Choose which official it is about; the last row if none.",
    ),
    "told.no-words": Text(422, "写一写是什么事，一句话也可以。", "Say what it is about; one sentence is enough."),
    "petition.sent-already": Text(
        409,
        "这件诉求已经提交过，后来改的没有收下。有别的事，从头再提一件。",
        "This petition was sent before; what was changed since is not kept. Raise another for another matter.",
    ),
    "complaint.about-whom": Text(
        422,
        "反映干部的诉求，写明反映哪些干部；不是反映干部的，两项都不填。",
        "A petition about officials names them; any other leaves out both.",
    ),
    "need.not-heard": Text(
        422, "这次走访的记录里没有这项需求。先更正走访记录。", "The visit has no such need; correct its entry first."
    ),
    "need.about-officials": Text(
        422,
        "反映干部的事不记在走访里。居民本人从“提诉求”提，或到县里的接待窗口提；所反映的干部不经手，也看不到。",
        'What is about officials does not go into a visit. The resident raises it under "Raise a petition" or at the'
        " county's reception; those it is about neither handle nor see it.",
    ),
    "need.raised": Text(409, "这项需求已经成为诉求。", "This need has become a petition already."),
    "code.mistyped": Text(
        422,
        "编号是12位，里面有一位不对。对照收据再看一遍。",
        "The number has 12 digits and one is wrong; see your receipt.",
    ),
    "code.wrong": Text(
        422,
        "编号和查询码对不上。查询码是8位，收据上有。",
        "Number and code do not match. The code has 8 characters; see your receipt.",
    ),
    "code.locked": Text(
        429,
        "试的次数太多。{minutes}分钟后再试，或带收据到窗口查。",
        "Too many tries. Try again in {minutes} minutes, or bring the receipt to the counter.",
    ),
    "code.let-go": Text(
        401,
        "隔的时间太长，页面已经关上。返回“查进度”，再写一次编号和查询码。",
        'The page was closed after a while. Go to "Check progress" and write number and code once more.',
    ),
    "withdrawal.asked": Text(409, "您已经申请撤回。", "You have asked to withdraw it already."),
    "petition.not-found": Text(404, "没有找到这件诉求。", "There is no such petition."),
    "petition.ended": Text(409, "这件诉求已经办结。", "This petition has ended already."),
    "verdict.no-reply": Text(
        409, "还没有答复。收到答复以后再评价。", "There is no reply yet; say what you think of it once it has come."
    ),
    "verdict.unchanged": Text(409, "和上次的评价一样，不用再交。", "The same as you said before; no need to send it."),
    "vault.not-entitled": Text(
        403, "这份资料只给承办这件事的人看。", "This may be read by those who handle the matter."
    ),
    "vault.not-there": Text(404, "没有这份资料。", "There is no such text."),
    "vault.erased": Text(
        410, "这个人的资料已经删除，读不出来。", "This person's data were erased; nobody can read them."
    ),
    "vault.again": Text(
        409,
        "上次查看已经过了一会儿。换一个新编号再查。",
        "That reading was a while ago; ask again under a new command id.",
    ),
    "petition.exists": Text(
        409,
        "这个诉求编号已经用过。每件诉求用一个新编号。",
        "A petition with this id exists; each has an id of its own.",
    ),
    "period.backwards": Text(422, "结束日早于开始日。", "The last day lies before the first."),
    "round.exists": Text(
        409,
        "这个轮次编号已经用过。每一轮用一个新编号。",
        "A round with this id exists; each has an id of its own.",
    ),
    "round.not-found": Text(404, "没有找到这一轮测评。", "There is no such round."),
    "round.closed": Text(409, "这一轮测评已经结束。", "This round is closed."),
    "round.still-open": Text(
        409,
        "这一轮收到{closes}为止，过了这一天再结束。",
        "Answers are taken until the end of {closes}; close the round after that day.",
    ),
    "round.closes-past": Text(
        422, "截止日已经过去，选今天或以后的日子。", "The last day for answers has passed; choose today or later."
    ),
    "round.zone-missing": Text(422, "写明是哪个责任区。", "Name the zone that the round is about."),
    "round.too-many": Text(
        422, "一轮最多{most}人，分几轮测评。", "At most {most} people are asked in a round; ask more in several."
    ),
    "rounds.too-many-codes": Text(
        422,
        "一次最多{most}个测评码，分几次开。",
        "At most {most} codes at a time; open the rounds in parts.",
    ),
    "rating.unknown": Text(
        422,
        "没有这个测评码，或者这一轮已经结束。对照卡片再输一次，字母里没有 I、L、O、U。",
        "There is no such code, or its round is over. Compare it with the card; codes have no I, L, O or U.",
    ),
    "rating.own": Text(
        403,
        "这一轮测评的是您本人，测评码留给别人用。测评码没有用掉。",
        "This round is about you; the code is for somebody else, and was not used.",
    ),
    "rating.wait": Text(
        429,
        "试了多次都不对，15分钟后再试，或找发码的人。",
        "Several codes did not match. Try again in 15 minutes, or ask whoever gave you the code.",
    ),
    "mark.unchanged": Text(409, "和现有的评分一样，不用再评。", "The mark already is what you give."),
}

BY_TAG = {
    "visits": (
        *("visit.exists", "visit.not-found", "visit.withdrawn", "visit.other-id", "visit.unchanged"),
        *("need.", "zone.unknown", "vault.erased"),
    ),
    "petitions": (
        *("petition.exists", "petition.not-found", "petition.ended", "category.unknown", "zone.unknown"),
        *("told.no-words", "complaint.", "need.about-officials", "verdict.", "withdrawal.", "vault.erased"),
    ),
    "follow": ("code.mistyped", "code.wrong", "code.locked", "petition.ended", "verdict.", "withdrawal.", "vault."),
    "vault": ("vault.",),
    "listing": ("category.unknown",),
    "ratings": ("round.", "rounds.", "rating.", "mark.", "period.backwards"),
}
"""How the codes begin that routes of a tag may answer; what no route here answers is of pages alone."""
