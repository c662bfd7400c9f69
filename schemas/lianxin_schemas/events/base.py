"""What every event is: frozen, closed against unknown fields, with a name, a version and a stream."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A group of fields. Unknown fields are refused, so that nothing slips in unseen or is dropped unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Event(Part):
    """One thing that happened. `name` and `version` never change once published."""

    name: ClassVar[str]
    version: ClassVar[int] = 1

    @property
    def stream(self) -> str:
        """The stream it belongs to, which is also the envelope's `subject` and the message's key."""
        raise NotImplementedError

    @classmethod
    def type(cls) -> str:
        """The CloudEvents type, as in `lianxin.visit.logged.v1`."""
        return f"lianxin.{cls.name}.v{cls.version}"
