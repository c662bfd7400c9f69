"""assignment's settings beside the common ones."""

from pathlib import Path

from lianxin_schemas.ids import OfficeId
from pydantic import Field

from services.assignment.domain.limits import Law
from services.runtime.settings import Settings as Common


class Settings(Common):
    """LIANXIN_<FIELD> in the environment."""

    county_office: OfficeId = "county-office"
    """Whoever answers where no zone's leader does; its staff may assign cases."""
    law: Path = Path(__file__).parent / "law.json"
    """Days of each limit, with version and the day it holds from."""
    oldest_days: int = Field(default=90, ge=1, le=36_500)
    """Steps done longer ago need the import role."""

    def read_law(self) -> Law:
        """The law as the file has it. Raises OSError or ValueError when there is none to read."""
        return Law.model_validate_json(self.law.read_bytes())
