"""intake's settings beside the common ones."""

from pydantic import Field

from services.runtime.database import conninfo
from services.runtime.settings import Settings as Common

BESIDE = ("vault", "keys")
"""Databases beside the service's own: the vault keeps sealed what people said and who they are, keys what it is sealed
with. Apart, so that the backups of keys can be short-lived: an erasure is complete when they have run out (P1)."""


class Settings(Common):
    """LIANXIN_<FIELD> in the environment."""

    oldest_days: int = Field(default=90, ge=1, le=36_500)
    """Entries about anything older need the import role."""
    vault_postgres: str | None = None
    """The server of <space>_vault, a URL without a database; None is the common one."""
    keys_postgres: str | None = None
    """The server of <space>_keys, likewise."""
    keys_backup_days: int = Field(default=30, ge=0, le=3_660)
    """For how many days backups of <space>_keys are kept: an erasure is complete after them (P1)."""

    def database(self, service: str, *, guarded: bool = True) -> str:
        """The connection string of intake's own database, of `vault` or of `keys`."""
        server = {"vault": self.vault_postgres, "keys": self.keys_postgres}.get(service) or self.postgres
        return conninfo(server, f"{self.space}_{service}", guarded=guarded)

    reception: str = ""
    """Where and on which days residents are received, as pages say it, in Chinese and in English (C1)."""
    reception_en: str = ""
