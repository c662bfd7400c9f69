"""Number and secret of a petition: what a resident without an account follows it by (U2).

Both follow from the petition's id under a key of the installation, so that a repeat gets the same and nobody who reads
the topics can work them out. The number's last digit is a check digit (Damm), which finds every single wrong digit and
every two neighbours that were swapped.
"""

import hashlib
import hmac
import unicodedata
from datetime import timedelta
from uuid import UUID

DIGITS = 12
SECRET = 8
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Of a secret: nothing that is read for another sign."""
TRIES = 5
LOCKED = timedelta(minutes=15)
"""After so many wrong tries at one number nothing is looked at for so long."""

_DAMM = (
    *((0, 3, 1, 7, 5, 9, 8, 6, 4, 2), (7, 0, 9, 2, 1, 5, 4, 8, 6, 3), (4, 2, 0, 6, 8, 7, 1, 3, 5, 9)),
    *((1, 7, 5, 0, 9, 8, 3, 4, 2, 6), (6, 1, 2, 3, 0, 4, 5, 9, 7, 8), (3, 6, 7, 4, 2, 0, 9, 5, 8, 1)),
    *((5, 8, 6, 9, 7, 2, 0, 1, 3, 4), (8, 9, 4, 5, 3, 6, 2, 0, 1, 7), (9, 4, 3, 8, 6, 1, 7, 2, 0, 5)),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


def _checked(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim


def number(key: bytes, petition: UUID, nth: int = 0) -> str:
    """Twelve digits. `nth` counts on where an earlier one was taken by another petition."""
    made = int.from_bytes(_of(key, f"number/{nth}", petition)) % 10 ** (DIGITS - 1)
    digits = f"{made:0{DIGITS - 1}d}"
    return f"{digits}{_checked(digits)}"


def secret(key: bytes, petition: UUID) -> str:
    """Eight signs of 32, 40 bits."""
    made = int.from_bytes(_of(key, "secret", petition))
    return "".join(LETTERS[made >> 5 * place & 31] for place in range(SECRET))


def cause(key: bytes, command: UUID) -> UUID:
    """What stands in the log for the command of somebody without an account. The command's own id is not published:
    whoever knows it may repeat the command, and gets number and secret.
    """
    return UUID(bytes=_of(key, "cause", command)[:16], version=5)


def well_formed(digits: str) -> bool:
    """Whether a number, read as `read_number` does, is one that could have been given."""
    return len(digits) == DIGITS and digits.isascii() and digits.isdigit() and _checked(digits) == 0


def read_number(text: str) -> str:
    """A number as somebody typed it, without what is between the digits."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text) if sign.isdigit())


def read_secret(text: str) -> str:
    """A secret as somebody typed it, without what is between the signs."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).upper() if sign.isalnum())


def written(digits: str) -> str:
    """A number as it is shown, in groups of four."""
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _of(key: bytes, what: str, id_: UUID) -> bytes:
    return hmac.digest(key, f"{what}/{id_}".encode(), hashlib.sha256)
