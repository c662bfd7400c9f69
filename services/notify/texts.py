"""What a mail says: Chinese first, English below; never what a petition or its answer says (N2, P1)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from babel.dates import format_date
from babel.messages.pofile import read_po
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from lianxin_schemas.events.notices import NoticeReason

from services.notify.domain.quiet import SHANGHAI

HERE = Path(__file__).parent
DAY = {"zh": "y年M月d日", "en": "d MMMM y"}


@dataclass(frozen=True)
class About:
    """What a mail tells: why, when that happened, the limit where there is one, and where to look."""

    reason: NoticeReason
    happened: datetime
    limit: datetime | None
    link: str


class Words:
    """The templates, and the catalogue by which they speak Chinese; their own words are English."""

    def __init__(self) -> None:
        loader = FileSystemLoader(HERE / "templates")
        environment = Environment(loader=loader, undefined=StrictUndefined, trim_blocks=True, autoescape=False)
        self._templates = {reason: environment.get_template(f"{reason}.txt") for reason in NoticeReason}
        with (HERE / "locale" / "zh.po").open("rb") as file:
            self._chinese = {str(message.id): str(message.string) for message in read_po(file) if message.id}

    def mail(self, about: About) -> tuple[str, str]:
        """Subject and body."""
        zh, en = (self._speak(about, locale) for locale in ("zh", "en"))
        return f"{zh[0]} / {en[0]}", f"{zh[1]}\n\n----\n\n{en[1]}\n"

    def _speak(self, about: About, locale: str) -> tuple[str, str]:
        """The first line of a template is the subject."""
        template: Template = self._templates[about.reason]
        text = template.render(
            _=self._translator(locale),
            happened=_day(about.happened, locale),
            limit=about.limit and _day(about.limit - timedelta(microseconds=1), locale),
            link=about.link,
        )
        subject, _, body = text.partition("\n")
        return subject, body.strip()

    def _translator(self, locale: str) -> Callable[..., str]:
        def translate(text: str, **values: str) -> str:
            return (self._chinese[text] if locale == "zh" else text) % values

        return translate


def _day(moment: datetime, locale: str) -> str:
    """The local day of a moment. A limit is the end of its last day, so ask for the instant before it."""
    return format_date(moment.astimezone(SHANGHAI).date(), DAY[locale], locale=locale)
