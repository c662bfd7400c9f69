"""The regions of a made-up county: codes that no real one has, and names that say they are made up (R1). Pure."""

from dataclasses import dataclass

Row = tuple[str, ...]

PREFECTURE, COUNTY, BOARDS = "990100", "990121", "990199"
"""No code of GB/T 2260 begins with 99. BOARDS stands for wherever the real petitions' message boards were."""
_NUMERALS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Region:
    """One region below the county, or above it. `parent` is empty for the topmost one."""

    code: str
    level: str
    parent: str
    zh: str
    en: str

    @property
    def row(self) -> Row:
        """As it stands in regions.csv."""
        return (self.code, self.level, self.parent, self.zh, self.en)


TOP = (
    Region(PREFECTURE, "prefecture", "", "连心州（虚构）", "Lianxin Prefecture (made up)"),
    Region(COUNTY, "county", PREFECTURE, "连心县（虚构）", "Lianxin County (made up)"),
    Region(BOARDS, "county", PREFECTURE, "留言板各地", "Places of the message boards"),
)


def township(number: int) -> Region:
    """A township of the county; they are counted from 1, up to 99."""
    numeral = _numeral(number)
    return Region(f"{COUNTY}{100 + number}000", "township", COUNTY, f"连心第{numeral}镇", f"Lianxin Township {number}")


def village(of: Region, number: int) -> Region:
    """A village of a township, counted from 1, up to 99."""
    zh, en = f"{of.zh}第{_numeral(number)}村", f"Village {number} of {of.en}"
    return Region(f"{of.code[:9]}{200 + number}", "village", of.code, zh, en)


def group(of: Region, number: int) -> Region:
    """A group of a village, counted from 1, up to 999."""
    return Region(f"{of.code}{number:03}", "group", of.code, f"{of.zh}{number}组", f"Group {number} of {of.en}")


def _numeral(number: int) -> str:
    """1 to 99 as it is written: 七, 十, 十四, 二十一."""
    tens, ones = divmod(number, 10)
    ten = {0: "", 1: "十"}.get(tens, f"{_NUMERALS[tens]}十")
    return ten + (_NUMERALS[ones] if ones else "")
