"""What can be wrong with a log, in words that name what was done to it and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, pairwise
from typing import Final

from registry.protect.log.merkle import CompactRange

SEARCHED: Final = 256  # leaves under one head among which the one that was put in is looked for
PAIRED: Final = 48  # leaves under one head among which the two that changed places are looked for


class FaultKind(StrEnum):
    """What was done."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    FOREIGN_KEY = "foreign_key"
    OLDER_KEY = "older_key"
    BAD_HEAD = "bad_head"
    HEAD_REMOVED = "head_removed"
    ROLLED_BACK = "rolled_back"
    REWRITTEN = "rewritten"
    BAD_COSIGNATURE = "bad_cosignature"
    NOT_COSIGNED = "not_cosigned"
    DROPPED = "dropped"  # written to the second sink, and gone
    ROW_OLDER = "row_older"
    ROW_CHANGED = "row_changed"
    ROW_UNLOGGED = "row_unlogged"
    ROW_BACK = "row_back"
    ROW_GONE = "row_gone"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong."""

    kind: FaultKind
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspects:
    """The leaves under a head that does not fit, as far as they are known."""

    before: CompactRange  # the tree under the head before
    computed: Sequence[bytes]  # hashes of their contents, and of one leaf more if there is one
    stored: Sequence[bytes]  # the hashes that stand beside them
    leaf_ids: Sequence[int]
    size: int  # of the head
    root: bytes  # that was signed

    @property
    def first(self) -> int:
        """The place of the first of them."""
        return self.before.size

    @property
    def span(self) -> str:
        """Between which places they stand, in words."""
        last = self.size - 1
        return f"leaf {last}" if self.first == last else f"the leaves {self.first} to {last}"


def explained(found: Suspects, *, surplus: int) -> Fault | None:
    """Return what was done to the leaves under a head that does not fit; None: it is said of a single leaf already.

    Args:
        surplus: how many leaves more than signed the log has; below 0: fewer.
    """
    wanted = found.size - found.first
    if _root(found, found.stored[:wanted]) == found.root:
        return None
    named = _inserted(found, wanted) if surplus > 0 else None
    named = named or _reordered(found, wanted)
    if named is not None:
        return named
    if surplus < 0:
        words = f"a leaf was deleted, in or before {found.span}, and those after it were moved up"
        return Fault(kind=FaultKind.DELETED, words=words)
    if surplus > 0:
        words = f"a leaf was inserted in or before {found.span}: there are more than were signed"
        return Fault(kind=FaultKind.INSERTED, words=words)
    words = (
        f"{found.span} under the head of {found.size} were edited after they were signed, and their hashes with them"
    )
    return Fault(kind=FaultKind.EDITED, words=words)


def _inserted(found: Suspects, wanted: int) -> Fault | None:
    if wanted > SEARCHED:
        return None
    for place in range(len(found.computed)):
        if _root(found, [*found.computed[:place], *found.computed[place + 1 :]][:wanted]) == found.root:
            words = f"leaf {found.first + place} was inserted: without it the signed head fits"
            return Fault(kind=FaultKind.INSERTED, words=words)
    return None


def _reordered(found: Suspects, wanted: int) -> Fault | None:
    for place, (one, next_one) in enumerate(pairwise(found.leaf_ids[:wanted])):
        if one > next_one:
            words = f"the leaves were reordered: leaf {found.first + place} was written after leaf"
            return Fault(kind=FaultKind.REORDERED, words=f"{words} {found.first + place + 1}")
    if wanted > PAIRED:
        return None
    hashes = list(found.computed[:wanted])
    for one, other in combinations(range(wanted), 2):
        hashes[one], hashes[other] = hashes[other], hashes[one]
        if _root(found, hashes) == found.root:
            words = f"the leaves {found.first + one} and {found.first + other} were reordered: they changed places"
            return Fault(kind=FaultKind.REORDERED, words=words)
        hashes[one], hashes[other] = hashes[other], hashes[one]
    return None


def _root(found: Suspects, hashes: Sequence[bytes]) -> bytes:
    tree = CompactRange(found.before.size, found.before.peaks)
    for one in hashes:
        tree.append(one)
    return tree.root()
