"""assignment's settings beside the common ones."""

import json
from pathlib import Path

from lianxin_schemas.ids import OfficeId
from pydantic import Field

from services.assignment.domain.days_off import DaysOff
from services.assignment.domain.limits import Law
from services.runtime.settings import Settings as Common


class Settings(Common):
    """LIANXIN_<FIELD> in the environment."""

    county_office: OfficeId = "county-office"
    """Whoever answers where no zone's leader does; its staff may assign cases."""
    law: Path = Path(__file__).parent / "law.json"
    """Days of each limit, with version and the day it holds from."""
    days_off: Path = Path(__file__).parent / "days_off.json"
    """Days off and make-up working days by year, with the notices they stand in."""
    near_days: int = Field(default=7, ge=1, le=365)
    """Days after today for which a limit is near."""
    oldest_days: int = Field(default=90, ge=1, le=36_500)
    """Steps done longer ago need the import role."""

    def read_law(self) -> Law:
        """The law and the days off as the files have them. Raises OSError or ValueError when there are none to read."""
        days_off = DaysOff.model_validate_json(self.days_off.read_bytes())
        return Law.model_validate(json.loads(self.law.read_bytes()) | {"days_off": days_off})
