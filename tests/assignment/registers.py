"""Registers that tests load, and what is wrong with them."""

from collections.abc import Mapping
from pathlib import Path

from services.assignment.domain.checks import check
from services.assignment.domain.register import Register, changes, evolve
from services.assignment.reading import read
from tests.assignment.given import SMALL, rows_of, write_files

REGIONS, OFFICES = SMALL["regions.csv"], SMALL["offices.csv"]
STRONG = ["c1,office-a,village,", "c2,office-a,township,law;mediation", "c3,office-b,county,water"]
NEEDY = ["h1,g1,", "h2,g2,some", "h3,g3,much"]
REASONS = ("hardship", "empty-nest-elder", "left-behind-child", "disabled", "hardship-party-member")
"""Why a household needs care: what no event may ever hold, wherever somebody writes it."""


def held(*loads: Mapping[str, list[str]]) -> Register:
    """The register after these loads."""
    register = Register()
    for files in loads:
        for change in list(changes(register, rows_of(files))):
            for event, _ in change.events:
                evolve(register, event)
    return register


def faults(tmp_path: Path, files: Mapping[str, list[str]], register: Register | None = None) -> list[str]:
    """Places of all faults, as in `terms.csv:3 since`."""
    found = read(write_files(tmp_path / "register", files))
    every = [*found.faults, *check(register or Register(), found.rows, found.broken)]
    return [str(fault).split(": ")[0] for fault in sorted(every)]
