"""The offices and cadres of a made-up county, nobody who exists (R2, R3, Z6). Pure."""

from dataclasses import dataclass

from deploy.demo import regions
from deploy.demo.places import Places
from deploy.demo.regions import Row
from deploy.demo.size import Size

COUNTY_OFFICE = "county-office"
"""Answers where no leader does; the default of assignment's setting."""
COUNTY_OFFICES = (
    (COUNTY_OFFICE, "party-government", "连心县办公室", "Lianxin County Office"),
    ("county-organisation", "party-government", "连心县组织部门", "Lianxin Organisation Department"),
    ("county-justice", "political-legal", "连心县司法部门", "Lianxin Justice"),
    ("county-order", "political-legal", "连心县公共安全部门", "Lianxin Public Order"),
    ("county-finance", "economic", "连心县财政部门", "Lianxin Finance"),
    ("county-roads", "economic", "连心县交通部门", "Lianxin Roads"),
    ("county-housing", "economic", "连心县住建部门", "Lianxin Housing"),
    ("county-education", "education-culture", "连心县教育部门", "Lianxin Education"),
    ("county-culture", "education-culture", "连心县文化部门", "Lianxin Culture"),
    ("county-agriculture", "agriculture-science", "连心县农业部门", "Lianxin Agriculture"),
    ("county-water", "agriculture-science", "连心县水利部门", "Lianxin Water"),
    ("county-health", "other", "连心县卫生部门", "Lianxin Health"),
)
QUOTA = {"county": 3, "county-division": 2, "township": 1, "village": 1}
"""Households in hardship that a cadre of a rank takes care of (Z6)."""
LEADERS, HEADS, COUNTY_STAFF, TOWNSHIP_STAFF = 0.014, 0.055, 0.16, 0.16
"""Shares of all cadres; the rest are in the villages."""


@dataclass(frozen=True)
class Cadre:
    """A cadre's office and rank; `village` is the one whose households the cadre calls on, empty for the county's."""

    cadre: str
    office: str
    rank: str
    village: str = ""

    @property
    def row(self) -> Row:
        """As it stands in cadres.csv, but for strengths."""
        return (self.cadre, self.office, self.rank)

    @property
    def person(self) -> Row:
        """As it stands in people.csv: a name that is a number, a telephone that no network gives out, example.org."""
        number = int(self.cadre.removeprefix("c-"))
        return (self.cadre, f"干部{number:04}", f"1000000{number:04}", f"{self.cadre}@example.org")


def offices(places: Places) -> tuple[Row, ...]:
    """All offices with sector, region and names: the county's, one in each township and village."""
    rows = [(office, sector, regions.COUNTY, zh, en) for office, sector, zh, en in COUNTY_OFFICES]
    named = {region.code: region for region in places.regions}
    for zone in places.zones:
        if zone.level == "township":
            at = named[zone.region]
            rows.append((f"{zone.zone}-office", "party-government", at.code, f"{at.zh}办事处", f"Office of {at.en}"))
    for village in places.villages:
        at = village.region
        rows.append((f"{village.village}-office", "other", at.code, f"{at.zh}办事处", f"Office of {at.en}"))
    return tuple(rows)


def make(size: Size, places: Places) -> tuple[Cadre, ...]:
    """The county's leaders and heads first, then its staff, the townships', and those of the villages."""
    villages = places.villages
    kinds = [("county", LEADERS), ("county-division", HEADS), ("staff", COUNTY_STAFF), ("township", TOWNSHIP_STAFF)]
    ranks = [kind for kind, share in kinds for _ in range(max(1, round(size.cadres * share)))]
    townships = len(villages) + size.townships - ranks.count("township")
    ranks += ["township"] * max(0, townships)
    ranks += ["village"] * (size.cadres - len(ranks))
    found = []
    for number, rank in enumerate(ranks, 1):
        cadre = f"c-{number:04}"
        if rank in ("township", "village"):
            village = villages[number % len(villages)]
            office = village.township if rank == "township" else village.village
            found.append(Cadre(cadre, f"{office}-office", rank, village.village))
        else:
            office = COUNTY_OFFICES[number % len(COUNTY_OFFICES)][0]
            found.append(Cadre(cadre, office, "township" if rank == "staff" else rank))
    return tuple(found)
