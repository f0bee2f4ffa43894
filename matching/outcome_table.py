"""Outcomes as the rows of the result file: every candidate worth showing, and a row for 'nobody'.

A record says link or review in one row at most, that of its best candidate; all its other rows say none. So a record
without such a row was decided none, and a count of rows by link or review is a count of records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.block_table import Integers
from matching.outcomes import DECISIONS, NONE, Outcomes, taken
from matching.schema import FieldSchema

RECORDS_AT_ONCE: Final = 100_000  # of a table: some 20 MB

Truths = npt.NDArray[np.bool_]
Small = npt.NDArray[np.int8]


def result_schema(fields: Sequence[FieldSchema], *, as_text: bool) -> pa.Schema:
    """Return the columns of a result file; words come as codes of a dictionary unless the format knows text alone."""
    word = pa.string() if as_text else pa.dictionary(pa.int8(), pa.string())
    columns = [("left_id", pa.large_string()), ("right_id", pa.large_string())]
    columns += [("probability", pa.float64()), ("decision", word)]
    return pa.schema([*columns, *((f"level_{field.name}", word) for field in fields)])


def result_tables(
    outcomes: Outcomes, ids: tuple[pa.Array, pa.Array], *, fields: Sequence[FieldSchema], as_text: bool
) -> Iterator[pa.Table]:
    """Yield the rows of the result, in the order of the records.

    Args: `ids` of the left and of the right side, by row.
    """
    for begin in range(0, len(outcomes), RECORDS_AT_ONCE):
        some = taken(outcomes, np.arange(begin, min(begin + RECORDS_AT_ONCE, len(outcomes))))
        yield _table(some, ids, fields=fields, as_text=as_text)


def _table(
    outcomes: Outcomes, ids: tuple[pa.Array, pa.Array], *, fields: Sequence[FieldSchema], as_text: bool
) -> pa.Table:
    counts = np.diff(outcomes.starts) + 1
    last = np.cumsum(counts) - 1  # the row of 'nobody' closes each record
    nobody = np.zeros(int(counts.sum()), dtype=np.bool_)
    nobody[last] = True
    probability = np.empty(len(nobody))
    probability[nobody], probability[~nobody] = outcomes.nobody, outcomes.probability
    decision = np.full(len(nobody), NONE, dtype=np.int8)
    decision[last - counts + 1] = outcomes.decision
    decision[last[counts == 1]] = NONE
    person = np.zeros(len(nobody), dtype=np.int32)
    person[~nobody] = outcomes.person
    levels = np.zeros((len(nobody), len(fields)), dtype=np.int8)
    levels[~nobody] = outcomes.levels
    columns = [
        ids[0].take(pa.array(np.repeat(outcomes.record, counts))),
        ids[1].take(pa.array(person, mask=nobody)),
        pa.array(probability),
        words(decision, [each.value for each in DECISIONS], as_text=as_text),
    ]
    columns += level_columns(levels, fields, empty=nobody, as_text=as_text)
    return pa.Table.from_arrays(columns, schema=result_schema(fields, as_text=as_text))


def is_text(out: Path) -> bool:
    """Return whether a result file is of a format that knows text alone."""
    return out.suffix.lower() == ".csv"


def level_columns(
    levels: Small, fields: Sequence[FieldSchema], *, as_text: bool, empty: Truths | None = None
) -> list[pa.Array]:
    """Return the names of the levels, a column a field; nothing where `empty`."""
    return [words(levels[:, place], field.names(), as_text=as_text, empty=empty) for place, field in enumerate(fields)]


def words(codes: Small | Integers, texts: Sequence[str], *, as_text: bool, empty: Truths | None = None) -> pa.Array:
    """Return codes as the texts that they stand for."""
    column = pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8), mask=empty), pa.array(texts, pa.string()))
    return column.cast(pa.string()) if as_text else column
