"""Training: m of every level estimated from records nobody has labelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from matching.frequencies import Frequencies
from matching.identity import Identity
from matching.levels import LEVELS, Field, code_of
from matching.linkage import Linkage
from matching.weights import Model, Reals


@dataclass(frozen=True, slots=True)
class Round:
    """One round of the estimation."""

    model: Model
    change: float  # the largest change of any m
    matches: float  # expected number of records whose child is in the population


def _contexts(field: Field) -> Iterator[list[int]]:
    contexts: dict[str, list[int]] = {}
    for level in LEVELS[field]:
        contexts.setdefault(level.context, []).append(code_of(field, level.name))
    yield from contexts.values()


def _shares_within_contexts(expected: Reals, start: Reals, prior_pairs: float) -> Reals:
    """Return m from the expected counts of the levels among matches, the start counting as `prior_pairs` more."""
    m = start.copy()
    for field in Field:
        for codes in _contexts(field):
            counts = expected[field, codes] + prior_pairs * start[field, codes]
            m[field, codes] = counts / counts.sum()
    return m


def estimate(
    records: Sequence[Identity],
    population: Sequence[Identity],
    candidates: Sequence[Sequence[int]],
    *,
    start: Model,
    frequencies: Frequencies,
    prior_pairs: float = 50.0,
    rounds: int = 20,
) -> Iterator[Round]:
    """Yield models of ever better m, by expectation and maximisation over the posterior within each record.

    No label is used: a candidate counts as a match by its probability. Stops when no m moves by a thousandth.

    Args: `prior_pairs`: what the starting m of a context counts for, so that damage not seen here stays possible.
    Source: A. P. Dempster, N. M. Laird, D. B. Rubin (1977); for linkage W. E. Winkler (1988).
    """
    model = start
    fields = np.arange(len(Field))
    for _ in range(rounds):
        linkage = Linkage(records, population, model=model, frequencies=frequencies)
        expected, matches = np.zeros_like(model.m), 0.0
        for weighed in linkage.weigh(candidates):
            places = np.broadcast_to(fields, weighed.levels.shape)
            np.add.at(expected, (places, weighed.levels), weighed.probability[:, None])
            matches += float(weighed.probability.sum())
        m = _shares_within_contexts(expected, start.m, prior_pairs)
        change = float(np.abs(m - model.m).max())
        model = replace(model, m=m)
        yield Round(model, change, matches)
        if change < 0.001:
            return
