"""intake's settings beside the common ones."""

from pydantic import Field

from services.runtime.settings import Settings as Common


class Settings(Common):
    """LIANXIN_<FIELD> in the environment."""

    oldest_days: int = Field(default=90, ge=1, le=36_500)
    """Entries about anything older need the import role."""
