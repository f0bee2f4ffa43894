"""Block keys of any table: what a model file names of a row's values, hashed together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.columns.declared import KeyPart, Part
from matching.columns.values import Codes, ColumnValues, Hashes, mixed
from matching.vocabulary import text_hash
from matching.workspace import Keys, Places

_MILLION: Final = 1_000_000
_NOTHING: Final = np.zeros(1, dtype=np.uint64)


def column_keys(
    kinds: Mapping[str, Sequence[KeyPart]], values: Mapping[str, ColumnValues], codes: Mapping[str, Codes], first: int
) -> Keys:
    """Return the keys of some consecutive rows; a row in which a part is not known has no key of the kind.

    Args:
        kinds: the kinds that are wanted, with their parts.
        values: of every column.
        codes: of the rows' values, by column.
        first: the place of the first of the rows.
    """
    found = [_keys_of(kind, parts, values, codes) for kind, parts in kinds.items()]
    rows: list[Places] = [(np.flatnonzero(key) + first).astype(np.int32) for key in found]
    if not found:
        return Keys(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.uint64))
    return Keys(np.concatenate(rows), np.concatenate([key[key != 0] for key in found]))


def _keys_of(
    kind: str, parts: Sequence[KeyPart], values: Mapping[str, ColumnValues], codes: Mapping[str, Codes]
) -> Hashes:
    """Return the key of each row, 0 where it has none; the kind and the order of the parts are in it."""
    rows = len(next(iter(codes.values())))
    key = mixed(np.full(rows, text_hash(kind), dtype=np.uint64))
    known = np.ones(rows, dtype=np.bool_)
    for part in parts:
        taken, there = _part_of(part, values, codes)
        key = mixed(key ^ taken)
        known &= there
    return np.where(known, key, np.uint64(0))


def _part_of(
    part: KeyPart, values: Mapping[str, ColumnValues], codes: Mapping[str, Codes]
) -> tuple[Hashes, npt.NDArray[np.bool_]]:
    taken = [np.append(_facts(part, values[column]), _NOTHING)[codes[column]] for column in part.columns]
    known = np.logical_and.reduce([each != 0 for each in taken])
    # Numbers of words are added up, so that it does not matter in which of the columns a word stands.
    return mixed(np.add.reduce(taken)), known


def _facts(part: KeyPart, values: ColumnValues) -> Hashes:
    if part.part is Part.FIRST:
        return values.first(part.letters)
    if part.part is Part.LAST:
        return values.last(part.letters)
    return _FACTS[part.part](values)


_FACTS: Mapping[Part, Callable[[ColumnValues], Hashes]] = {
    Part.WHOLE: ColumnValues.hashes,
    Part.SOUND: ColumnValues.sounds,
    Part.WORDS: ColumnValues.words,
    Part.FIRST_WORD: ColumnValues.first_words,
    Part.LAST_WORD: ColumnValues.last_words,
    Part.YEAR: lambda values: _date_part(values, 10_000, least=4),
    Part.YEAR_MONTH: lambda values: _date_part(values, 100, least=6),
    Part.DAY_MONTH: ColumnValues.days_and_months,
}


def _date_part(values: ColumnValues, divisor: int, *, least: int) -> Hashes:
    number = (values.dates() // divisor).astype(np.uint64) + np.uint64(least * _MILLION)
    return np.where(values.lengths() >= least, mixed(number), np.uint64(0))
