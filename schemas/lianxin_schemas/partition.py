"""Which partition a key belongs to: Kafka's murmur2 over a count that never changes (protocol rule 1)."""

import struct
from collections import defaultdict
from collections.abc import Sequence

WORDS = struct.Struct("<I").iter_unpack


def murmur2(data: bytes) -> int:
    """Kafka's 32-bit murmur2 (org.apache.kafka.common.utils.Utils#murmur2), unsigned."""
    length, mask, m = len(data), 0xFFFFFFFF, 0x5BD1E995
    h = (0x9747B28C ^ length) & mask
    whole = length & ~3
    for (word,) in WORDS(data[:whole]):
        k = word * m & mask
        h = (h * m ^ (k ^ k >> 24) * m) & mask
    if length > whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def murmur2_all(keys: Sequence[bytes]) -> list[int]:
    """The murmur2 of each key. Keys of one length are hashed together, each in 64 bits of one large integer, for an
    operation on that costs hardly more than on one key.
    """
    places: defaultdict[int, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        places[len(key)].append(place)
    found = [0] * len(keys)
    for same in places.values():
        for place, hash_ in zip(same, _of_one_length([keys[place] for place in same]), strict=True):
            found[place] = hash_
    return found


def _of_one_length(keys: Sequence[bytes]) -> Sequence[int]:
    count, length, m = len(keys), len(keys[0]), 0x5BD1E995
    text = b"".join(keys)
    ones = int.from_bytes(b"\1\0\0\0\0\0\0\0" * count, "little")
    mask = ones * 0xFFFFFFFF

    def word(start: int, end: int) -> int:
        lanes = bytearray(8 * count)
        for nth in range(start, end):
            lanes[nth - start :: 8] = text[nth::length]
        return int.from_bytes(lanes, "little")

    def shifted(h: int, by: int) -> int:
        return h ^ h >> by & ones * (0xFFFFFFFF >> by)

    h = ones * ((0x9747B28C ^ length) & 0xFFFFFFFF)
    whole = length & ~3
    for start in range(0, whole, 4):
        k = word(start, start + 4) * m & mask
        h = (h * m & mask ^ shifted(k, 24) * m) & mask
    if length > whole:
        h = (h ^ word(whole, length)) * m & mask
    h = shifted(shifted(h, 13) * m & mask, 15)
    return struct.unpack(f"<{count}Q", h.to_bytes(8 * count, "little"))


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key, as Kafka's default partitioner chooses it."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
