"""How much is made up: a county of the size of Menglian, or a part of one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Counts of everything that the demo makes up (Z1)."""

    townships: int = 6
    villages: int = 42
    groups: int = 618
    zones: int = 348
    cadres: int = 2_205
    households: int = 34_000
    hand_overs: int = 40
    """Cadres who leave in the middle of the quarter; a colleague takes over their households."""
    new_leaders: int = 12
    """Zones that another leads from the middle of the quarter on."""
    visits: int = 30_000
    petitions: int = 3_000
    real: int = 2_816
    """Real petitions that are sent, from the first of the file on."""
    answers: int = 5_000
    """Answers about the leaders of the zones."""
    evaluated: int = 60
    """Cadres whom colleagues and those served evaluate."""
    marked: int = 400
    """Cadres to whom the county gives a mark."""
    marked_above: int = 40
    """Those of them to whom the province gives one as well."""

    def part(self, share: float) -> "Size":
        """The same county, smaller: every count times the share. A share below a fiftieth is no county any more."""
        if not 0.02 <= share <= 1:
            raise ValueError("the share must lie between 0.02 and 1")
        counts = {name: max(1, round(count * share)) for name, count in vars(self).items()}
        counts["zones"] = max(counts["zones"], counts["townships"] + 2 * counts["villages"])
        counts["hand_overs"] = max(counts["hand_overs"], 2)
        return Size(**counts)


WHOLE = Size()
