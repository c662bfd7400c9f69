"""What a mail says: Chinese first, English below; never what a petition or its answer says (N2, P1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from lianxin_schemas.events.notices import NoticeReason

from services.notify.domain.quiet import SHANGHAI
from services.web import language
from services.web.language import Language

HERE = Path(__file__).parent
DAY: dict[Language, str] = {"zh": "y年M月d日", "en": "d MMMM y"}


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
        self._words = language.read(HERE)

    def mail(self, about: About) -> tuple[str, str]:
        """Subject and body."""
        zh, en = (self._speak(about, spoken) for spoken in language.LANGUAGES)
        return f"{zh[0]} / {en[0]}", f"{zh[1]}\n\n----\n\n{en[1]}\n"

    def _speak(self, about: About, spoken: Language) -> tuple[str, str]:
        """The first line of a template is the subject."""
        template: Template = self._templates[about.reason]
        with language.speaking(self._words[spoken]):
            text = template.render(
                _=language._,
                happened=_day(about.happened, spoken),
                limit=about.limit and _day(about.limit - timedelta(microseconds=1), spoken),
                link=about.link,
            )
        subject, _, body = text.partition("\n")
        return subject, body.strip()


def _day(moment: datetime, spoken: Language) -> str:
    """The local day of a moment. A limit is the end of its last day, so ask for the instant before it."""
    return format_date(moment.astimezone(SHANGHAI).date(), DAY[spoken], locale=spoken)
