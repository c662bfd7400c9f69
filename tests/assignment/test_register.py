"""Loading the register, without a database (R6, Z2): what is refused, and what a load changes."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lianxin_schemas.events.responsibility import (
    CadreRegistered,
    Care,
    HouseholdRegistered,
    OfficeRegistered,
    Rank,
    RegionLevel,
    RegionRegistered,
    Sector,
    Strength,
    TermEnded,
    TermStarted,
    ZoneDrawn,
    ZoneLevel,
)

from services.assignment.domain.checks import check
from services.assignment.domain.regions import level_of, parent_of
from services.assignment.domain.register import Register, changes, evolve, fold, merged
from services.assignment.loading import decide
from services.assignment.reading import read
from services.runtime import log
from tests.assignment.given import NOW, SMALL, changed, rows_of, write_files

REGIONS, OFFICES = SMALL["regions.csv"], SMALL["offices.csv"]
STRONG = ["c1,office-a,village,", "c2,office-a,township,law;mediation", "c3,office-b,county,water"]
NEEDY = ["h1,g1,", "h2,g2,some", "h3,g3,much"]
REASONS = ("hardship", "empty-nest-elder", "left-behind-child", "disabled", "hardship-party-member")
"""Why a household needs care: what no event may ever hold, wherever somebody writes it."""


def held(*loads) -> Register:
    """The register after these loads."""
    register = Register()
    for files in loads:
        for change in list(changes(register, rows_of(files))):
            for event, _ in change.events:
                evolve(register, event)
    return register


def faults(tmp_path, files, register=None) -> list[str]:
    """Places of all faults, as in `terms.csv:3 since`."""
    found = read(write_files(tmp_path / "register", files))
    every = [*found.faults, *check(register or Register(), found.rows, found.broken)]
    return [str(fault).split(": ")[0] for fault in sorted(every)]


def test_R6_the_small_register_is_whole(tmp_path):
    assert faults(tmp_path, SMALL) == []


@pytest.mark.parametrize(
    ("files", "places"),
    [
        (
            {"regions": REGIONS[1:]},
            ["offices.csv:2 region", "regions.csv:2 parent"],
        ),  # R1: its parent is neither here nor there
        ({"regions": [*REGIONS, "990102,county,,另一县,"]}, ["regions.csv:5 parent"]),  # two tops are no tree
        ({"regions": [*REGIONS, "990101002000,township,990101001000,乙镇,"]}, ["regions.csv:5 parent"]),
        ({"regions": [*REGIONS, "990102001000,township,990101,乙镇,"]}, ["regions.csv:5 parent"]),  # another prefix
        ({"regions": [*REGIONS, "990101002001,village,990101001000,二村,"]}, ["regions.csv:5 parent"]),
        ({"regions": [*REGIONS, "990101002001,village,990101,二村,"]}, ["regions.csv:5 parent"]),  # a level between
        ({"regions": [*REGIONS, "990101002000,village,990101001000,二村,"]}, ["regions.csv:5 level"]),
        ({"regions": [*REGIONS, "990001,county,,无市县,"]}, ["regions.csv:5 level"]),
        ({"regions": [*REGIONS, "990101001001001,group,990101001001,一组,"]}, []),
        ({"regions": [*REGIONS, "99010,county,,短,"]}, ["regions.csv:5 region"]),
        ({"regions": [*REGIONS, "990101002000,town,990101,乙镇,"]}, ["regions.csv:5 level"]),
        ({"regions": [*REGIONS, "990101002000,township,990101,,"]}, ["regions.csv:5 zh"]),
        ({"regions": [*REGIONS, f"990101002000,township,990101,乙镇,{'x' * 61}"]}, ["regions.csv:5 en"]),
        ({"regions": [*REGIONS, REGIONS[1]]}, ["regions.csv:5 region"]),
        ({"offices": [*OFFICES, "office-c,sports,990101,丙办,"]}, ["offices.csv:5 sector"]),
        ({"offices": [*OFFICES, "office-c,other,990102,丙办,"]}, ["offices.csv:5 region"]),
        ({"offices": [*OFFICES, "office-a,other,990101,丙办,"]}, ["offices.csv:5 office"]),
        ({"offices": [*OFFICES, "office-c,other,990101, ,"]}, ["offices.csv:5 zh"]),
        ({"cadres": [*SMALL["cadres.csv"], "c4,office-c,village"]}, ["cadres.csv:5 office"]),
        ({"zones": ["z1,village,990102", "z2,group,"]}, ["zones.csv:2 region"]),
        ({"zones": ["z1,village,99", "z2,group,"]}, ["zones.csv:2 region"]),
        ({"cadres": [*SMALL["cadres.csv"], "C4,office-a,village"]}, ["cadres.csv:5 cadre"]),
        ({"cadres": [*SMALL["cadres.csv"], "c4,,village"]}, ["cadres.csv:5 office"]),
        ({"cadres": [*SMALL["cadres.csv"], "c4,office-a,emperor"]}, ["cadres.csv:5 rank"]),
        (
            {"cadres": [*SMALL["cadres.csv"], "-c4,office a,king"]},
            [f"cadres.csv:5 {c}" for c in ("cadre", "office", "rank")],
        ),
        ({"cadres": [*SMALL["cadres.csv"], "c4,office-a"]}, ["cadres.csv:5"]),
        ({"cadres": [*SMALL["cadres.csv"], "c4,office-a,village,more"]}, ["cadres.csv:5"]),
        ({"cadres": [*SMALL["cadres.csv"], "c1,office-b,village"]}, ["cadres.csv:5 cadre"]),
        ({"cadres": STRONG}, []),  # R3
        ({"cadres": [*STRONG, "c4,office-a,village,singing"]}, ["cadres.csv:5 strengths"]),
        ({"cadres": [*STRONG, "c4,office-a,village,law;"]}, ["cadres.csv:5 strengths"]),
        ({"cadres": [*STRONG, "c4,office-a,village,law mediation"]}, ["cadres.csv:5 strengths"]),
        ({"cadres": [*STRONG, "c4,office-a,village,Law;x"]}, ["cadres.csv:5 strengths"]),  # one fault a cell
        ({"cadres": [*STRONG, "c4,office-a,emperor,tax"]}, ["cadres.csv:5 rank", "cadres.csv:5 strengths"]),
        ({"cadres": [*STRONG, "c4,office-a,village"]}, ["cadres.csv:5"]),
        ({"households": NEEDY}, []),  # R4
        ({"households": [*NEEDY, "h4,g1,all"]}, ["households.csv:5 care"]),
        ({"households": [*NEEDY, "h4,g9,some;much"]}, ["households.csv:5 care"]),
        ({"households": [*NEEDY, "h4,g1"]}, ["households.csv:5"]),
        ({"terms": ["c1,2020-02-30,"]}, ["terms.csv:2 since"]),
        ({"terms": ["c1,20200201,"]}, ["terms.csv:2 since"]),
        ({"terms": ["c1,1580515200,"]}, ["terms.csv:2 since"]),
        ({"terms": ["c1,1949-12-31,"]}, ["terms.csv:2 since"]),
        ({"terms": ["c1,2020-01-01,2199-01-01"]}, ["terms.csv:2 until"]),
        ({"terms": ["c1,,"]}, ["terms.csv:2 since"]),
        ({"terms": ["c9,2020-01-01,"]}, ["terms.csv:2 cadre"]),
        ({"terms": ["c1,2020-01-02,2020-01-01"]}, ["terms.csv:2 until"]),
        ({"terms": ["c1,2020-01-02,2020-01-02"]}, []),
        ({"terms": ["c1,2020-01-01,", "c1,2021-01-01,2021-12-31"]}, ["terms.csv:3 since"]),
        ({"terms": ["c1,2020-01-01,2020-12-31", "c1,2020-12-31,"]}, ["terms.csv:3 since"]),
        ({"terms": ["c1,2020-01-01,2020-12-31", "c1,2022-01-01,"]}, []),
        (
            {"terms": ["c1,2020-01-01,", "c1,2021-01-01,2021-12-31", "c1,2022-01-01,2022-12-31"]},
            ["terms.csv:3 since", "terms.csv:4 since"],
        ),
        ({"terms": ["c1,2020-01-01,", "c1,2020-01-01,2020-12-31"]}, ["terms.csv:3 cadre"]),
        ({"zones": [*SMALL["zones.csv"], "z3,county,"]}, ["zones.csv:4 level"]),
        ({"zones": [*SMALL["zones.csv"], "z3,group,"]}, ["zones.csv:4 zone"]),  # Z2: nobody leads it
        ({"groups": [*SMALL["groups.csv"], "g4,z9"]}, ["groups.csv:5 zone"]),
        ({"groups": [*SMALL["groups.csv"], "g1,z2"]}, ["groups.csv:5 group"]),
        ({"households": [*SMALL["households.csv"], "h4,g9"]}, ["households.csv:5 group"]),
        ({"pairings": ["h9,c1,2022-01-01,"]}, ["pairings.csv:2 household"]),
        ({"pairings": ["h1,c9,2022-01-01,"]}, ["pairings.csv:2 cadre"]),
        ({"pairings": ["h1,c1,2022-01-01,", "h1,c1,2023-01-01,"]}, ["pairings.csv:3 since"]),
        ({"pairings": ["h1,c1,2022-01-01,", "h1,c2,2022-01-01,"]}, []),
        ({"leaders": ["z1,c9,2020-01-01,", "z2,c3,2021-06-01,"]}, ["leaders.csv:2 cadre"]),
        ({"leaders": ["z1,c1,2020-01-01,", "z2,c3,2021-06-01,", "z9,c3,2021-06-01,"]}, ["leaders.csv:4 zone"]),
        ({"leaders": ["z1,c1,2020-01-01,", "z2,c3,never,"]}, ["leaders.csv:3 since"]),
    ],
)
def test_R6_every_kind_of_faulty_row_is_named(tmp_path, files, places):
    assert faults(tmp_path, changed(**files)) == places


@pytest.mark.parametrize(
    ("leaders", "places"),
    [
        (["z1,c1,2020-01-01,2020-12-31", "z1,c2,2021-01-01,"], []),
        (["z1,c1,2020-01-01,2020-12-31", "z1,c2,2021-01-02,"], ["leaders.csv:3 since"]),  # a day without
        (["z1,c1,2020-01-01,2020-12-31", "z1,c2,2020-12-31,"], ["leaders.csv:3 since"]),  # two on one day
        (["z1,c1,2020-01-01,", "z1,c2,2021-01-01,"], ["leaders.csv:3 since"]),
        (["z1,c2,2020-01-01,", "z1,c1,2020-01-01,"], ["leaders.csv:2 since"]),
        (["z1,c1,2020-01-01,2020-12-31"], ["leaders.csv:2 until"]),  # nobody afterwards
    ],
)
def test_Z2_a_zone_has_exactly_one_leader_on_every_day(tmp_path, leaders, places):
    assert faults(tmp_path, changed(leaders=[*leaders, "z2,c3,2021-06-01,"])) == places


def test_R6_a_reference_to_a_malformed_row_is_no_second_fault(tmp_path):
    files = changed(cadres=["c1,office-a,emperor", *SMALL["cadres.csv"][1:]])
    assert faults(tmp_path, files) == ["cadres.csv:2 rank"]


def test_R6_a_zone_holds_no_more_groups_than_an_event(tmp_path):
    files = changed(groups=[*SMALL["groups.csv"], *(f"more-{n},z1" for n in range(999))])
    assert faults(tmp_path, files) == ["groups.csv:2 zone"]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (None, "zones.csv:1"),
        (b"", "zones.csv:1"),
        (b"zone;level;region\nz1;village;\n", "zones.csv:1"),
        (b"level,zone,region\nvillage,z1,\n", "zones.csv:1"),
        ("zone,level,region\nz1,village,\nz2,组,\n".encode("gb18030"), "zones.csv:3"),
        (b"zone,level,region\nz1,village,\nz2,gr\0oup,\n", "zones.csv:3"),
        (b'zone,level,region\nz1,village,\n"z2,group,\n', "zones.csv:3"),
        (b'zone,level,region\nz1,village,\n"z2"x,group,\n', "zones.csv:3"),
    ],
)
def test_R6_a_file_that_is_missing_or_no_CSV_is_named(tmp_path, content, place):
    folder = write_files(tmp_path / "register")
    (folder / "zones.csv").unlink()
    if content is not None:
        (folder / "zones.csv").write_bytes(content)
    assert [str(fault).split(": ")[0] for fault in read(folder).faults] == [place]


def test_R6_a_byte_order_mark_windows_lines_and_blank_lines_are_taken(tmp_path):
    folder = write_files(tmp_path / "register")
    (folder / "zones.csv").write_bytes('\ufeffzone,level,region\r\nz1,village,\r\n\r\n"z2",group,\r\n'.encode())
    found = read(folder)
    assert found.faults == []
    assert [line for line, _ in found.rows["zones.csv"]] == [2, 4]


@pytest.mark.parametrize(
    ("name", "header"),
    [("cadres.csv", "cadre,office,strengths,rank"), ("households.csv", "household,group,care,reason")],
)
def test_R6_a_column_may_be_left_out_or_stand_last_and_no_other_way(tmp_path, name, header):
    folder = write_files(tmp_path / "register")
    (folder / name).write_text(f"{header}\n", encoding="utf-8")
    [fault] = read(folder).faults
    every = header.replace(",strengths,rank", ",rank,strengths").removesuffix(",reason")
    assert str(fault).endswith(f"The first line must be {every} or {every.rpartition(',')[0]}.")


@pytest.mark.parametrize("reason", REASONS)
def test_R4_a_reason_is_no_weight_and_never_loaded(tmp_path, reason):
    assert faults(tmp_path, changed(households=[*NEEDY, f"h4,g1,{reason}"])) == ["households.csv:5 care"]


def test_R6_faults_speak_chinese_and_english(tmp_path):
    [fault] = read(write_files(tmp_path / "register", changed(terms=["c1,soon,"]))).faults
    assert str(fault).startswith("terms.csv:2 since: 日期写成 2024-01-31 的样子")
    assert "A day is written like" in str(fault)


def test_R6_what_the_log_holds_counts_in_the_checks(tmp_path):
    register = held(SMALL)
    only: dict[str, list[str]] = {name: [] for name in SMALL}
    assert faults(tmp_path, only, register) == []
    assert faults(tmp_path, {**only, "pairings.csv": ["h2,c2,2026-01-01,"]}, register) == []
    assert faults(tmp_path, {**only, "terms.csv": ["c2,2024-01-01,"]}, register) == ["terms.csv:2 since"]
    assert faults(tmp_path, {**only, "leaders.csv": ["z1,c3,2026-01-01,"]}, register) == ["leaders.csv:2 since"]
    assert faults(tmp_path, {**only, "terms.csv": ["c1,2020-01-01,"]}, register) == ["terms.csv:2 until"]


def of(before, after) -> list[object]:
    register = held(before)
    return [event for change in changes(register, rows_of(after)) for event, _ in change.events]


def test_R6_a_refresh_writes_what_changed_alone():
    assert of(SMALL, SMALL) == []
    [event] = of(SMALL, changed(terms=["c1,2020-01-01,2024-12-31", "c2,2020-01-01,2026-06-30", "c3,2021-06-01,"]))
    assert event == TermEnded(cadre="c2", since=date(2020, 1, 1), until=date(2026, 6, 30))
    [event] = of(SMALL, changed(terms=["c1,2025-06-01,"]))
    assert event == TermStarted(cadre="c1", since=date(2025, 6, 1))
    [event] = of(SMALL, changed(offices=["office-a,other,990101001001,一村村委会,"]))
    assert event == OfficeRegistered(office="office-a", sector=Sector.OTHER, region="990101001001")
    [event] = of(SMALL, changed(zones=["z1,village,990101001000"]))
    assert event == ZoneDrawn(zone="z1", level=ZoneLevel.VILLAGE, groups=("g1", "g2"), region="990101001000")
    [event] = of(SMALL, changed(cadres=["c1,office-b,village"]))
    assert event == CadreRegistered(cadre="c1", office="office-b", rank=Rank.VILLAGE)


def test_R3_strengths_are_a_change_like_any_other():
    [event] = of(SMALL, changed(cadres=["c1,office-a,village,water;law;law"]))
    strengths = (Strength.LAW, Strength.WATER)
    assert event == CadreRegistered(cadre="c1", office="office-a", rank=Rank.VILLAGE, strengths=strengths)
    strong = changed(cadres=STRONG)
    assert of(strong, changed(cadres=["c2,office-a,township,mediation;law"])) == [], "another order is no change"
    [event] = of(strong, changed(cadres=["c2,office-a,township,law"]))
    assert event == CadreRegistered(cadre="c2", office="office-a", rank=Rank.TOWNSHIP, strengths=(Strength.LAW,))
    [event] = of(strong, changed(cadres=["c2,office-a,township,"]))
    assert event == CadreRegistered(cadre="c2", office="office-a", rank=Rank.TOWNSHIP, strengths=())


def test_R4_care_is_a_change_like_any_other():
    [event] = of(SMALL, changed(households=["h1,g1,much"]))
    assert event == HouseholdRegistered(household="h1", group="g1", care=Care.MUCH)
    needy = changed(households=NEEDY)
    assert of(SMALL, changed(households=["h1,g1,", "h2,g2,none"])) == []
    [event] = of(needy, changed(households=["h2,g2,", "h3,g3,much"]))
    assert event == HouseholdRegistered(household="h2", group="g2", care=Care.NONE)
    [event] = of(needy, changed(households=["h2,g2,much", "h3,g3,much"]))
    assert event == HouseholdRegistered(household="h2", group="g2", care=Care.MUCH)


def test_R6_what_a_file_without_the_column_leaves_out_stays():
    before = changed(cadres=STRONG, households=NEEDY)
    assert of(before, SMALL) == []
    [moved, taught] = of(before, changed(cadres=["c2,office-b,township"], households=["h3,g1"]))
    assert moved == CadreRegistered(
        cadre="c2", office="office-b", rank=Rank.TOWNSHIP, strengths=(Strength.LAW, Strength.MEDIATION)
    )
    assert taught == HouseholdRegistered(household="h3", group="g1", care=Care.MUCH)


def test_R1_a_new_name_alone_is_no_event():
    assert of(SMALL, changed(regions=["990101,county,,改名县,New County"])) == []


def test_R1_a_level_above_may_be_added_and_the_old_top_names_it(tmp_path):
    register, above = held(SMALL), "990100,prefecture,,示范市,"
    files = changed(regions=[above, "990101,county,990100,示范县,"])
    assert faults(tmp_path, files, register) == []
    assert of(SMALL, files) == [
        RegionRegistered(region="990100", level=RegionLevel.PREFECTURE),
        RegionRegistered(region="990101", level=RegionLevel.COUNTY, parent="990100"),
    ]
    assert faults(tmp_path, changed(regions=[above]), register) == ["regions.csv:2 parent"]


codes = st.builds(
    lambda parts, level: "".join(parts[: level + 1]).ljust(6 if level < 3 else 12, "0"),
    st.tuples(*(st.integers(1, 10**n - 1).map(f"{{:0{n}}}".format) for n in (2, 2, 2, 3, 3, 3))),
    st.integers(0, 5),
)


@given(codes)
def test_R1_level_and_parent_follow_from_the_code(code):
    way = [code]
    while (above := parent_of(way[-1])) is not None:
        way.append(above)
    levels = [level_of(one) for one in way]
    assert levels == list(reversed(list(RegionLevel)[: len(way)]))
    assert level_of(code.replace(code[:2], "00", 1)) is None


def test_Z1_a_group_that_moves_draws_both_zones_anew():
    assert of(SMALL, changed(groups=["g2,z2"])) == [
        ZoneDrawn(zone="z1", level=ZoneLevel.VILLAGE, groups=("g1",), region="990101001001"),
        ZoneDrawn(zone="z2", level=ZoneLevel.GROUP, groups=("g2", "g3")),
    ]


def test_R6_what_a_refresh_leaves_out_stays():
    assert of(SMALL, {name: [] for name in SMALL}) == []


def test_R6_taking_back_a_refresh_is_no_repeat_of_the_first_load():
    other = changed(cadres=["c1,office-b,village", *SMALL["cadres.csv"][1:]])
    known: dict[str, int] = {}
    causes = []
    register = Register()
    for files in (SMALL, other, SMALL):
        decisions = decide(list(changes(register, rows_of(files))), dict.fromkeys(SMALL, "one hash"), known, NOW)
        for entry in (entry for decision in decisions for entry in decision.entries):
            evolve(register, entry.event)
            known[entry.stream] = entry.version
        causes += [decision.cause for decision in decisions]
    assert len(set(causes)) == len(causes)
    assert register == held(SMALL)


ids = st.integers(0, 30).map(str)
strengths = st.lists(st.sampled_from(Strength), unique=True, max_size=3)
days = st.integers(0, 9_000).map(lambda n: date(2000, 1, 1) + timedelta(days=n))


@st.composite
def registers(draw) -> dict[str, list[str]]:
    """A register that holds together: leaders follow each other day by day, periods of one cadre do not touch."""
    cadres = draw(st.lists(ids, min_size=1, unique=True, max_size=6))
    zones = draw(st.lists(ids, min_size=1, unique=True, max_size=4))
    groups = draw(st.lists(ids, unique=True, max_size=6))
    households = draw(st.lists(ids, unique=True, max_size=8)) if groups else []
    regions = ["990101", *(f"990101{n:03}000" for n in draw(st.sets(st.integers(1, 4))))]
    files: dict[str, list[str]] = {
        "regions.csv": [
            f"{code},{level_of(code)},{parent_of(code) if len(code) > 6 else ''},名{code},"
            for code in draw(st.permutations(regions))
        ],
        "offices.csv": [
            f"office-{n},{draw(st.sampled_from(Sector))},{draw(st.sampled_from(regions))},办{n}," for n in range(31)
        ],
        "cadres.csv": [
            f"{c},office-{draw(ids)},{draw(st.sampled_from(Rank))},{';'.join(draw(strengths))}" for c in cadres
        ],
        "zones.csv": [
            f"{zone},{draw(st.sampled_from(ZoneLevel))},{draw(st.sampled_from(['', *regions]))}" for zone in zones
        ],
        "groups.csv": [f"{group},{draw(st.sampled_from(zones))}" for group in groups],
        "households.csv": [
            f"{household},{draw(st.sampled_from(groups))},{draw(st.sampled_from(['', *Care]))}"
            for household in households
        ],
        "terms.csv": [],
        "leaders.csv": [],
        "pairings.csv": [],
    }
    for cadre in cadres:
        bounds = sorted(draw(st.lists(days, unique=True, max_size=4)))
        files["terms.csv"] += [f"{cadre},{a},{b}" for a, b in zip(bounds[::2], bounds[1::2], strict=False)]
    for zone in zones:
        starts = sorted(draw(st.lists(days, unique=True, min_size=1, max_size=3)))
        ends = [*(day - timedelta(days=1) for day in starts[1:]), ""]
        files["leaders.csv"] += [
            f"{zone},{draw(st.sampled_from(cadres))},{a},{b}" for a, b in zip(starts, ends, strict=True)
        ]
    for household in households:
        for cadre in draw(st.sets(st.sampled_from(cadres), max_size=2)):
            files["pairings.csv"].append(f"{household},{cadre},{draw(days)},")
    return files


class Log:
    """The log in memory: keeps decisions as the real one does, refusing a version or an id that is taken."""

    def __init__(self) -> None:
        self.entries: list[log.Entry] = []

    def load(self, files, batch: int, interrupt_after: int = 1_000) -> None:
        register = fold(entry.event for entry in self.entries)
        versions = {entry.stream: entry.version for entry in self.entries}
        decisions = decide(list(changes(register, rows_of(files))), dict.fromkeys(SMALL, "hash"), versions, NOW)
        for decision in decisions[: batch * interrupt_after]:
            self.entries += decision.entries
        assert len({entry.id for entry in self.entries}) == len(self.entries)
        assert len({(entry.stream, entry.version) for entry in self.entries}) == len(self.entries)


@given(registers(), st.integers(1, 5), st.integers(0, 8))
def test_R6_a_valid_register_loads_and_an_interrupted_load_is_finished_by_the_same_command(files, batch, after):
    rows = rows_of(files)
    assert check(Register(), rows, {}) == []
    whole, interrupted = Log(), Log()
    whole.load(files, batch)
    assert merged(Register(), rows).periods == fold(entry.event for entry in whole.entries).periods
    interrupted.load(files, batch, interrupt_after=after)
    register = fold(entry.event for entry in interrupted.entries)
    assert check(register, rows, {}) == []
    interrupted.load(files, batch)
    assert interrupted.entries == whole.entries
    whole.load(files, batch)
    assert whole.entries == interrupted.entries


@given(registers(), registers(), st.integers(0, 8))
def test_R6_a_refresh_ends_in_the_same_register_however_often_it_is_interrupted(first, second, after):
    done = Log()
    done.load(first, 3)
    for file, lines in first.items():  # a refresh of the first: its own rows win, nothing contradicts
        second[file] = lines if file in ("terms.csv", "leaders.csv", "pairings.csv") else [*lines]
    second["cadres.csv"] = [
        f"{line.split(',')[0]},{line.split(',')[1]},county,{line.split(',')[3]}" for line in first["cadres.csv"]
    ]
    second["households.csv"] = [line.rpartition(",")[0] + ",some" for line in first["households.csv"]]
    second["groups.csv"] = [
        f"{line.split(',')[0]},{first['zones.csv'][0].split(',')[0]}" for line in first["groups.csv"]
    ]
    done.load(second, 3, interrupt_after=after)
    done.load(second, 3)
    register = fold(entry.event for entry in done.entries)
    assert list(changes(register, rows_of(second))) == []
    assert register.groups == merged(Register(), rows_of(second)).groups
    assert {household.care for household in register.households.values()} <= {Care.SOME}
    assert register.cadres == merged(Register(), rows_of(second)).cadres
