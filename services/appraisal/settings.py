"""appraisal's settings beside the common ones."""

from pathlib import Path

from services.runtime.settings import Settings as Common

SHIPPED = Path(__file__).parent / "policies"
"""The policies that an installation begins with, a JSON file each."""


class Settings(Common):
    """LIANXIN_<FIELD> in the environment."""

    policy: str = "first"
    """The policy that a score is under where the question names none."""
