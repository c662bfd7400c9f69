"""From runs to rows: medians, what makes a row void, and how a part of a bench joins the rest. Pure."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]

GENERATOR_MOST = 0.6
"""Share of a core from which on the generator, not what it loads, may have set the pace."""


@dataclass(frozen=True)
class Run:
    """One measurement of a figure, over `n` events."""

    value: float
    n: int
    cpu: float | None = None
    """CPU seconds of all other processes, broker and database included, for a million events."""
    generator: float | None = None
    """The load generator's own share of a core; None where nothing was generated while it was measured."""


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` per cent of the values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share / 100 * len(ranked)) - 1)]


def row(
    name: str, unit: str, runs: Sequence[Run], method: str, *, peer: float | None = None, ratio: float | None = None
) -> Row:
    """The median of some runs with the least and the most; without a value where the generator was too busy."""
    values = [run.value for run in runs]
    made: Row = {
        "name": name,
        "value": _rounded(statistics.median(values)),
        "unit": unit,
        "n": max(run.n for run in runs),
        "min": _rounded(min(values)),
        "max": _rounded(max(values)),
        "runs": len(runs),
        "peer": peer and _rounded(peer),
        "ratio": ratio and _rounded(ratio),
        "method": method,
        "cpu_s_per_million": _middle([run.cpu for run in runs]),
        "generator_share": _middle([run.generator for run in runs]),
    }
    return made | void(runs)


def void(runs: Iterable[Run]) -> Row:
    """What a row says when it may not be cited; nothing for one that may."""
    shares = [run.generator for run in runs if run.generator is not None]
    if max(shares, default=0.0) <= GENERATOR_MOST:
        return {}
    said = f"the generator took {max(shares):.0%} of a core, more than {GENERATOR_MOST:.0%}"
    return {"value": None, "min": None, "max": None, "void": said}


def ratio(name: str, ours: Sequence[Run], theirs: Sequence[Run], method: str) -> Row:
    """How many times quicker we are than a peer, run by run; `peer` is the peer's own rate.

    Void with either side: a generator that was too busy for one has measured neither.
    """
    pairs = [
        Run(mine.value / other.value, mine.n, generator=_most(mine.generator, other.generator))
        for mine, other in zip(ours, theirs, strict=True)
    ]
    peer = statistics.median(run.value for run in theirs)
    made = row(name, "x", pairs, method, peer=peer)
    return made | {"ratio": made["value"]}


def merge(known: Iterable[Row], new: Iterable[Row]) -> list[Row]:
    """All rows by name: new ones in the place of those of the same name, others behind."""
    by_name = {each["name"]: each for each in known}
    return list((by_name | {each["name"]: each for each in new}).values())


def table(rows: Iterable[Row]) -> str:
    """The rows as they are printed, a line each."""
    return "\n".join(map(line, rows))


def line(row: Row) -> str:
    """One row in words: value, spread, how often and over how many."""
    if "void" in row:
        return f"{row['name']:34} void: {row['void']}"
    said = f"{row['name']:34} {row['value']:>12,} {row['unit']:<5} {row['min']:,} to {row['max']:,}"
    said += f", runs {row['runs']}, n {row['n']:,}"
    if row.get("cpu_s_per_million") is not None:
        said += f", {row['cpu_s_per_million']:,} CPU s a million"
    if row.get("generator_share") is not None:
        said += f", generator {row['generator_share']:.0%} of a core"
    return said if row.get("peer") is None else f"{said}, peer {row['peer']:,}/s"


def _rounded(value: float) -> float:
    return round(value, 1) if abs(value) >= 10 else round(value, 3)


def _middle(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 3) if known else None


def _most(*shares: float | None) -> float | None:
    return max((share for share in shares if share is not None), default=None)
