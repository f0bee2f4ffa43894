"""Columns of text as plain arrays: the bytes of all texts in one, and where each text begins and ends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.compiling import compiled

_OFFSET_BASIS = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)


class Texts(NamedTuple):
    """A column of texts in UTF-8: text i is `letters[starts[i]:starts[i + 1]]`; one that is not known is empty."""

    letters: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]


def one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column of a table as one array of plain strings."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole if pa.types.is_string(whole.type) or pa.types.is_large_string(whole.type) else whole.cast(pa.string())


def texts_of(column: pa.Array) -> Texts:
    """Return the bytes of an array of strings; nothing is copied but the places."""
    _, places, letters = column.buffers()
    if places is None or len(column) == 0:
        return Texts(np.zeros(0, dtype=np.uint8), np.zeros(len(column) + 1, dtype=np.int64))
    size = np.int64 if pa.types.is_large_string(column.type) else np.int32
    starts = np.frombuffer(places, dtype=size)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    if column.null_count and np.diff(starts)[np.asarray(column.is_null())].any():  # bytes that belong to nobody
        return texts_of(pc.fill_null(column, ""))
    found = np.zeros(0, dtype=np.uint8) if letters is None else np.frombuffer(letters, dtype=np.uint8)
    return Texts(found, starts)


@compiled
def hash_texts(letters: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], found: npt.NDArray[np.uint64]) -> None:
    """Write a 64-bit number for each text into `found`.

    Source: FNV-1a; Fowler, Noll, Vo and Eastlake (2019), The FNV Non-Cryptographic Hash Algorithm, section 2.
    """
    for place in range(len(starts) - 1):
        number = _OFFSET_BASIS
        for at in range(starts[place], starts[place + 1]):
            number = (number ^ np.uint64(letters[at])) * _PRIME
        found[place] = number
