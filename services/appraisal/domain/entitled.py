"""What a cadre may be shown of what residents said: sums of five answers and up, and none smaller by subtraction (G2).

Verdicts are counted by month. A sum is shown where it has five answers or none, and where no shown sum less other
shown ones leaves one to four. Months stand in quarters and quarters in years, and that is all there is to subtract:

- a quarter is shown from five answers up;
- a month is shown only if every month of its quarter has five or none;
- a year is shown only if every quarter of it has five or none.

So every shown sum is made of the same disjoint pieces, a whole quarter or months each of five or none, and so is every
difference of shown sums. Not closed by this: the same sum asked for on two days differs by what was said between.
"""

from collections.abc import Mapping
from datetime import date

from services.appraisal.domain.periods import Length, Period

FEWEST = 5


def shown(period: Period, answers: Mapping[date, int]) -> bool:
    """Whether the sum of a period may be shown. `answers`: by first day of month, for all of the year it lies in."""
    year = period.first.year
    months = [answers.get(date(year, month, 1), 0) for month in range(1, 13)]
    quarters = [months[start : start + 3] for start in range(0, 12, 3)]
    match period.length:
        case Length.MONTH:
            return all(map(_enough, quarters[(period.first.month - 1) // 3]))
        case Length.QUARTER:
            return _enough(sum(quarters[(period.first.month - 1) // 3]))
        case Length.YEAR:
            return all(_enough(sum(quarter)) for quarter in quarters)


def _enough(answers: int) -> bool:
    return answers == 0 or answers >= FEWEST
