"""Clusters: which records are one child, from scored pairs, without chains of weak links.

Two clusters become one only if the evidence of all cross pairs supports it. A pair that was compared and found unlike
stops the join, a pair that was never compared counts against it, what a person said binds, and two citizens never
meet in one cluster. So a - b and b - c do not make one child of a and c.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.agglomeration import NO_ANCHOR, Heap, Join, Pair, Reason, Rule, log_odds_of

__all__ = ["NO_ANCHOR", "ClusteringFault", "Clusters", "Joins", "Reason", "Rule", "cluster", "log_odds_of"]

Indexes = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]


class ClusteringFault(ValueError):
    """The pairs cannot be clustered; the message names the array and the rule."""


@dataclass(frozen=True, slots=True, eq=False)
class Joins:
    """One row for each join, in the order made within a cluster; `left` and `right` are the best pair of the two."""

    left: Indexes
    right: Indexes
    reason: npt.NDArray[np.int8]  # of `Reason`
    support: Reals  # mean log odds over all cross pairs; not a number where a person or a citizen is the reason
    weakest: Reals  # log odds of the weakest compared pair; as `support`
    compared: Indexes  # cross pairs that were compared
    missing: Indexes  # cross pairs that were not

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Which records are one child."""

    labels: Indexes  # of each record: the smallest index in its cluster
    joins: Joins
    refused: tuple[Pair, ...]  # pairs said to be the same, or of one citizen, that a stronger rule keeps apart
    oversized: tuple[tuple[int, int], ...]  # (smallest index, records) of each heap too large to be taken apart


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """What is to be clustered; all pairs once, the lower index first, sorted."""

    left: Indexes
    right: Indexes
    odds: Reals
    same: Indexes  # (pairs, 2), as `different` and `bound`
    different: Indexes
    bound: Indexes  # records of one citizen
    anchors: Indexes


def components(n: int, left: Indexes, right: Indexes) -> Indexes:
    """Return for each of `n` nodes the smallest node that it hangs together with."""
    labels = np.arange(n, dtype=np.int64)
    while len(left):
        a, b = labels[left], labels[right]
        apart = a != b
        left, right, a, b = left[apart], right[apart], a[apart], b[apart]
        np.minimum.at(labels, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(labels, higher := labels[labels]):
            labels = higher
    return labels


def cluster(
    n: int,
    left: npt.ArrayLike,
    right: npt.ArrayLike,
    log_odds: npt.ArrayLike,
    *,
    same: Iterable[Pair] = (),
    different: Iterable[Pair] = (),
    anchors: npt.ArrayLike | None = None,
    rule: Rule | None = None,
) -> Clusters:
    """Return which of `n` records are one child. Neither the order of the pairs nor of their ends matters.

    Args: `left`, `right`, `log_odds`: the pairs that were compared, by index, and the natural logarithm of their odds
        (of a pair that comes twice the weaker one counts); `same`, `different`: what people said of pairs; `anchors`:
        the citizen of each record as a number from 0 on, NO_ANCHOR where it has none.
    Raises: ClusteringFault: an index is out of range, a value is not a number, the arrays are not of one length.
    """
    rule = rule or Rule()
    binding = (_pairs(n, "same", same), _pairs(n, "different", different))
    given = _given(n, (left, right, log_odds), binding, anchors=anchors, cap=rule.cap)
    strong = given.odds >= rule.threshold
    edges = np.concatenate([np.stack([given.left[strong], given.right[strong]], axis=1), given.same, given.bound])
    heaps = components(n, edges[:, 0], edges[:, 1])
    plain = _plain_pairs(given, heaps, strong)
    labels = np.arange(n, dtype=np.int64)
    labels[given.right[plain]] = given.left[plain]
    joins: list[Join] = []
    refused: list[Pair] = []
    oversized: list[tuple[int, int]] = []
    for heap in _heaps(given, heaps, settled=given.left[plain], rule=rule, oversized=oversized):
        for name, members in heap.members.items():
            labels[members] = name
        joins += heap.joins
        refused += heap.refused
    return Clusters(labels, _columns(given, plain, joins), tuple(sorted(refused)), tuple(oversized))


def _pairs(n: int, name: str, pairs: Iterable[Pair]) -> Indexes:
    """Return pairs of different records, each once, the lower index first, sorted."""
    table = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    _check_indexes(n, name, table)
    ordered = np.sort(table[table[:, 0] != table[:, 1]], axis=1)
    unique: Indexes = np.unique(ordered, axis=0)
    return unique


def _check_indexes(n: int, name: str, table: Indexes) -> None:
    if table.size and (table.min() < 0 or table.max() >= n):
        msg = f"{name}: every index must be 0 or more and below the number of records"
        raise ClusteringFault(msg)


def _given(
    n: int,
    pairs: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike],
    binding: tuple[Indexes, Indexes],
    *,
    anchors: npt.ArrayLike | None,
    cap: float,
) -> _Given:
    left, right = np.asarray(pairs[0], dtype=np.int64), np.asarray(pairs[1], dtype=np.int64)
    odds = np.asarray(pairs[2], dtype=np.float64)
    held = np.full(n, NO_ANCHOR, dtype=np.int64) if anchors is None else np.asarray(anchors, dtype=np.int64)
    if not len(left) == len(right) == len(odds):
        raise ClusteringFault("left, right, log_odds: they must be of one length")
    if len(held) != n:
        raise ClusteringFault("anchors: there must be one for each record")
    if np.isnan(odds).any():
        raise ClusteringFault("log_odds: a value is not a number")
    _check_indexes(n, "left", left)
    _check_indexes(n, "right", right)
    low, high = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((odds, high, low))
    order = order[low[order] != high[order]]
    low, high, odds = low[order], high[order], np.clip(odds[order], -cap, cap)
    first = np.ones(len(low), dtype=np.bool_)
    first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    return _Given(low[first], high[first], odds[first], binding[0], binding[1], _of_one_citizen(held), held)


def _of_one_citizen(anchors: Indexes) -> Indexes:
    """Return each record paired with the next one of the same citizen."""
    order = np.argsort(anchors, kind="stable")
    order = order[anchors[order] > NO_ANCHOR]
    same = anchors[order[:-1]] == anchors[order[1:]]
    return np.stack([order[:-1][same], order[1:][same]], axis=1).astype(np.int64)


def _plain_pairs(given: _Given, heaps: Indexes, strong: Truths) -> Indexes:
    """Return the rows of the pairs that are a heap of their own and that nothing binds: most of them all."""
    bound = np.zeros(len(heaps), dtype=np.bool_)
    bound[heaps[np.concatenate([given.same.ravel(), given.different.ravel(), given.bound.ravel()])]] = True
    bound[heaps[given.anchors > NO_ANCHOR]] = True
    two = np.bincount(heaps, minlength=len(heaps)) == 2
    heap = heaps[given.left]
    return np.flatnonzero(strong & two[heap] & ~bound[heap])


def _heaps(
    given: _Given, heaps: Indexes, *, settled: Indexes, rule: Rule, oversized: list[tuple[int, int]]
) -> Iterable[Heap]:
    """Yield every other heap of more than one record, joined."""
    sizes = np.bincount(heaps, minlength=len(heaps))
    sizes[settled] = 0
    chosen = np.flatnonzero(sizes > 1)
    nodes = _by_heap(heaps, chosen, np.arange(len(heaps), dtype=np.int64), None)
    pairs = _by_heap(heaps, chosen, given.left, given.right)
    same = _by_heap(heaps, chosen, given.same[:, 0], given.same[:, 1])
    different = _by_heap(heaps, chosen, given.different[:, 0], given.different[:, 1])
    bound = _by_heap(heaps, chosen, given.bound[:, 0], given.bound[:, 1])
    for place, name in enumerate(chosen):
        heap = Heap.of({int(node): int(given.anchors[node]) for node in nodes[place]}, rule)
        heap.keep_apart((int(a), int(b)) for a, b in given.different[different[place]])
        citizens = [((int(a), int(b)), Reason.CITIZEN) for a, b in given.bound[bound[place]]]
        said = [((int(a), int(b)), Reason.PERSON) for a, b in given.same[same[place]]]
        if len(nodes[place]) > rule.largest:
            oversized.append((int(name), len(nodes[place])))
        else:
            heap.compare((int(given.left[row]), int(given.right[row]), float(given.odds[row])) for row in pairs[place])
        heap.bind([*citizens, *said])
        heap.agglomerate()
        yield heap


def _by_heap(heaps: Indexes, chosen: Indexes, left: Indexes, right: Indexes | None) -> Sequence[Indexes]:
    """Return for each chosen heap the rows of the pairs that lie in it with both ends, in their order."""
    at = heaps[left]
    inside = np.isin(at, chosen)
    if right is not None:
        inside &= at == heaps[right]
    rows = np.flatnonzero(inside)
    rows = rows[np.argsort(at[rows], kind="stable")]
    ends = np.searchsorted(at[rows], chosen, side="right")
    return np.split(rows, ends[:-1]) if len(chosen) else []


def _columns(given: _Given, plain: Indexes, joins: Sequence[Join]) -> Joins:
    """Return all joins as columns: first the plain pairs, then those of the larger heaps."""
    one, none = np.ones(len(plain), dtype=np.int64), np.zeros(len(plain), dtype=np.int64)
    found = np.array([join.pair for join in joins], dtype=np.int64).reshape(-1, 2)
    reasons = np.array([join.reason for join in joins], dtype=np.int8)
    return Joins(
        left=np.concatenate([given.left[plain], found[:, 0]]),
        right=np.concatenate([given.right[plain], found[:, 1]]),
        reason=np.concatenate([np.full(len(plain), Reason.EVIDENCE, dtype=np.int8), reasons]),
        support=np.concatenate([given.odds[plain], [join.support for join in joins]]),
        weakest=np.concatenate([given.odds[plain], [join.weakest for join in joins]]),
        compared=np.concatenate([one, np.array([join.compared for join in joins], dtype=np.int64)]),
        missing=np.concatenate([none, np.array([join.missing for join in joins], dtype=np.int64)]),
    )
