"""Key samples: the rows of some keys only, but all of these, however long the table is that goes by.

Rows that share a key (a family, a full name and a day) are kept or left out together, by the first bits of the key. So
what is counted of pairs among them holds for all pairs, and the samples of two parts of a population can be merged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching.compiling import compiled
from matching.hash_counts import HashCounts, Hashes, Longs, Table, count
from matching.packed import Rows

MOST_ROWS: Final = 1 << 17
LARGEST_GROUP: Final = 20  # rows kept of one key

_NO_KEY = np.uint64(0)
_BITS = 64


@compiled
def _is_chosen(key: np.uint64, level: int) -> bool:
    """Return whether a key belongs to a sample of one key in 2 ** level."""
    return bool(key != _NO_KEY and (level == 0 or key >> np.uint64(_BITS - level) == _NO_KEY))


@compiled
def _choose(keys: Hashes, level: int, table: Table, chosen: npt.NDArray[np.bool_]) -> None:
    """Count the keys of the sample and choose as many rows of each as are kept; the table must have room."""
    for place in range(len(keys)):
        if _is_chosen(keys[place], level):
            chosen[place] = count(table, keys[place], 1) <= LARGEST_GROUP


@compiled
def _are_chosen(keys: Hashes, level: int, chosen: npt.NDArray[np.bool_]) -> None:
    for place in range(len(keys)):
        chosen[place] = _is_chosen(keys[place], level)


class KeySample:
    """Rows of one key in 2 ** `level`; the level rises when there are more than `most` of them."""

    def __init__(self, width: int, *, most: int = MOST_ROWS) -> None:
        self.level = 0
        self.counts = HashCounts()  # rows of each key of the sample, kept or not
        self.keys = np.zeros(0, dtype=np.uint64)
        self.rows: Rows = np.zeros((0, width), dtype=np.int32)
        self._coming: list[tuple[Hashes, Rows]] = []
        self._waiting = 0
        self._most = most

    def choose(self, keys: Hashes) -> Longs:
        """Count some keys, 0 for none, and return the places of those whose rows are to be kept."""
        chosen = np.zeros(len(keys), dtype=np.bool_)
        self.counts.make_room(len(keys))
        _choose(keys, self.level, self.counts.table, chosen)
        return np.flatnonzero(chosen)

    def keep(self, keys: Hashes, rows: Rows) -> None:
        """Keep the rows of the keys that were chosen."""
        self._coming.append((keys, rows))
        self._waiting += len(keys)
        if len(self.keys) + self._waiting > self._most:
            self.settle()

    def settle(self) -> None:
        """Put everything kept side by side, and keep a smaller share of the keys while that is too much."""
        self.keys = np.concatenate([self.keys, *(keys for keys, _ in self._coming)])
        self.rows = np.concatenate([self.rows, *(rows for _, rows in self._coming)])
        self._coming, self._waiting = [], 0
        while len(self.keys) > self._most:
            self._rise(self.level + 1)

    def merge(self, other: KeySample) -> None:
        """Add the sample of another part of the same population; this part's rows come first."""
        other.settle()
        self.settle()
        if self.level < other.level:
            self._rise(other.level)
        kept = HashCounts()
        kept.add(self.keys, np.ones(len(self.keys), dtype=np.int64))
        kept.make_room(len(other.keys))
        chosen = np.zeros(len(other.keys), dtype=np.bool_)
        _choose(other.keys, self.level, kept.table, chosen)
        keys, counts = other.counts.entries()
        common = np.zeros(len(keys), dtype=np.bool_)
        _are_chosen(keys, self.level, common)
        self.counts.add(keys[common], counts[common])
        self.keep(other.keys[chosen], other.rows[chosen])
        self.settle()

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return everything as arrays."""
        self.settle()
        seen, counts = self.counts.entries()
        level = np.array(self.level, dtype=np.int64)
        return {"level": level, "keys": self.keys, "rows": self.rows, "seen": seen, "counts": counts}

    def take(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Begin with what `arrays` described."""
        self.level, self.keys, self.rows = int(arrays["level"]), arrays["keys"], arrays["rows"]
        self.counts.add(arrays["seen"], arrays["counts"])

    def _rise(self, level: int) -> None:
        """Keep the keys of a smaller sample only."""
        self.level = level
        chosen = np.zeros(len(self.keys), dtype=np.bool_)
        _are_chosen(self.keys, level, chosen)
        self.keys, self.rows = self.keys[chosen], self.rows[chosen]
        used = np.zeros(len(self.counts.table.keys), dtype=np.bool_)
        _are_chosen(self.counts.table.keys, level, used)
        self.counts.keep(used)
