"""Truth files: whom each record really describes, read beside what a linkage said of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from matching.decision import Decision
from matching.evaluation import DECISIONS, NOBODY, Integers, Outcome, Truth
from matching.files import BadFile, read_whole

SAID = ("left_id", "right_id", "probability", "decision")
_LARGEST_GROUPS = 40  # kinds of record beyond it are not measured apart: no table holds them


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """An outcome and its truth in the same codes, and what did not fit."""

    outcome: Outcome
    truth: Truth
    unknown_records: int  # rows of the outcome whose record the truth does not name


def read_judged(out: Path, truth: Path, people: Path | None = None) -> Judged:
    """Read what a linkage wrote and the truth about it.

    Args:
        out: as `link` writes it.
        truth: left_id and right_id, empty where the child is absent; optionally household and `;`-joined groups.
        people: right_id and household of the population, so that links to relatives are told apart.

    Raises: BadFile: a column is missing or a value has no meaning.
    """
    said, true = read_said(out), _read_truth(truth)
    record = _codes(said["left_id"], true["left_id"])
    persons = _vocabulary(true["right_id"], said["right_id"])
    known = record != NOBODY
    outcome = Outcome(
        record[known],
        _codes(said["right_id"], persons)[known],
        _probabilities(said["probability"], out)[known],
        _decisions(said["decision"], out)[known],
    )
    household, of_person = _households(true, people, persons)
    person = _codes(true["right_id"], persons)
    return Judged(outcome, Truth(person, household, of_person, _groups(true["group"])), int((~known).sum()))


def read_said(path: Path) -> pa.Table:
    """Read the columns of a result that say something about pairs, as text and figures.

    Raises: BadFile: a column is missing.
    """
    if path.suffix.lower() != ".parquet":
        return read_whole(path, columns=SAID, required=SAID)
    try:
        names = pq.read_schema(path).names
        missing = [column for column in SAID if column not in names]
        table = pq.read_table(path, columns=[column for column in SAID if column in names])
    except (pa.ArrowInvalid, OSError):
        msg = f"{path}: cannot be read as Parquet"
        raise BadFile(msg) from None
    if missing:
        msg = f"{path}: column {missing[0]} is missing"
        raise BadFile(msg)
    for column in ("left_id", "right_id", "decision"):
        table = table.set_column(table.column_names.index(column), column, table[column].cast(pa.string()))
    return table


def _read_truth(path: Path) -> pa.Table:
    columns = ("left_id", "right_id", "household", "group")
    table = read_whole(path, columns=columns, required=("left_id", "right_id"))
    if len(pc.unique(table["left_id"])) != len(table):
        msg = f"{path.name}: left_id stands more than once; for pairs of a deduplication use --pairs"
        raise BadFile(msg)
    return table


def _vocabulary(*columns: pa.ChunkedArray) -> pa.Array:
    chunks = [chunk for column in columns for chunk in column.chunks]
    return pc.drop_null(pc.unique(pa.chunked_array(chunks, type=pa.string())))


def _codes(values: pa.ChunkedArray, vocabulary: pa.Array | pa.ChunkedArray) -> Integers:
    places = pc.index_in(values, value_set=vocabulary, skip_nulls=True)
    return np.asarray(pc.fill_null(places, NOBODY)).astype(np.int64)


def _probabilities(values: pa.ChunkedArray, path: Path) -> npt.NDArray[np.float64]:
    try:
        return np.asarray(pc.fill_null(pc.cast(values, pa.float64()), 0.0))
    except pa.ArrowInvalid:
        msg = f"{path.name}: a value of probability is no number"
        raise BadFile(msg) from None


def _decisions(values: pa.ChunkedArray, path: Path) -> Integers:
    codes = _codes(values, pa.array([decision.value for decision in DECISIONS]))
    if (codes == NOBODY).any():
        msg = f"{path.name}: a value of decision is none of {', '.join(Decision)}"
        raise BadFile(msg)
    return codes


def _households(true: pa.Table, people: Path | None, persons: pa.Array) -> tuple[Integers | None, Integers | None]:
    if people is None:
        return None, None
    homes = read_whole(people, columns=("right_id", "household"), required=("right_id", "household"))
    names = _vocabulary(true["household"], homes["household"])
    places = _codes(homes["right_id"], persons)
    of_person = np.full(len(persons), NOBODY, dtype=np.int64)
    of_person[places[places != NOBODY]] = _codes(homes["household"], names)[places != NOBODY]
    return _codes(true["household"], names), of_person


def _groups(column: pa.ChunkedArray) -> dict[str, npt.NDArray[np.bool_]]:
    lists = pc.split_pattern(pc.fill_null(column.combine_chunks(), ""), ";")
    names, parents = lists.flatten(), np.asarray(pc.list_parent_indices(lists))
    counts = sorted(pc.value_counts(names).to_pylist(), key=lambda each: (-each["counts"], each["values"]))
    groups = {}
    for name in [each["values"] for each in counts if each["values"]][:_LARGEST_GROUPS]:
        inside = np.zeros(len(column), dtype=np.bool_)
        inside[parents[np.asarray(pc.equal(names, name))]] = True
        groups[name] = inside
    return groups
