"""The Merkle tree of RFC 9162, section 2.1 (that of RFC 6962), over SHA-256: one hash for many entries, and a short
proof for each of them.

A leaf's hash is SHA-256(0x00 ‖ entry), a node's SHA-256(0x01 ‖ left ‖ right), so that no node passes for an entry. n
entries are split at the largest power of two below n.
"""

import hashlib
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256().digest()
"""The root over no entries."""


def leaf(entry: bytes) -> bytes:
    """The hash of an entry."""
    return hashlib.sha256(b"\0" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two hashes."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes in their order; holds no more than one hash for each level (RFC 9162, 2.1.2)."""
    stack: list[bytes] = []
    for before, hash_ in enumerate(leaves):
        stack.append(hash_)
        while before & 1:  # two full trees of one size are one of the next
            right = stack.pop()
            stack[-1] = node(stack[-1], right)
            before >>= 1  # noqa: PLW2901
    if not stack:
        return EMPTY
    found = stack.pop()
    while stack:
        found = node(stack.pop(), found)
    return found


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The inclusion proof of the leaf at an index, from the leaf upwards (RFC 9162, 2.1.3.1). Raises IndexError."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return [*path(leaves[:half], index), root(leaves[half:])]
    return [*path(leaves[half:], index - half), root(leaves[:half])]


def root_by(hash_: bytes, index: int, size: int, path: Iterable[bytes]) -> bytes | None:
    """The root that a path leads to from a leaf hash at an index of `size` leaves (RFC 9162, 2.1.3.2): the leaf is in
    the tree if that is its root. None where the path's length does not fit the place.
    """
    if not 0 <= index < size:
        return None
    at, last, found = index, size - 1, hash_
    for other in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = node(other, found)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, other)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None
