"""The register as files: what `python -m services.assignment register load FOLDER` takes."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from deploy.demo import real, regions
from deploy.demo.regions import Row

COLUMNS: Mapping[str, Row] = {
    "regions": ("region", "level", "parent", "zh", "en"),
    "offices": ("office", "sector", "region", "zh", "en"),
    "cadres": ("cadre", "office", "rank", "strengths"),
    "terms": ("cadre", "since", "until"),
    "zones": ("zone", "level", "region"),
    "leaders": ("zone", "cadre", "since", "until"),
    "groups": ("group", "zone"),
    "households": ("household", "group", "care"),
    "pairings": ("household", "cadre", "since", "until"),
}
PEOPLE = ("cadre", "name", "telephone", "mail")
NEEDS = ("household", "needs")
DISTRICTS_SINCE = "2010-01-01"
"""Before the first of the real petitions: one leader answers for all of a district's."""

Tables = Mapping[str, tuple[Row, ...]]
"""The rows of each file; an empty `until` is in force."""


def districts() -> Tables:
    """Each district of the real petitions as a zone, with a made-up leader in an office of its own."""
    zones = [zone for zone in map(real.zone_of, real.districts()) if zone]
    return {
        "offices": tuple(
            (f"{zone}-office", "party-government", regions.BOARDS, f"{name}办事处", f"Office of {name}")
            for zone, name in zip(zones, real.districts(), strict=True)
        ),
        "cadres": tuple((f"{zone}-leader", f"{zone}-office", "county", "") for zone in zones),
        "terms": tuple((f"{zone}-leader", DISTRICTS_SINCE, "") for zone in zones),
        "zones": tuple((zone, "township", regions.BOARDS) for zone in zones),
        "leaders": tuple((zone, f"{zone}-leader", DISTRICTS_SINCE, "") for zone in zones),
    }


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


def write_people(columns: Row, rows: Iterable[Row], file: Path) -> None:
    """Writes a file that intake's vault is loaded from: how cadres are reached, or why households need care."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened, lineterminator="\n").writerows([columns, *rows])
