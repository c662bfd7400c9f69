"""One-time codes that a rating is given with (G2): twelve characters, K7QM-2XPA-9TDR."""

import hmac
from collections.abc import Hashable
from datetime import datetime, timedelta
from unicodedata import normalize
from uuid import UUID

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: nothing that could be read as something else."""
LENGTH = 12
"""Sixty bits: 2^60 codes stand against some thousand that are good at a time."""
_READ_AS = str.maketrans("OIL", "011", "- —–‐")
"""What is read as another sign, and what is passed over: Chinese keyboards write dashes of their own."""


def of_round(key: bytes, round_: UUID, count: int) -> list[str]:
    """The codes of a round. They follow from its id under a key, so that who opens it twice gets the same."""
    found: dict[str, None] = {}
    nth = 0
    while len(found) < count:  # two alike are as good as never seen, and would leave somebody without
        found[_code(_mac(key, f"code/{round_}/{nth}"))] = None
        nth += 1
    return list(found)


def hashed(key: bytes, code: str) -> bytes | None:
    """What is kept of a code, however it is spelt; None for what can be none."""
    plain = normalize("NFKC", code).upper().translate(_READ_AS)  # full-width signs too
    if len(plain) != LENGTH or not set(plain) <= set(ALPHABET):
        return None
    return _mac(key, f"hash/{plain}")


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _code(mac: bytes) -> str:
    number = int.from_bytes(mac[:8], "big")
    plain = "".join(ALPHABET[number >> 5 * place & 31] for place in range(LENGTH))
    return "-".join(plain[start : start + 4] for start in range(0, LENGTH, 4))


class Guesses:
    """Counts wrong codes by where they come from, in memory alone: 20 in 15 minutes, then a pause."""

    MOST, PAUSE, SOURCES = 20, timedelta(minutes=15), 10_000

    def __init__(self) -> None:
        self._wrong: dict[Hashable, tuple[datetime, int]] = {}

    def too_many(self, source: Hashable, now: datetime) -> bool:
        """Whether a source has to wait."""
        since, count = self._wrong.get(source, (now, 0))
        return count >= self.MOST and now < since + self.PAUSE

    def wrong(self, source: Hashable, now: datetime) -> None:
        """One more from a source; the count starts anew a quarter of an hour after the first."""
        since, count = self._wrong.pop(source, (now, 0))
        self._wrong[source] = (since, count + 1) if now < since + self.PAUSE else (now, 1)
        if len(self._wrong) > self.SOURCES:
            del self._wrong[next(iter(self._wrong))]
