"""Everything said on pages is there in Chinese and in English, and dates read as people say them (A-15)."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.web import dates, language
from services.web.dates import LOCAL
from services.web.extract import catalogue, folders, used
from services.web.language import Words, speaking

ZH, EN = Words("zh"), Words("en")
PLACES = re.compile(r"%\((\w+)\)s")


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_every_text_of_the_code_has_its_chinese_and_no_other_is_kept(folder: Path) -> None:
    said, shared = used(folder), set() if folder.name == "web" else set(used(folders()[0]))
    texts = {m.id if isinstance(m.id, str) else m.id[0]: m for m in catalogue(folder) if m.id}
    assert said, "the walk sees the texts"
    assert set(texts) == set(said) - shared, "run `python -m services.web.extract`"
    for first, message in texts.items():
        zh = message.string if isinstance(message.string, str) else (message.string or [""])[0]
        assert zh.strip(), f"{first} has no Chinese"
        assert not message.fuzzy, first
        assert not any("一" <= sign <= "鿿" for sign in first), f"{first} is the English"
        assert set(PLACES.findall(zh)) == set(PLACES.findall(first)), first
        assert "你" not in zh, first
        assert not re.search("无效|非法|抱歉|！", zh), first
        assert "!" not in first


def test_a_msgid_reads_as_it_stands_in_english_and_as_the_catalogue_in_chinese(tmp_path: Path) -> None:
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "zh.po").write_text(
        'msgid "%(num)s day"\nmsgid_plural "%(num)s days"\nmsgstr[0] "%(num)s天"\n\n'
        'msgid "Hello %(name)s"\nmsgstr "%(name)s好"\n'
    )
    read = language.read(tmp_path)
    said = {}
    for name, words in read.items():
        with speaking(words):
            said[name] = [language.ngettext("%(num)s day", "%(num)s days", n) for n in (1, 2)]
            said[name].append(language._("Hello %(name)s", name="A%s"))
    assert said == {"zh": ["1天", "2天", "A%s好"], "en": ["1 day", "2 days", "Hello A%s"]}
    with pytest.raises(LookupError):
        language._("Hello")


def test_a_moment_is_a_day_with_its_weekday_a15(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: date(2026, 11, 1))
    due = datetime(2026, 11, 25, 10, tzinfo=UTC)
    with speaking(ZH):
        assert dates.before(due) == '<time datetime="2026-11-25T18:00+08:00">11月25日（星期三）18:00前</time>'
        assert dates.moment(due).striptags() == "11月25日（星期三）18:00"
        assert dates.day(due).striptags() == "11月25日（星期三）"
        assert dates.day(date(2027, 1, 12)).striptags() == "2027年1月12日（星期二）"
        assert dates.month(date(2026, 11, 1)) == "2026年11月"
    with speaking(EN):
        assert dates.before(due).striptags() == "before 18:00 on Wednesday 25 November"
        assert dates.day(date(2027, 1, 12)).striptags() == "Tuesday 12 January 2027"
        assert dates.month(date(2026, 11, 1)) == "November 2026"


def test_midnight_is_the_end_of_the_day_before_c3a(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: date(2026, 11, 1))
    midnight = datetime(2026, 11, 26, tzinfo=LOCAL)
    with speaking(ZH):
        assert dates.before(midnight).striptags() == "11月25日（星期三）24:00前"
    assert dates.days_left(midnight, datetime(2026, 11, 25, 23, 59, tzinfo=LOCAL)) == 0
    assert dates.days_left(midnight, datetime(2026, 11, 2, 0, 1, tzinfo=LOCAL)) == 23
    assert dates.days_left(midnight, midnight) == -1
    assert dates.days_left(midnight, datetime(2026, 11, 28, 23, tzinfo=LOCAL)) == -3


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.timedeltas(timedelta(-999), timedelta(999)))
def test_days_left_are_negative_exactly_from_the_last_moment_on(due: datetime, off: timedelta) -> None:
    due = due.replace(tzinfo=LOCAL)
    now = due + off
    assert (dates.days_left(due, now) < 0) == (now >= due)


def test_thousands_are_separated_from_five_digits_on() -> None:
    assert [dates.number(n) for n in (0, 9999, 10_000, 1_234_567)] == ["0", "9999", "10,000", "1,234,567"]
    assert (dates.number(1234.5, 1), dates.percent(0.934), dates.percent(0.934, 1)) == ("1234.5", "93%", "93.4%")
