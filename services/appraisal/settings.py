"""appraisal's settings beside the common ones."""

from pathlib import Path

from services.runtime.settings import Settings as Common


class Settings(Common):
    """LIANXIN_<FIELD> in the environment."""

    policies: Path = Path(__file__).parent / "policies"
    """The folder of policies, one JSON file for each version."""
