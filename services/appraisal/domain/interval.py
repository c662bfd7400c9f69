"""How sure a share is: the Wilson score interval, at 95 % unless told (A3; E. B. Wilson 1927, JASA 22:209-212)."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

Z = Decimal("1.959963984540054")
HALF = Decimal("0.674489750196082")
"""As likely inside as out: 50 %."""
_EXACT = Context(prec=40)
_PLACES = Decimal("0.0001")


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`, both between 0 and 1."""

    low: Decimal
    high: Decimal


def wilson(numerator: int, denominator: int, z: Decimal = Z) -> Interval | None:
    """The interval of a share, to 4 places, rounded outward; None without a denominator."""
    if denominator == 0:
        return None
    c, n, k = _EXACT, Decimal(denominator), Decimal(numerator)
    z2 = c.multiply(z, z)
    below = c.add(n, z2)
    middle = c.add(k, c.divide(z2, Decimal(2)))
    spread = c.add(c.divide(c.multiply(k, c.subtract(n, k)), n), c.divide(z2, Decimal(4)))
    reach = c.multiply(z, c.sqrt(spread))
    low = c.divide(c.subtract(middle, reach), below)
    high = c.divide(c.add(middle, reach), below)
    # At the ends the bound is the end itself; forty places alone would leave a trace beside it.
    return Interval(
        Decimal("0.0000") if numerator == 0 else low.quantize(_PLACES, ROUND_FLOOR),
        Decimal("1.0000") if numerator == denominator else high.quantize(_PLACES, ROUND_CEILING),
    )
