"""Constraints: what people have said of records and persons: 'the same' binds, 'different' keeps apart for ever."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.bad_file import BadFile
from matching.block_index import Candidates, without
from matching.block_table import Integers, Longs
from matching.csv_files import header_of
from matching.files import read_pairs
from matching.parquet_files import parts_of, schema_of

SAME: Final = "same"
DIFFERENT: Final = "different"
NOBODY: Final = -1
PAIR: Final = ("left_id", "right_id")

Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Constraints:
    """What binds, by rows of the two sides."""

    bound: Integers  # for every record the person it is bound to; NOBODY: none
    apart: Longs  # record << 32 | person, sorted
    ignored: int  # lines of records or persons that are not in the files

    @classmethod
    def none(cls, records: int) -> Constraints:
        """Return no constraints."""
        return cls(np.full(records, NOBODY, dtype=np.int32), np.empty(0, dtype=np.int64), 0)

    def kept(self, records: Integers, candidates: Candidates) -> Candidates:
        """Return the candidates of `records` as far as the constraints allow them; a bound record has one."""
        if len(self.apart) and len(candidates.person):
            pairs = records[candidates.record_of_pairs()].astype(np.int64) << 32 | candidates.person
            place = np.minimum(np.searchsorted(self.apart, pairs), len(self.apart) - 1)
            candidates = without(candidates, self.apart[place] == pairs)
        bound = self.bound[records]
        if not (bound != NOBODY).any():
            return candidates
        candidates = without(candidates, (bound != NOBODY)[candidates.record_of_pairs()])
        counts = np.diff(candidates.starts) + (bound != NOBODY)
        starts = np.concatenate([[0], np.cumsum(counts)])
        person = np.empty(int(starts[-1]), dtype=np.int32)
        single = np.zeros(len(person), dtype=np.bool_)
        single[starts[:-1][bound != NOBODY]] = True
        person[single] = bound[bound != NOBODY]
        person[~single] = candidates.person
        return Candidates(starts, person)


def read_constraints(path: Path, left_ids: pa.Array, right_ids: pa.Array) -> Constraints:
    """Read a file of left_id, right_id and a column that says same or different.

    A line of a record that is not in the file of records is left aside: it belongs to another delivery.

    Raises: BadFile: a word is neither, a record is bound to somebody who is not in the population or to two people,
        or one pair is both.
    """
    said = _column_of_words(path)
    table = read_pairs(path, (*PAIR, said)).combine_chunks()
    words = table[said]
    same = pc.equal(words, SAME).to_numpy(zero_copy_only=False)
    wrong = ~same & ~pc.equal(words, DIFFERENT).to_numpy(zero_copy_only=False)
    if wrong.any():
        raise _fault(path, f"column {said} must say {SAME} or {DIFFERENT}", np.flatnonzero(wrong)[0])
    record = rows_of(table[PAIR[0]], left_ids)
    person = rows_of(table[PAIR[1]], right_ids)
    unknown = same & (record != NOBODY) & (person == NOBODY)
    if unknown.any():
        raise _fault(path, "a record is the same as a person who is not in the population", np.flatnonzero(unknown)[0])
    known = (record != NOBODY) & (person != NOBODY)
    pairs = record.astype(np.int64) << 32 | person
    binding, apart = known & same, np.unique(pairs[known & ~same])
    _check_agree(path, pairs, binding, record, apart)
    bound = np.full(len(left_ids), NOBODY, dtype=np.int32)
    bound[record[binding]] = person[binding]
    return Constraints(bound, apart, int(np.count_nonzero(~known)))


def _column_of_words(path: Path) -> str:
    """Return the name of the column beside the two ids."""
    try:
        csv = path.suffix.lower() == ".csv"
        names = header_of(path)[0] if csv else schema_of(parts_of(path)[0]).names
    except OSError as fault:
        msg = f"{path}: the file cannot be read: {fault.strerror or 'the system refuses'}"
        raise BadFile(msg) from None
    others = [name for name in names if name not in PAIR]
    if len(others) != 1:
        msg = f"{path}: beside {PAIR[0]} and {PAIR[1]} one column is needed, which says {SAME} or {DIFFERENT}"
        raise BadFile(msg)
    return others[0]


def _check_agree(path: Path, pairs: Longs, binding: Truths, record: Integers, apart: Longs) -> None:
    """Check that no pair is both, and that no record is bound to two people."""
    both = binding & np.isin(pairs, apart)
    if both.any():
        raise _fault(path, "a pair is both the same and different", np.flatnonzero(both)[0])
    places = np.flatnonzero(binding)
    _, first = np.unique(pairs[places], return_index=True)
    distinct = np.sort(places[first])
    _, once = np.unique(record[distinct], return_index=True)
    twice = np.setdiff1d(distinct, distinct[once])
    if len(twice):
        raise _fault(path, "a record is the same as two people", twice[0])


def _fault(path: Path, rule: str, place: np.intp) -> BadFile:
    return BadFile(f"{path}: {rule} in row {int(place) + 1}")


def rows_of(wanted: pa.ChunkedArray, ids: pa.Array) -> Integers:
    """Return for each id its row, NOBODY if it has none. `ids` are looked through once and never put into a table."""
    distinct = pc.unique(wanted.cast(ids.type))
    places = pc.index_in(ids, value_set=distinct)
    rows = np.flatnonzero(places.is_valid().to_numpy(zero_copy_only=False))
    row_of = np.full(len(distinct), NOBODY, dtype=np.int32)
    row_of[places.drop_null().to_numpy()] = rows
    found: Integers = row_of[pc.index_in(wanted.cast(ids.type), value_set=distinct).to_numpy()]
    return found
