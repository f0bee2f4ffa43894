"""Similarity of name parts: which two syllables differ by one slip, worked out once for a whole dictionary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from matching.encode import NONE, Integers, Truths

LARGEST_TABLE = 64_000_000  # cells of one byte; beyond it, pairs are looked at one by one
_SHORTEST = 2  # letters in the longer word


class Similarity:
    """Answers whether two coded name parts are near, for the codes of `left` against those of `right`."""

    def __init__(
        self,
        texts: Sequence[str],
        left: Integers,
        right: Integers,
        in_use: Truths,
        *,
        largest_table: int = LARGEST_TABLE,
    ) -> None:
        """Work out the table of all parts in `left` against all in `right`.

        Args: `texts` at the place of their code; `in_use` says of each code of a syllable with its marks whether
            anybody in the population bears it; beyond `largest_table` cells no table is made.
        """
        self.in_use = in_use if len(in_use) else np.zeros(1, dtype=np.bool_)
        self._texts = texts
        self._lengths = np.array([len(text) for text in texts] or [0])
        spelled: dict[str, int] = {}
        self._spelled = np.array([spelled.setdefault(t.replace("y", "i"), len(spelled)) for t in texts] or [0])
        rows, columns = np.unique(left[left != NONE]), np.unique(right[right != NONE])
        self._table: npt.NDArray[np.bool_] | None = None
        if 0 < len(rows) * len(columns) <= largest_table:
            distances = cdist(
                [texts[code] for code in rows],
                [texts[code] for code in columns],
                scorer=OSA.distance,
                score_cutoff=1,
                dtype=np.uint8,
            )
            self._table = distances <= 1
            self._row = np.zeros(len(texts), dtype=np.intp)
            self._column = np.zeros(len(texts), dtype=np.intp)
            self._row[rows] = np.arange(len(rows))
            self._column[columns] = np.arange(len(columns))

    def near(self, a: Integers, b: Integers) -> Truths:
        """Return for each pair of codes whether the parts differ by one letter or by two exchanged neighbours."""
        long = (np.maximum(self._lengths[a], self._lengths[b]) >= _SHORTEST) & (a != NONE) & (b != NONE)
        if self._table is not None:
            near: Truths = long & self._table[self._row[a], self._column[b]]
            return near
        near = np.zeros(len(a), dtype=np.bool_)
        if not long.any():
            return near
        keys, back = np.unique(np.stack([a[long], b[long]]), axis=1, return_inverse=True)
        slips = [
            OSA.distance(self._texts[x], self._texts[y], score_cutoff=1) <= 1
            for x, y in zip(*keys.tolist(), strict=True)
        ]
        near[long] = np.array(slips, dtype=np.bool_)[back.ravel()]
        return near

    def spelling(self, a: Integers, b: Integers) -> Truths:
        """Return for each pair of codes whether the parts are equal when y is written i."""
        equal: Truths = (self._spelled[a] == self._spelled[b]) & (a != NONE) & (b != NONE)
        return equal
