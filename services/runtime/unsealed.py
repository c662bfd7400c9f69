"""The positions behind the last seal: what was sent of each, and whether just that was read back (protocol rule 8)."""

from services.runtime import merkle

WIDTH = len(merkle.EMPTY)
NOWHERE = merkle.leaf(b"")
"""The leaf of a position that no row has: a recovery found it nowhere. So a seal has one leaf for each position."""
_MARK = b'"sequence":"'


class Unsealed:
    """33 bytes a position: the hash of its message as sent, and whether the one that counts in Kafka is the same.

    `sealed` is the last position under a seal; all behind it have to be told with `sent` in their order.
    """

    def __init__(self, sealed: int) -> None:
        self._first = sealed + 1
        self._hashes = bytearray()
        self._same = bytearray()
        self._early: dict[int, bytes] = {}
        """What a relay before us sent beyond its mark: read back before we come to send it again."""

    def sent(self, position: int, hash_: bytes) -> None:
        """Notes what was sent of a position. Positions left out have no row."""
        at = position - self._first
        if at < 0:
            return
        while len(self._same) < at:
            self._hashes += NOWHERE
            self._same.append(True)
        if at < len(self._same) and self._hashes[at * WIDTH : (at + 1) * WIDTH] == hash_:
            return  # sent again, as it was
        self._hashes[at * WIDTH : (at + 1) * WIDTH] = hash_
        self._same[at : at + 1] = bytes([self._early.pop(position, None) == hash_])

    def arrived(self, message: bytes, hash_: bytes) -> None:
        """Notes a message that was read back as the next of its lane, the one that receivers apply, and its hash. Read
        again, another one may count now: the last word holds.
        """
        position = _position(message)
        at = position - self._first
        if at >= len(self._same):
            self._early[position] = hash_
        elif at >= 0:
            self._same[at] = self._hashes[at * WIDTH : (at + 1) * WIDTH] == hash_

    def differs(self, last: int) -> int | None:
        """The first position up to `last` for which Kafka has not what was sent, or of which the log has no row."""
        many = last - self._first + 1
        at = self._same.find(False, 0, many)
        return self._first + (at if at >= 0 else len(self._same)) if at >= 0 or len(self._same) < many else None

    @property
    def ahead(self) -> bool:
        """Whether Kafka has what a relay before us sent, and we have not come to send again."""
        return bool(self._early)

    def root(self, first: int, last: int) -> bytes:
        """The Merkle root over a span of positions that were all told."""
        at, end = (first - self._first) * WIDTH, (last - self._first + 1) * WIDTH
        assert 0 <= at < end <= len(self._hashes)
        return merkle.root(bytes(self._hashes[each : each + WIDTH]) for each in range(at, end, WIDTH))

    def drop(self, last: int) -> None:
        """Forgets all up to a position that was sealed."""
        many = last - self._first + 1
        del self._hashes[: many * WIDTH], self._same[:many]
        self._first = last + 1
        self._early = {position: hash_ for position, hash_ in self._early.items() if position > last}


def _position(message: bytes) -> int:
    """The position that a message claims; -1 where it claims none."""
    at = message.find(_MARK) + len(_MARK)
    digits = message[at : at + 20]
    return int(digits) if at >= len(_MARK) and digits.isdigit() else -1
