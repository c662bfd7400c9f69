"""The made-up county: as large as Menglian, without a gap, and nobody's (R1, R2, Z1, Z2, Z6, Z8)."""

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from lianxin_schemas.directory import Entry, Kind
from lianxin_schemas.events.responsibility import (
    CadreRegistered,
    HouseholdRegistered,
    OfficeRegistered,
    RegionLevel,
    RegionRegistered,
    Strength,
    ZoneDrawn,
)

from deploy.demo import county, regions, register
from deploy.demo.county import County
from deploy.demo.quarter import FIRST_DAY, LAST_DAY, SINCE
from deploy.demo.register import Tables
from deploy.demo.size import WHOLE
from deploy.demo.staff import QUOTA
from services.assignment.domain.checks import check
from services.assignment.domain.register import Register
from services.assignment.reading import read
from services.intake import people
from services.intake.domain.people import Need

DAYS = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
PARTS = [0.02, 0.03, 0.1, 0.5]
PROVINCES = {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82}
"""The first two digits of every code of GB/T 2260."""


@pytest.fixture(scope="session")
def tables(made: County) -> Tables:
    return register.together([made.tables(), register.districts()])


def test_Z1_it_is_as_large_as_menglian(made: County) -> None:
    levels = Counter(region.level for region in made.places.regions)
    assert (levels["township"], levels["village"], levels["group"]) == (6, 42, 618)
    assert Counter(zone.level for zone in made.places.zones) == {"township": 6, "village": 42, "group": 300}
    assert (len(made.cadres), len(made.households)) == (2_205, 34_000)


def test_the_same_seed_gives_the_same_and_another_another(made: County) -> None:
    assert county.make() == made
    assert county.make(1).pairings != made.pairings


@pytest.mark.parametrize("share", PARTS)
def test_a_part_of_it_is_a_county_too(share: float) -> None:
    size = WHOLE.part(share)
    part = county.make(size=size)
    assert (len(part.places.zones), len(part.cadres)) == (size.zones, size.cadres)
    assert all(zone.groups for zone in part.places.zones)
    assert_no_blank(part)


@pytest.mark.parametrize("share", [0.01, 1.01])
def test_no_part_is_smaller_than_a_village_or_larger_than_the_whole(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        WHOLE.part(share)


def test_R1_regions_form_a_tree_whose_codes_say_so(made: County) -> None:
    found = {region.code: region for region in made.places.regions}
    assert len(found) == len(made.places.regions)
    order = list(RegionLevel)
    for region in made.places.regions[1:]:
        above = found[region.parent]
        assert order.index(RegionLevel(above.level)) < order.index(RegionLevel(region.level))
        assert region.code.startswith(above.code.removesuffix("000").removesuffix("00"))


def test_R1_no_real_place_has_such_a_code(made: County) -> None:
    assert not {int(region.code[:2]) for region in made.places.regions} & PROVINCES


def test_Z1_every_group_lies_in_one_zone_and_every_zone_in_its_region(made: County) -> None:
    groups = [group for zone in made.places.zones for group in zone.groups]
    assert sorted(groups) == [region.code for region in made.places.regions if region.level == "group"]
    for zone in made.places.zones:
        assert zone.groups
        assert all(group.startswith(zone.region.removesuffix("000")) for group in zone.groups)


def test_Z2_every_zone_has_one_leader_and_every_household_somebody(made: County) -> None:
    assert_no_blank(made)


def assert_no_blank(made: County) -> None:
    """Z2 on every day of the quarter."""
    led = Counter((led.zone, day) for led in made.leaders for day in DAYS if led.holds(day))
    assert led == dict.fromkeys(((zone.zone, day) for zone in made.places.zones for day in DAYS), 1)
    answered = {(each.household, n) for each in made.calls() for n, day in enumerate(DAYS) if each.holds(day)}
    assert len(answered) == len(made.households) * len(DAYS)


def test_Z2_the_leader_of_a_zone_leads_no_other_and_stays(made: County) -> None:
    leaders = Counter(led.cadre for led in made.leaders)
    assert set(leaders.values()) == {1}
    assert not leaders.keys() & made.leaving.keys()
    assert sum(led.until is not None for led in made.leaders) == 12


def test_Z6_those_in_hardship_have_one_more_by_the_quota_of_the_rank(made: County) -> None:
    """Cadres of the county call on nobody else, so that the quota is all they have."""
    own = Counter(pairing.cadre for pairing in made.pairings)
    for cadre in made.cadres:
        if not cadre.village:
            assert own[cadre.cadre] == QUOTA[cadre.rank]
    doubled = Counter(pairing.household for pairing in made.pairings if pairing.until is None)
    assert sum(count > 1 for count in doubled.values()) > 2_000


def test_Z8_whoever_leaves_is_followed_by_a_colleague_the_next_day(made: County) -> None:
    assert len(made.leaving) == 40
    village = {cadre.cadre: cadre.village for cadre in made.cadres}
    held = {(pairing.household, pairing.since): pairing.cadre for pairing in made.pairings if pairing.until is None}
    ended = [pairing for pairing in made.pairings if pairing.until is not None]
    assert len(ended) > 500
    for pairing in ended:
        assert pairing.until == made.leaving[pairing.cadre]
        heir = held.get((pairing.household, pairing.until + timedelta(days=1)))
        assert heir is None or village[heir] == village[pairing.cadre]


def test_every_row_is_within_the_contract(tables: Tables) -> None:
    for region, level, parent, zh, en in tables["regions"]:
        RegionRegistered(region=region, level=level, parent=parent or None)
        Entry(kind=Kind.REGION, id=region, version=1, zh=zh, en=en)
    for office, sector, region, zh, en in tables["offices"]:
        OfficeRegistered(office=office, sector=sector, region=region)
        Entry(kind=Kind.OFFICE, id=office, version=1, zh=zh, en=en)
    for cadre, office, rank, strengths in tables["cadres"]:
        CadreRegistered(cadre=cadre, office=office, rank=rank, strengths=tuple(filter(None, strengths.split(";"))))
    for zone, level, region in tables["zones"]:
        ZoneDrawn(zone=zone, level=level, region=region)
    for household, group, care in tables["households"]:
        HouseholdRegistered(household=household, group=group, care=care)


def test_every_reference_leads_somewhere(tables: Tables) -> None:
    ids = {name: {row[0] for row in rows} for name, rows in tables.items()}
    assert all(row[2] in ids["regions"] for name in ("offices", "zones") for row in tables[name])
    assert {office for _, office, *_ in tables["cadres"]} <= ids["offices"]
    assert ids["terms"] == ids["cadres"]
    assert {cadre for name in ("leaders", "pairings") for _, cadre, *_ in tables[name]} <= ids["cadres"]
    assert {zone for _, zone in tables["groups"]} <= ids["zones"]
    assert {group for _, group, _ in tables["households"]} <= ids["groups"]


def test_each_sector_has_an_office_and_the_county_office_is_there(tables: Tables) -> None:
    assert len({sector for _, sector, *_ in tables["offices"]}) == 6
    assert tables["offices"][0][:3] == ("county-office", "party-government", regions.COUNTY)


def test_nobody_in_it_can_be_a_person(made: County) -> None:
    people = made.people()
    assert [row[0] for row in people] == [cadre.cadre for cadre in made.cadres]
    for _, name, telephone, mail in people:
        assert re.fullmatch(r"干部\d{4}", name)
        assert re.fullmatch(r"1000000\d{4}", telephone)
        assert mail.endswith("@example.org")
        Entry(kind=Kind.CADRE, id="c", version=1, zh=name)


def test_R6_Z2_the_register_can_be_loaded(tables: Tables, tmp_path: Path) -> None:
    rows = register.write(tables, tmp_path)
    files = read(tmp_path)
    assert [*files.faults, *check(Register(), files.rows, files.broken)] == []
    assert rows == sum(len(file) for file in files.rows.values())


def test_R3_each_sector_has_its_strengths_and_some_cadres_have_none(made: County) -> None:
    sectors = {office: sector for office, sector, *_ in made.tables()["offices"]}
    first = Counter((sectors[cadre.office], made.strengths[cadre.cadre].partition(";")[0]) for cadre in made.cadres)
    assert {strength for _, strength in first} == {"", *Strength}
    assert {strength for sector, strength in first if sector == "political-legal"} == {"", "law", "mediation"}
    assert any(";" in strengths for strengths in made.strengths.values())


def test_R4_households_with_one_more_cadre_need_care_and_some_others(made: County) -> None:
    care = Counter(care for _, _, care in made.tables()["households"])
    assert care["some"] > care["much"] > 500
    assert care["none"] > 25_000
    assert {need for needs in made.needs.values() for need in needs} == set(Need)
    once = Counter(pairing.household for pairing in made.pairings if pairing.since == SINCE)
    assert {household for household, count in once.items() if count > 1} <= made.needs.keys()
    assert not {household for household, needs in made.needs.items() if "hardship" in needs and once[household] < 2}


def test_R4_the_vault_gets_a_reason_for_each_household_of_a_weight_and_no_other_file_has_one(
    made: County, tables: Tables, tmp_path: Path
) -> None:
    file = tmp_path / "needs.csv"
    register.write_people(register.NEEDS, made.needy(), file)
    rows = [row for _, row in people.read(file)[1]]
    assert [row.person.id for row in rows] == [id_ for id_, _, care in tables["households"] if care != "none"]
    file.unlink()
    register.write(tables, tmp_path)
    assert not any(need in each.read_text(encoding="utf-8") for each in tmp_path.iterdir() for need in Need)


def test_the_file_of_people_has_a_line_for_each(made: County, tmp_path: Path) -> None:
    register.write_people(register.PEOPLE, made.people(), tmp_path / "people.csv")
    lines = (tmp_path / "people.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["cadre,name,telephone,mail", "c-0001,干部0001,10000000001,c-0001@example.org"]
    assert len(lines) == 2_206
