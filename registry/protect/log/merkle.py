"""The tree over the access log: a root that any later reader can check against.

Source: RFC 6962, section 2.1 (hashes); RFC 9162, sections 2.1.3 and 2.1.4 (proofs and how they are checked).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf's content. The leading zero keeps a leaf from posing as a node."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two neighbouring subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class CompactRange:
    """A growing tree that remembers only its full subtrees: a few hashes for millions of leaves."""

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """Go on from a state that was kept.

        Args:
            size: number of leaves so far.
            peaks: the roots of the full subtrees, the largest first: one for each 1 in the binary size.

        """
        if size < 0 or len(peaks) != size.bit_count() or any(len(peak) != HASH_BYTES for peak in peaks):
            raise ValueError("the kept state of the tree is damaged")
        self._size = size
        self._peaks = list(peaks)

    @classmethod
    def from_bytes(cls, size: int, kept: bytes) -> CompactRange:
        """Go on from the bytes of `to_bytes`."""
        if len(kept) % HASH_BYTES:
            raise ValueError("the kept state of the tree is damaged")
        return cls(size, [kept[start : start + HASH_BYTES] for start in range(0, len(kept), HASH_BYTES)])

    def to_bytes(self) -> bytes:
        """Return the state, to be kept beside the size."""
        return b"".join(self._peaks)

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the full subtrees, the largest first."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> None:
        """Take in the hash of the next leaf."""
        carried = leaf
        size = self._size
        while size & 1:
            carried = node_hash(self._peaks.pop(), carried)
            size >>= 1
        self._peaks.append(carried)
        self._size += 1

    def root(self) -> bytes:
        """Return the root of the tree as it stands."""
        return _folded(self._peaks)


class Tree:
    """A whole tree in memory, for proofs. Holds every full subtree: 64 bytes a leaf."""

    __slots__ = ("_levels",)

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        """Take in the hashes of the leaves in order."""
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Take in the hash of the next leaf."""
        self._levels[0].append(leaf)
        level = 0
        while len(self._levels[level]) % 2 == 0:
            if len(self._levels) == level + 1:
                self._levels.append([])
            left, right = self._levels[level][-2:]
            level += 1
            self._levels[level].append(node_hash(left, right))

    def root(self, size: int | None = None) -> bytes:
        """Return the root as it was when the tree had `size` leaves; by default as it stands."""
        leaves = self.size if size is None else size
        if not 0 <= leaves <= self.size:
            raise ValueError("the tree never had this size")
        return self._span(0, leaves)

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the hashes that lead from a leaf to the root of the first `size` leaves."""
        end = self.size if size is None else size
        if not 0 <= index < end <= self.size:
            raise ValueError("no such leaf in a tree of this size")
        proof: list[bytes] = []
        start = 0
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._span(middle, end))
                end = middle
            else:
                proof.append(self._span(start, middle))
                start = middle
        return proof[::-1]

    def consistency_proof(self, old_size: int, size: int | None = None) -> list[bytes]:
        """Return the hashes that show that the first `old_size` leaves are unchanged in a later tree."""
        end = self.size if size is None else size
        if not 0 < old_size <= end <= self.size:
            raise ValueError("no such two sizes of this tree")
        proof: list[bytes] = []
        start = 0
        while old_size != end:
            middle = start + _split(end - start)
            if old_size <= middle:
                proof.append(self._span(middle, end))
                end = middle
            else:
                proof.append(self._span(start, middle))
                start = middle
        if start > 0:  # else the older root itself is where the checker starts
            proof.append(self._span(start, end))
        return proof[::-1]

    def _span(self, start: int, end: int) -> bytes:
        """Return the root over leaves `start` to `end`; `start` is a multiple of the span's first full subtree."""
        peaks = []
        while start < end:
            level = (end - start).bit_length() - 1
            peaks.append(self._levels[level][start >> level])
            start += 1 << level
        return _folded(peaks)


def growth_proof(old: CompactRange, added: Sequence[bytes]) -> list[bytes]:
    """Return the consistency proof from a kept state to the tree that the leaves added since make of it.

    Args:
        old: the tree as it was; at least one leaf.
        added: hashes of the leaves that came since.
    """
    if old.size == 0:
        raise ValueError("nothing is proved of an empty tree")
    starts, start = {}, 0
    for peak in old.peaks:
        starts[start] = peak
        start += 1 << ((old.size - start).bit_length() - 1)
    proof: list[bytes] = []
    start, end = 0, old.size + len(added)
    while old.size != end:
        middle = start + _split(end - start)
        if old.size <= middle:
            newer = CompactRange()
            for leaf in added[middle - old.size : end - old.size]:
                newer.append(leaf)
            proof.append(newer.root())
            end = middle
        else:
            proof.append(starts[start])
            start = middle
    if start > 0:
        proof.append(starts[start])
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, *, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether a leaf stands at `index` of the tree of that size and root."""
    if not 0 <= index < size:
        return False
    sides = _sides(index, size - 1, steps=len(proof))
    if sides is None:
        return False
    reached = leaf
    for left, sibling in zip(sides, proof, strict=True):
        reached = node_hash(sibling, reached) if left else node_hash(reached, sibling)
    return reached == root


def verify_consistency(old_size: int, old_root: bytes, *, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether the later tree begins with the older one: nothing edited, dropped or put in between."""
    if old_size == size:
        return not proof and old_root == root
    if not 0 < old_size < size or not proof:
        return False
    # A full old tree is itself where the way starts; otherwise the proof begins with its last full subtree.
    path = [old_root, *proof] if old_size.bit_count() == 1 else list(proof)
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    sides = _sides(node, last, steps=len(path) - 1)
    if sides is None:
        return False
    old_reached = reached = path[0]
    for left, sibling in zip(sides, path[1:], strict=True):
        old_reached = node_hash(sibling, old_reached) if left else old_reached
        reached = node_hash(sibling, reached) if left else node_hash(reached, sibling)
    return old_reached == old_root and reached == root


def _sides(node: int, last: int, *, steps: int) -> list[bool] | None:
    """Return for each step up whether the sibling stands on the left; None if the way has another length.

    Args:
        node: where the way starts, counted on its level.
        last: the last node of that level.
        steps: how many siblings the proof names.

    """
    sides = []
    for _ in range(steps):
        if last == 0:
            return None
        left = bool(node & 1) or node == last
        while left and node and not node & 1:  # levels on which the last node has no sibling
            node, last = node >> 1, last >> 1
        sides.append(left)
        node, last = node >> 1, last >> 1
    return sides if last == 0 else None


def _folded(peaks: Sequence[bytes]) -> bytes:
    """Return the root over neighbouring full subtrees, the largest first."""
    if not peaks:
        return EMPTY_ROOT
    reached = peaks[-1]
    for peak in reversed(peaks[:-1]):
        reached = node_hash(peak, reached)
    return reached


def _split(leaves: int) -> int:
    """Return the largest power of two below the number of leaves."""
    return 1 << ((leaves - 1).bit_length() - 1)
