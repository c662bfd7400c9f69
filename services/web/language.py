"""What users read, in their language: English msgids in the code, Chinese beside them in locale/zh.po.

`_` and `ngettext` speak the language of the request that is being answered, in templates and in Python alike. The
catalogues are read as text at start; nothing is compiled. `python -m services.web.extract` brings them up to date.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from babel.messages.pofile import read_po

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Words:
    """A language, and what the msgids read in it; a msgid that has no entry reads as it stands."""

    language: Language
    texts: Mapping[str, str] = field(default_factory=dict)

    def one(self, msgid: str) -> str:
        """The text of a msgid."""
        return self.texts.get(msgid, msgid)

    def many(self, singular: str, plural: str, num: int) -> str:
        """The text for a number of things. Chinese has one form for all numbers."""
        return self.texts.get(singular) or (singular if num == 1 else plural)

    def of(self, zh: str, en: str) -> str:
        """Whichever of two texts is in this language."""
        return zh if self.language == "zh" else en


def read(*folders: Path) -> dict[Language, Words]:
    """The words of a service: those of `folders`/locale/zh.po together. Raises OSError or ValueError."""
    texts: dict[str, str] = {}
    for file in (folder / "locale" / "zh.po" for folder in folders):
        if not file.exists():
            continue
        with file.open("rb") as lines:
            for message in read_po(lines, locale="zh", abort_invalid=True):
                first = message.id if isinstance(message.id, str) else message.id[0]
                said = message.string if isinstance(message.string, str) else (message.string or [""])[0]
                if first and said and not message.fuzzy:
                    texts[first] = said
    return {"zh": Words("zh", texts), "en": Words("en")}


_SPEAKING: ContextVar[Words | None] = ContextVar("speaking", default=None)


@contextmanager
def speaking(words: Words) -> Iterator[None]:
    """Everything said inside is said in these words."""
    token = _SPEAKING.set(words)
    try:
        yield
    finally:
        _SPEAKING.reset(token)


def spoken() -> Words:
    """The words in use. Raises LookupError outside `speaking`."""
    words = _SPEAKING.get()
    if words is None:
        raise LookupError("nobody is spoken to: this runs outside `speaking`")
    return words


def _(msgid: str, **values: Any) -> str:
    """The text of a msgid with `%(name)s` filled in; a per cent sign is written `%%`, as in templates."""
    return spoken().one(msgid) % values


def ngettext(singular: str, plural: str, num: int, **values: Any) -> str:
    """The text for a number of things, `%(num)s` among its values."""
    return spoken().many(singular, plural, num) % {"num": num, **values}


def noted(msgid: str) -> str:
    """A msgid that is said later: marks it for the catalogue, and leaves it as it is."""
    return msgid
