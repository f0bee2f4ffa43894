"""Evaluation of a deduplication: unordered pairs of records against the pairs that are truly one person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.evaluation import Share, wilson
from matching.files import BadFile, read_whole
from matching.ranking import Ranking, rank
from matching.truth_files import SAID, read_said


@dataclass(frozen=True, slots=True)
class PairsEvaluation:
    """The figures of a deduplication."""

    true_pairs: int
    linked: int  # pairs decided to be one person
    precision: Share
    recall: Share
    f1: float | None
    pairs: Ranking


def _numbered(left: pa.ChunkedArray, right: pa.ChunkedArray, names: pa.Array) -> npt.NDArray[np.int64]:
    """Return one number a pair, whatever its order; -1 where one side is empty."""
    a = np.asarray(pc.fill_null(pc.index_in(left, value_set=names), -1)).astype(np.int64)
    b = np.asarray(pc.fill_null(pc.index_in(right, value_set=names), -1)).astype(np.int64)
    numbers: npt.NDArray[np.int64] = np.minimum(a, b) * (len(names) + 1) + np.maximum(a, b)
    return np.where((a < 0) | (b < 0), -1, numbers)


def evaluate_pairs(out: Path, truth: Path) -> PairsEvaluation:
    """Measure the pairs of a deduplication, or of a linkage in which a record may have several persons.

    Raises: BadFile: a column is missing.
    """
    said, true = read_said(out), read_whole(truth, columns=SAID[:2], required=SAID[:2])
    chunks = [chunk for table in (said, true) for name in SAID[:2] for chunk in table[name].chunks]
    names = pc.drop_null(pc.unique(pa.chunked_array(chunks, type=pa.string())))
    pairs = _numbered(said["left_id"], said["right_id"], names)
    wanted = np.unique(_numbered(true["left_id"], true["right_id"], names))
    wanted = wanted[wanted >= 0]
    if not len(wanted):
        msg = f"{truth.name}: there is no pair"
        raise BadFile(msg)
    both = pairs >= 0
    right = np.isin(pairs, wanted)[both]
    probability = np.asarray(pc.cast(said["probability"], pa.float64()))[both]
    link = np.asarray(pc.equal(said["decision"], "link"))[both]
    hits, linked = int((link & right).sum()), int(link.sum())
    return PairsEvaluation(
        true_pairs=len(wanted),
        linked=linked,
        precision=wilson(hits, linked),
        recall=wilson(hits, len(wanted)),
        f1=2 * hits / (linked + len(wanted)),
        pairs=rank(probability, right, len(wanted)),
    )
