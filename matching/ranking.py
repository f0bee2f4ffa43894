"""Ranking: what share of the true pairs can be had at a given precision, whatever the thresholds were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Cut:
    """The lowest threshold at which a precision is still reached; recall 0 and threshold None where none reaches it."""

    precision: float  # asked for
    recall: float  # of all true pairs, those never compared included
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Some pairs, ordered by what was stated of them."""

    pairs: int
    found: float  # share of the true pairs that are among them at all
    best_f1: float
    at_best_f1: tuple[float, float]  # precision and recall there
    at_999: Cut
    at_9999: Cut


def best_of_each(record: npt.NDArray[np.int64], probability: Reals) -> npt.NDArray[np.intp]:
    """Return the place of the most probable row of each record; of equal ones, the first."""
    order = np.lexsort((np.arange(len(record)), -probability, record))
    ordered = record[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return np.sort(order[first])


def _cut(asked: float, precision: Reals, recall: Reals, threshold: Reals) -> Cut:
    reached = np.flatnonzero(precision >= asked)
    if not len(reached):
        return Cut(asked, 0.0, None)
    last = int(reached[-1])
    return Cut(asked, float(recall[last]), float(threshold[last]))


def rank(probability: Reals, right: Truths, true_pairs: int) -> Ranking:
    """Rank pairs; equal probabilities are taken together or not at all.

    Args: `true_pairs`: how many there are altogether.
    """
    if not len(probability) or not true_pairs:
        none = (0.0, 0.0)
        return Ranking(len(probability), 0.0, 0.0, none, Cut(0.999, 0.0, None), Cut(0.9999, 0.0, None))
    order = np.argsort(-probability, kind="stable")
    ordered, hits = probability[order], np.cumsum(right[order])
    last = np.ones(len(order), dtype=np.bool_)
    last[:-1] = ordered[1:] != ordered[:-1]
    places = np.flatnonzero(last)
    precision, recall, threshold = hits[places] / (places + 1), hits[places] / true_pairs, ordered[places]
    both = precision + recall
    f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0)
    best = int(np.argmax(f1))
    return Ranking(
        pairs=len(probability),
        found=float(hits[-1] / true_pairs),
        best_f1=float(f1[best]),
        at_best_f1=(float(precision[best]), float(recall[best])),
        at_999=_cut(0.999, precision, recall, threshold),
        at_9999=_cut(0.9999, precision, recall, threshold),
    )
