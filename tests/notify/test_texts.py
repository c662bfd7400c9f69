"""What a mail says (N2): Chinese first, English below, by the rules for words, and never the words of a petition."""

import re
from datetime import datetime

import pytest
from lianxin_schemas.events.notices import NoticeReason

from services.notify.domain.quiet import SHANGHAI
from services.notify.texts import About, Words

HAPPENED = datetime(2026, 3, 10, 0, 30, tzinfo=SHANGHAI)
LIMIT = datetime(2026, 5, 12, tzinfo=SHANGHAI)
RESIDENTS = [reason for reason in NoticeReason if reason is not NoticeReason.CASE_ASSIGNED]


def mail(
    reason: NoticeReason, limit: datetime | None = LIMIT, link: str = "https://county.example/"
) -> tuple[str, str]:
    return Words().mail(About(reason, HAPPENED, limit, link))


@pytest.mark.parametrize("reason", NoticeReason)
def test_N2_chinese_stands_first_and_says_what_english_says(reason):
    subject, body = mail(reason)
    zh, en = body.split("\n----\n")
    assert re.search(r"[\u4e00-\u9fff]", zh)
    assert not re.search(r"[\u4e00-\u9fff]", en)
    assert re.fullmatch(r"[\u4e00-\u9fff]+ / [ A-Za-z]+", subject)
    assert len(zh.strip().splitlines()) == len(en.strip().splitlines())
    assert ("2026年3月10日" in zh, "10 March 2026" in en) == (True, True)
    assert zh.count("https://county.example/") == en.count("https://county.example/") == 1


@pytest.mark.parametrize("reason", NoticeReason)
def test_N2_words_follow_the_rules_of_pages(reason):
    subject, body = mail(reason)
    zh = subject.split(" / ")[0] + "\n" + body.split("\n----\n")[0]
    assert not re.search("你|请|抱歉|无效|非法|[!！]", zh + body)
    sentences = re.split(r"[。\n]", re.sub(r"https?://\S+", "", zh))
    assert [sentence for sentence in sentences if len(sentence) > 25] == []


@pytest.mark.parametrize("reason", [NoticeReason.PETITION_ACCEPTED, NoticeReason.CASE_ASSIGNED])
def test_C3a_a_limit_is_told_as_its_last_day(reason):
    assert "2026年5月11日" in mail(reason)[1]
    assert "11 May 2026" in mail(reason)[1]
    assert "5月" not in mail(reason, limit=None)[1]


@pytest.mark.parametrize("reason", NoticeReason)
def test_without_an_address_of_the_pages_no_line_is_broken(reason):
    _, body = mail(reason, link="")
    assert not re.search(r"%\(|None|打开|Open", body)


@pytest.mark.parametrize("reason", RESIDENTS)
def test_U2_a_resident_is_told_to_use_the_receipt(reason):
    zh, en = mail(reason)[1].split("\n----\n")
    assert ("回执" in zh, "receipt" in en) == (True, True)
