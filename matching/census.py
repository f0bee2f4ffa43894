"""Census: a population of any size counted chunk by chunk, in bounded memory."""

from __future__ import annotations

from io import BytesIO
from typing import Final

import numpy as np

from matching.frequencies import Frequencies
from matching.key_sample import MOST_ROWS
from matching.packed import Rows
from matching.relatives import Relatives
from matching.value_counts import MOST_VALUES, ValueCounts
from matching.vocabulary import Vocabulary

_CHUNK: Final = 1 << 16


class Census:
    """Counts what `Frequencies` are made of; the censuses of two parts of a population can be merged.

    Memory: 27 to 54 bytes for each different value of a fact in a group, of which sixteen million are kept; and 0.2 GB
    at most for the relatives.
    """

    def __init__(self, vocabulary: Vocabulary, *, values: int = MOST_VALUES, sample: int = MOST_ROWS) -> None:
        """Begin with nobody.

        Args:
            vocabulary: what the rows are packed with.
            values: how many values of all facts and groups to count; beyond them the rarest are forgotten.
            sample: how many people of each kind of relatives to look at; beyond them a share of the families.
        """
        self.vocabulary = vocabulary
        self.values = ValueCounts(most=values)
        self.relatives = Relatives(most=sample)

    @property
    def people(self) -> int:
        """How many people were counted."""
        return self.values.people

    def add(self, rows: Rows) -> None:
        """Count some people."""
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            self.values.add(chunk, self.vocabulary)
            self.relatives.add(chunk, self.vocabulary)

    def merge(self, other: Census) -> None:
        """Add the census of another part of the same population, whose rows may be packed with another vocabulary."""
        self.values.merge(other.values)
        self.relatives.merge(other.relatives)

    def to_bytes(self) -> bytes:
        """Return what was counted as bytes for another process; facts of people are in it, though hashed."""
        buffer = BytesIO()
        np.savez(buffer, allow_pickle=False, **self.values.arrays(), **self.relatives.arrays())
        return buffer.getvalue()

    def merge_bytes(self, written: bytes) -> None:
        """Add a census of another part of the same population as `to_bytes` wrote it."""
        arrays = np.load(BytesIO(written), allow_pickle=False)
        self.values.merge(ValueCounts.of(arrays))
        self.relatives.merge(Relatives.of(arrays))

    def finish(self) -> Frequencies:
        """Return what was counted."""
        return Frequencies.of(self.values, self.relatives)
