"""The register as files: what `python -m services.assignment register load FOLDER` takes."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from deploy.demo import real

Row = tuple[str, ...]

COLUMNS: Mapping[str, Row] = {
    "regions": ("region", "level", "parent", "zh", "en"),
    "offices": ("office", "sector", "region", "zh", "en"),
    "cadres": ("cadre", "office", "rank"),
    "terms": ("cadre", "since", "until"),
    "zones": ("zone", "level", "region"),
    "leaders": ("zone", "cadre", "since", "until"),
    "groups": ("group", "zone"),
    "households": ("household", "group"),
    "pairings": ("household", "cadre", "since", "until"),
}
PROVINCE, CITY, COUNTY = "990000", "999900", "999901"
"""Made-up codes: of everything, and of where the township lies."""
DISTRICTS_SINCE = "2010-01-01"
"""Before the first of the real petitions: one leader answers for all of a district's."""

Tables = Mapping[str, tuple[Row, ...]]
"""The rows of each file; an empty `until` is in force."""


def districts() -> Tables:
    """Each district of the real petitions as a zone, with a made-up leader in an office of its own."""
    named = {zone: name for name in real.districts() if (zone := real.zone_of(name))}
    zones = list(named)
    codes = {zone: _code(name) for zone, name in named.items()}
    return {
        "regions": (
            (PROVINCE, "province", "", "示范省", "Example Province"),
            *(
                (code, "county", f"{code[:4]}00", named[zone], "")
                if code[4:] != "00"
                else (code, "prefecture", PROVINCE, named[zone], "")
                for zone, code in codes.items()
            ),
        ),
        "offices": tuple(
            (f"{zone}-office", "party-government", code, f"{named[zone]}信访局", "") for zone, code in codes.items()
        ),
        "cadres": tuple((f"{zone}-leader", f"{zone}-office", "county") for zone in zones),
        "terms": tuple((f"{zone}-leader", DISTRICTS_SINCE, "") for zone in zones),
        "zones": tuple((zone, "township", codes[zone]) for zone in zones),
        "leaders": tuple((zone, f"{zone}-leader", DISTRICTS_SINCE, "") for zone in zones),
    }


def _code(district: str) -> str:
    """`A市` is the first city of the province, `A7县` the seventh county of that."""
    return f"{PROVINCE[:2]}{ord(district[0]) - ord('A') + 1:02}{int(district[1:-1] or '0'):02}"


def together(parts: Iterable[Tables]) -> Tables:
    """Several registers as one."""
    found: dict[str, tuple[Row, ...]] = dict.fromkeys(COLUMNS, ())
    for part in parts:
        for name, rows in part.items():
            found[name] += rows
    return found


def write(tables: Tables, folder: Path) -> int:
    """Writes the files into a folder that exists; answers with the number of rows."""
    for name, columns in COLUMNS.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([columns, *tables[name]])
    return sum(len(tables[name]) for name in COLUMNS)
