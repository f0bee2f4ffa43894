"""The tree of the log against a plain recursive one, and against known roots."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.protect.log.merkle import (
    EMPTY_ROOT,
    CompactRange,
    Tree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

# The leaves and roots with which the logs of Certificate Transparency are tested.
LEAVES = [
    bytes.fromhex(text)
    for text in ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
]
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
SIZES = st.integers(1, 70)


def hashes(count: int, salt: bytes = b"") -> list[bytes]:
    return [leaf_hash(salt + number.to_bytes(4, "big")) for number in range(count)]


def naive_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, word by word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


@pytest.mark.parametrize(("count", "root"), [(number + 1, root) for number, root in enumerate(ROOTS)])
def test_known_roots(count: int, root: str) -> None:
    compact = CompactRange()
    for content in LEAVES[:count]:
        compact.append(leaf_hash(content))
    assert compact.root().hex() == root
    assert Tree(map(leaf_hash, LEAVES)).root(count).hex() == root


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert CompactRange().root() == Tree().root() == EMPTY_ROOT
    assert EMPTY_ROOT.hex().startswith("e3b0c44298fc1c14")


@given(SIZES, st.data())
def test_a_compact_range_goes_on_from_its_bytes_to_the_same_root(size: int, data: st.DataObject) -> None:
    stop = data.draw(st.integers(0, size))
    leaves = hashes(size)
    before = CompactRange()
    for leaf in leaves[:stop]:
        before.append(leaf)
    after = CompactRange.from_bytes(before.size, before.to_bytes())
    for leaf in leaves[stop:]:
        after.append(leaf)
    assert after.size == size
    assert after.root() == naive_root(leaves) == Tree(leaves).root()
    assert len(after.peaks) == size.bit_count()


@pytest.mark.parametrize(("size", "kept"), [(1, b""), (2, bytes(64)), (1, bytes(31)), (-1, b""), (0, bytes(32))])
def test_a_damaged_state_is_refused(size: int, kept: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        CompactRange.from_bytes(size, kept)


@given(SIZES, st.data())
def test_every_leaf_is_shown_to_be_in_every_tree_it_is_in(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = hashes(size + 5)
    proof = Tree(leaves).inclusion_proof(index, size)
    root = naive_root(leaves[:size])
    assert verify_inclusion(leaves[index], index, size=size, proof=proof, root=root)
    assert not verify_inclusion(leaves[index + 1], index, size=size, proof=proof, root=root)
    assert not verify_inclusion(leaves[index], index, size=size, proof=[*proof, root], root=root)
    assert not verify_inclusion(leaves[index], index, size=size, proof=proof, root=leaves[0][::-1])
    assert not verify_inclusion(leaves[index], size, size=size, proof=proof, root=root)
    if proof:
        assert not verify_inclusion(leaves[index], index, size=size, proof=proof[:-1], root=root)


@given(SIZES, st.data())
def test_a_later_tree_is_shown_to_begin_with_the_older_one(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    leaves = hashes(size)
    proof = Tree(leaves).consistency_proof(old, size)
    old_root, root = naive_root(leaves[:old]), naive_root(leaves)
    assert verify_consistency(old, old_root, size=size, root=root, proof=proof)
    assert not verify_consistency(old, old_root, size=size, root=root, proof=[*proof, root])
    if proof:
        assert not verify_consistency(old, old_root, size=size, root=root, proof=proof[:-1])


@given(SIZES, st.data())
def test_a_rewritten_past_is_never_consistent(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    changed = data.draw(st.integers(0, old - 1))
    leaves = hashes(size)
    forged = [*leaves[:changed], leaf_hash(b"forged"), *leaves[changed + 1 :]]
    proof = Tree(forged).consistency_proof(old)
    assert not verify_consistency(old, naive_root(leaves[:old]), size=size, root=naive_root(forged), proof=proof)


def test_a_proof_of_the_wrong_sizes_is_refused() -> None:
    root = naive_root(hashes(3))
    assert not verify_consistency(3, root, size=2, root=root, proof=[])
    assert not verify_consistency(0, EMPTY_ROOT, size=2, root=root, proof=[root])
    assert not verify_consistency(1, root, size=2, root=root, proof=[])
    assert not verify_consistency(2, root, size=2, root=root, proof=[root])


@pytest.mark.parametrize(("index", "size"), [(3, 3), (-1, 3), (0, 4)])
def test_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    tree = Tree(hashes(3))
    with pytest.raises(ValueError, match="no such leaf"):
        tree.inclusion_proof(index, size)
    with pytest.raises(ValueError, match="no such two sizes"):
        tree.consistency_proof(4, 3)
    with pytest.raises(ValueError, match="never had"):
        tree.root(4)
