"""Rebuilds the tree of a log from the contents of its leaves, and compares it with every signed head."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from registry.protect.log.checkpoint import Checkpoint
from registry.protect.log.log_faults import Fault, FaultKind, Suspects, explained
from registry.protect.log.merkle import CompactRange


class TreeCheck:
    """Takes in leaves in their order; what does not fit is named at the end."""

    def __init__(self, heads: Mapping[int, bytes], *, outside: Sequence[Checkpoint] = ()) -> None:
        """Begin with nothing.

        Args:
            heads: root by size, of the heads that stand in the log.
            outside: heads that were kept where nobody could change them together with the log.

        """
        self._heads = dict(heads)
        self._outside: dict[int, list[Checkpoint]] = {}
        for one in outside:
            self._outside.setdefault(one.size, []).append(one)
        self._tree = CompactRange()
        self._before = CompactRange()
        self._batch: list[tuple[bytes, bytes, int]] = []
        self._suspects: Suspects | None = None
        self._last_index = -1
        self._gapped = False
        self.faults: list[Fault] = []

    @property
    def size(self) -> int:
        """The number of leaves so far."""
        return self._tree.size

    def leaf(self, index: int, leaf_id: int, *, stored: bytes, content: bytes) -> bytes:
        """Take in the next leaf; return the hash of its content."""
        computed = hashlib.sha256(b"\x00" + content).digest()
        if computed != stored:
            self._say(FaultKind.EDITED, f"leaf {index} was edited: its content does not have its hash")
        if index != self._last_index + 1:
            self._out_of_place(index)
        self._last_index = index
        self._tree.append(computed)
        if self._suspects is None:
            self._batch.append((computed, stored, leaf_id))
            if self._tree.size in self._heads:
                self._under_a_head()
        elif len(self._batch) <= self._suspects.size - self._suspects.first:
            self._batch.append((computed, stored, leaf_id))  # one more: it may be the one that was pushed out
        if self._tree.size in self._outside:
            self._compare_outside(self._tree.size)
        return computed

    def finish(self) -> None:
        """Name what can be told only when the last leaf was seen."""
        newest = max(self._heads, default=0)
        surplus = self._tree.size - newest
        if not self._gapped:
            self._finish_heads(newest, surplus)
        for size, heads in self._outside.items():
            if size > self._tree.size:
                words = f"a head of {size} leaves was kept outside, but this log has {self._tree.size}: "
                self._say(FaultKind.ROLLED_BACK, words + "it was cut off, or rolled back together with its database")
            elif size == 0 and any(head.root != CompactRange().root() for head in heads):
                self._say(FaultKind.REWRITTEN, "a head of no leaves that was kept outside has another root")

    def _finish_heads(self, newest: int, surplus: int) -> None:
        if self._suspects is not None:
            parts = list(zip(*self._batch, strict=True))
            whole = Suspects(
                before=self._suspects.before,
                computed=parts[0],
                stored=parts[1],
                leaf_ids=parts[2],
                size=self._suspects.size,
                root=self._suspects.root,
            )
            fault = explained(whole, surplus=surplus)
            self.faults += [fault] if fault else []
        elif surplus < 0:
            words = f"the log was truncated: it ends after {self._tree.size} leaves, and a head of {newest} was signed"
            self._say(FaultKind.TRUNCATED, words)
        elif surplus > 0:
            words = f"the leaves from {newest} on have their places, but the head that was signed over them was removed"
            self._say(FaultKind.HEAD_REMOVED, words)

    def _under_a_head(self) -> None:
        size = self._tree.size
        if self._gapped or self._heads[size] == self._tree.root():
            self._before = CompactRange(size, self._tree.peaks)
            self._batch = []
            return
        self._suspects = Suspects(
            before=self._before, computed=(), stored=(), leaf_ids=(), size=size, root=self._heads[size]
        )

    def _compare_outside(self, size: int) -> None:
        if any(head.root != self._tree.root() for head in self._outside[size]):
            words = f"the first {size} leaves are not those under a head of {size} that was kept outside: "
            self._say(FaultKind.REWRITTEN, words + "the log was rewritten and signed again")

    def _out_of_place(self, index: int) -> None:
        expected = self._last_index + 1
        self._gapped = True
        if index > expected:
            which = f"leaf {expected} was" if index == expected + 1 else f"the leaves {expected} to {index - 1} were"
            self._say(FaultKind.DELETED, f"{which} deleted")
        else:
            self._say(FaultKind.INSERTED, f"a leaf was inserted: place {index} is taken twice")

    def _say(self, kind: FaultKind, words: str) -> None:
        self.faults.append(Fault(kind=kind, words=words))
