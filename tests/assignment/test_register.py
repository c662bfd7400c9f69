"""Loading the register, without a database (R6, Z2): what is refused, and what a load changes."""

import pytest

from services.assignment.reading import read
from tests.assignment.given import SMALL, changed, write_files
from tests.assignment.registers import NEEDY, OFFICES, REASONS, REGIONS, STRONG, faults, held


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
