"""notify's settings beside the common ones."""

from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from services.notify.domain.quiet import Quiet
from services.runtime.settings import Settings as Common

Seconds = Annotated[float, Field(gt=0, le=30 * 86_400)]


class Tls(StrEnum):
    """How the mail server is spoken to."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Settings(Common):
    """LIANXIN_<FIELD> in the environment."""

    smtp_host: str = ""
    """The mail server. Without one `send` sends nothing, and mail waits."""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_tls: Tls = Tls.STARTTLS
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_password_file: Path | None = None
    """A file with the password, read anew for each mail; stands above `smtp_password`."""
    smtp_from: str = Field(default="", validate_default=True)
    """The address that mail comes from."""
    smtp_timeout: Seconds = 10.0
    """For each step of the talk with the mail server."""

    vault: str = "http://127.0.0.1:8001"
    """Where intake answers, whose vault has the addresses."""
    vault_timeout: Seconds = 5.0

    senders: int = Field(default=2, ge=1, le=50)
    """Mails that one process sends at the same time."""
    notice_retries: Annotated[tuple[Seconds, ...], Field(max_length=99)] = (60, 300, 900, 3_600, 21_600, 86_400)
    """Seconds from each failed try to the next, as a JSON list; after the last the notice is given up."""
    notice_lease: Seconds = Field(default=120.0, validate_default=True)
    """For how long a claimed notice belongs to one sender."""
    quiet_from: time = time(21)
    """Residents get no mail from here …"""
    quiet_until: time = time(8)
    """… to here, local time; the same twice: mail at any hour."""

    @property
    def quiet(self) -> Quiet:
        """The quiet hours."""
        return Quiet(self.quiet_from, self.quiet_until)

    def password(self) -> str:
        """The mail server's password as it is now. Raises OSError when its file cannot be read."""
        file = self.smtp_password_file
        return file.read_text().strip() if file else self.smtp_password.get_secret_value()

    @field_validator("smtp_user")
    @classmethod
    def _never_in_the_open(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("smtp_tls") is Tls.NONE:
            raise ValueError("a password never goes over an open line: set LIANXIN_SMTP_TLS to starttls or tls")
        return value

    @field_validator("smtp_from")
    @classmethod
    def _from_somewhere(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("smtp_host") and "@" not in value:
            raise ValueError("name the address that mail comes from")
        return value

    @field_validator("notice_lease")
    @classmethod
    def _outlasts_a_try(cls, value: float, info: ValidationInfo) -> float:
        # Mail is handed over in the first half of the lease or not at all, in four steps at most.
        longest = max(4 * info.data.get("smtp_timeout", 0), info.data.get("vault_timeout", 0))
        if value < 2 * longest:
            raise ValueError(f"too short for the timeouts of mail server and vault: at least {2 * longest:g} s")
        return value
