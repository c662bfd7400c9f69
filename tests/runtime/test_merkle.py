"""The Merkle tree is that of RFC 6962 and RFC 9162: its vectors, and what must hold for every tree (rule 8)."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime import merkle

ENTRIES = [bytes.fromhex(each) for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
ENTRIES.append(bytes(range(0x60, 0x70)))
LEAVES = [merkle.leaf(entry) for entry in ENTRIES]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Of the first 1, 2 … 8 entries: the reference vectors of Certificate Transparency."""
PATHS = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}

hashes = st.lists(st.binary(max_size=8), min_size=1, max_size=70).map(lambda each: [merkle.leaf(one) for one in each])


def plain(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word by word."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + plain(leaves[:k]) + plain(leaves[k:])).digest()


def test_rule_8_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, 9))
def test_rule_8_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size"), PATHS)
def test_rule_8_paths_are_those_of_certificate_transparency(index: int, size: int) -> None:
    assert [each.hex() for each in merkle.path(LEAVES[:size], index)] == PATHS[index, size]


@given(hashes)
def test_rule_8_a_root_hash_by_hash_is_that_of_the_definition(leaves: list[bytes]) -> None:
    assert merkle.root(iter(leaves)) == plain(leaves)


@given(hashes, st.data())
def test_rule_8_each_leaf_has_a_path_to_the_root_and_no_other_leaf_has_it(
    leaves: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path, size, root = merkle.path(leaves, index), len(leaves), merkle.root(leaves)
    assert merkle.root_by(leaves[index], index, size, path) == root
    assert merkle.root_by(merkle.leaf(b"another, longer than any"), index, size, path) != root
    assert len(path) <= (size - 1).bit_length()
    assert merkle.root_by(leaves[index], index, size, [*path, root]) is None
    if path:
        assert merkle.root_by(leaves[index], index, size, path[:-1]) is None
        wrong = data.draw(st.integers(0, len(path) - 1))
        path[wrong] = bytes([path[wrong][0] ^ 1]) + path[wrong][1:]
        assert merkle.root_by(leaves[index], index, size, path) != root


@given(hashes, st.integers(-3, 80))
def test_rule_8_what_lies_outside_has_no_path(leaves: list[bytes], index: int) -> None:
    if not 0 <= index < len(leaves):
        assert merkle.root_by(leaves[0], index, len(leaves), []) is None
        with pytest.raises(IndexError):
            merkle.path(leaves, index)


@given(hashes, st.data())
def test_rule_8_a_leaf_left_out_doubled_or_moved_changes_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(leaves) - 1))
    root = merkle.root(leaves)
    assert merkle.root(leaves[:at] + leaves[at + 1 :]) != root
    assert merkle.root([*leaves[:at], leaves[at], *leaves[at:]]) != root
    other = data.draw(st.integers(0, len(leaves) - 1))
    swapped = list(leaves)
    swapped[at], swapped[other] = swapped[other], swapped[at]
    assert (merkle.root(swapped) == root) == (swapped == leaves)
