"""Values: the distinct values of one column, of both sides, under small numbers, with what is known of each.

Whatever is asked of a value (its sound, its first letters, its year) is worked out once for the value, not once a row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.columns.declared import Column
from matching.columns.reading import read_values
from matching.columns.sounds import soundex
from matching.hash_counts import HashCounts
from matching.text_columns import hash_texts, one_array, texts_of

Codes = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]
Array = npt.NDArray[np.generic]
S = TypeVar("S", bound=np.generic)

_FACTORS = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
_WHOLE_DATE = 8  # digits of YYYYMMDD


def mixed(numbers: Hashes) -> Hashes:
    """Return other numbers of 64 bits, each of which depends on all of its own; never 0, which stands for nothing.

    Source: the finaliser of the SplitMix64 generator (Steele, Lea and Flood 2014).
    """
    numbers = (numbers ^ (numbers >> _SHIFTS[0])) * _FACTORS[0]
    numbers = (numbers ^ (numbers >> _SHIFTS[1])) * _FACTORS[1]
    numbers = numbers ^ (numbers >> _SHIFTS[2])
    return np.where(numbers == 0, np.uint64(1), numbers)


def hashes_of(texts: pa.Array) -> Hashes:
    """Return a number for each text that is the same on every machine; 0 for one that is empty or null."""
    found = np.zeros(len(texts), dtype=np.uint64)
    plain = texts_of(texts)
    hash_texts(plain.letters, plain.starts, found)
    known = pc.fill_null(pc.greater(pc.utf8_length(texts), 0), fill_value=False).to_numpy(zero_copy_only=False)
    return np.where(known, mixed(found), np.uint64(0))


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A batch of a column: each row's code, -1 where the value is not known, and the rows that nobody can read."""

    codes: Codes
    unread: npt.NDArray[np.intp]


class ColumnValues:
    """The distinct values of one column; two values count as one if they read the same.

    Values are told apart by 64-bit numbers: of ten million, any two are taken for one once in 370,000 runs.
    """

    def __init__(self, column: Column, empty: Sequence[str]) -> None:
        """Begin without values.

        Args: `empty`: words that say nothing, in lower case.
        """
        self._column = column
        self._empty = empty
        self._codes = HashCounts()  # holds code + 1
        self._texts: list[pa.Array] = [pa.array([], pa.string())]
        self._size = 0
        self._facts: dict[str, Array] = {}

    def __len__(self) -> int:
        return self._size

    def encode(self, written: pa.ChunkedArray) -> Encoded:
        """Return the codes of a batch of values, giving new ones theirs."""
        coded = pc.dictionary_encode(one_array(written))
        read, unread = read_values(self._column, coded.dictionary.cast(pa.string()), self._empty)
        hashes = hashes_of(read)
        self._learn(read, hashes)
        codes = (self._codes.of(hashes) - 1).astype(np.int32)
        codes[hashes == 0] = -1
        places = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
        rows = np.append(codes, np.int32(-1))[places]
        return Encoded(rows, np.flatnonzero(np.append(unread, False)[places]))

    def _learn(self, read: pa.Array, hashes: Hashes) -> None:
        new = np.flatnonzero((self._codes.of(hashes) == 0) & (hashes != 0))
        distinct, first = np.unique(hashes[new], return_index=True)
        self._codes.add(distinct, np.arange(len(distinct), dtype=np.int64) + self._size + 1)
        self._texts.append(read.take(pa.array(new[first])))
        self._size += len(distinct)

    def texts(self) -> pa.Array:
        """Return every value, at the place of its code."""
        if len(self._texts) > 1:
            self._texts = [pa.concat_arrays(self._texts)]
        return self._texts[0]

    def hashes(self) -> Hashes:
        """Return a number for every value, the same for the same text in any column."""
        return self._fact("hash", hashes_of)

    def lengths(self) -> npt.NDArray[np.int32]:
        """Return the number of letters of every value."""
        return self._fact("length", lambda texts: pc.utf8_length(texts).to_numpy(zero_copy_only=False))

    def letters(self) -> Hashes:
        """Return the kinds of letters of every value, a bit each; some kinds share a bit."""
        return self._fact("letters", _letters)

    def word_counts(self) -> npt.NDArray[np.int32]:
        """Return the number of words of every value."""
        return self._fact("word_count", _word_counts)

    def first(self, letters: int) -> Hashes:
        """Return a number for the first letters of every value."""
        return self._fact(f"first{letters}", lambda texts: hashes_of(pc.utf8_slice_codeunits(texts, 0, letters)))

    def last(self, letters: int) -> Hashes:
        """Return a number for the last letters of every value."""
        return self._fact(f"last{letters}", lambda texts: hashes_of(pc.utf8_slice_codeunits(texts, -letters)))

    def sounds(self) -> Hashes:
        """Return a number for the sound of every value; 0 where there are no letters a-z."""
        return self._fact("sound", lambda texts: hashes_of(pa.array(map(soundex, texts.to_pylist()), pa.string())))

    def words(self) -> Hashes:
        """Return a number for the words of every value that does not depend on their order, and may be added up."""
        return self._fact("words", _words)

    def first_words(self) -> Hashes:
        """Return a number for the first word of every value."""
        return self._fact("first_word", lambda texts: hashes_of(pc.replace_substring_regex(texts, r" .*$", "")))

    def last_words(self) -> Hashes:
        """Return a number for the last word of every value."""
        return self._fact("last_word", lambda texts: hashes_of(pc.replace_substring_regex(texts, r"^.* ", "")))

    def dates(self) -> npt.NDArray[np.int64]:
        """Return every date as the number YYYYMMDD; 0 stands for a month or day that is not known."""
        return self._fact("date", _dates)

    def days(self) -> npt.NDArray[np.int64]:
        """Return the number of days of every whole date since 1970; of others those of their first day."""
        return self._fact("days", _days)

    def days_and_months(self) -> Hashes:
        """Return a number for day and month of every whole date, in the order of size; 0 for other dates."""
        return self._fact("day_month", _days_and_months)

    def numbers(self) -> npt.NDArray[np.float64]:
        """Return every value as a number."""
        return self._fact("number", lambda texts: pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False))

    def _fact(self, name: str, work_out: Callable[[pa.Array], npt.NDArray[S]]) -> npt.NDArray[S]:
        """Return a fact of every value, working it out for those that have come since it was last asked for."""
        known = cast("npt.NDArray[S] | None", self._facts.get(name))
        if known is None:
            known = work_out(self.texts())
        elif len(known) < self._size:
            known = np.concatenate([known, work_out(self.texts().slice(len(known)))])
        self._facts[name] = known
        return known


def _words(texts: pa.Array) -> Hashes:
    words = pc.split_pattern(texts, " ")
    hashes = hashes_of(words.flatten())
    starts = np.concatenate([[0], np.cumsum(pc.list_value_length(words).to_numpy(zero_copy_only=False))])
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(hashes)])
    numbers: Hashes = sums[starts[1:]] - sums[starts[:-1]]
    return numbers


def _word_counts(texts: pa.Array) -> npt.NDArray[np.int32]:
    counts: npt.NDArray[np.int32] = pc.count_substring(texts, " ").to_numpy(zero_copy_only=False) + 1
    return counts


def _letters(texts: pa.Array) -> Hashes:
    plain = texts_of(texts)
    if not len(texts):
        return np.zeros(0, dtype=np.uint64)
    letters = plain.letters[plain.starts[0] : plain.starts[-1]]
    # Whatever is not ASCII is one kind, however many bytes it takes: so one letter is never more than one bit.
    bits = np.uint64(1) << np.where(letters < 128, letters & 63, 0).astype(np.uint64)
    return np.bitwise_or.reduceat(bits, plain.starts[:-1] - plain.starts[0])


def _dates(texts: pa.Array) -> npt.NDArray[np.int64]:
    digits = pc.utf8_rpad(texts, _WHOLE_DATE, "0")
    numbers: npt.NDArray[np.int64] = pc.cast(digits, pa.int64()).to_numpy(zero_copy_only=False)
    return numbers


def _days(texts: pa.Array) -> npt.NDArray[np.int64]:
    dates = _dates(texts)
    year, month, day = dates // 10_000, np.maximum(dates // 100 % 100, 1), np.maximum(dates % 100, 1)
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64) + day - 1


def _days_and_months(texts: pa.Array) -> Hashes:
    dates = _dates(texts)
    month, day = dates // 100 % 100, dates % 100
    number = np.minimum(month, day) * 100 + np.maximum(month, day)
    return np.where((month > 0) & (day > 0), mixed(number.astype(np.uint64)), np.uint64(0))
