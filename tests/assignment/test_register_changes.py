"""A register that is loaded again: what has changed is an event, and nothing else is (R1, R3, R4, R6, Z1)."""

from datetime import date, timedelta

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
from services.runtime import log
from tests.assignment.given import NOW, SMALL, changed, rows_of
from tests.assignment.registers import NEEDY, STRONG, faults, held


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
