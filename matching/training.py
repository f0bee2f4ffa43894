"""Training: m of every level, and u of those whose values are not counted, from records that nobody has labelled.

Which keys find the pairs matters: a key that brothers and sisters share, such as mother and commune, brings pairs that
agree in nearly everything and are no matches. Here all pairs of the first blocking stage are used, a pair counts as a
match by its posterior within the record, and siblings and twins are classes of their own in it: they do not get into m.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.decision import posterior
from matching.weights import Model, Reals
from matching.workspace import Places, Workspace

CONVERGED: Final = 0.001  # no m moves by more
_SEEN: Final = 30  # random pairs of a level below which its u is left alone
_PRIOR_RECORDS: Final = 200  # what the model's share of records in the population counts for


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs grouped by record: those of the i-th record stand from `starts[i]` up to `starts[i + 1]`."""

    starts: npt.NDArray[np.int64]
    record: Places
    person: Places


@dataclass(frozen=True, slots=True)
class Round:
    """One round of the estimation."""

    number: int
    model: Model
    change: float  # the largest change of any m
    matches: float  # expected number of records whose child is in the population
    log_likelihood: float  # nats, of all records; up to a constant


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """The distinct rows of levels among many pairs: a few thousand, however many pairs there are."""

    levels: npt.NDArray[np.int8]  # (patterns, fields)
    of_pair: npt.NDArray[np.intp]  # which pattern each pair has

    @classmethod
    def of(cls, levels: npt.NDArray[np.int8]) -> Patterns:
        """Find the patterns of (pairs, fields) levels."""
        rows = np.ascontiguousarray(levels).view(np.dtype((np.void, levels.shape[1]))).ravel()
        _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
        return cls(levels[first], inverse.ravel())

    def expected(self, weights: Reals, levels: int) -> Reals:
        """Return (fields, levels): the expected count of each level when each pair counts by its weight."""
        by_pattern = np.bincount(self.of_pair, weights=weights, minlength=len(self.levels))
        counts = np.zeros((self.levels.shape[1], levels))
        for field in range(self.levels.shape[1]):
            counts[field] = np.bincount(self.levels[:, field], weights=by_pattern, minlength=levels)
        return counts


def estimate(
    workspace: Workspace, candidates: Pairs, *, prior_pairs: float = 50.0, rounds: int = 30
) -> Iterator[Round]:
    """Yield models of ever better m, by expectation and maximisation; the workspace adopts each.

    No label is used: a candidate counts as a match by its probability. Stops when no m moves by a thousandth.

    Args: `prior_pairs`: what the starting m of a context counts for, so that damage not seen here stays possible.
    Source: A. P. Dempster, N. M. Laird, D. B. Rubin (1977); for linkage W. E. Winkler (1988); counting patterns
        instead of pairs: T. Enamorado, B. Fifield, K. Imai (2019), section 3.
    """
    start = model = workspace.model
    patterns: Patterns | None = None
    records = len(candidates.starts) - 1
    for number in range(1, rounds + 1):
        weighed = workspace.weigh(candidates.starts, candidates.record, candidates.person)
        patterns = patterns or Patterns.of(weighed.levels)
        probability, nobody = posterior(weighed.log_odds, candidates.starts.astype(np.intp))
        expected = patterns.expected(probability, model.m.shape[1])
        m = _shares_within_contexts(expected, start, prior_pairs)
        matches = float(probability.sum())
        likelihood = float(np.log1p(-model.in_population) * records - np.log(nobody).sum())
        change = float(np.abs(m - model.m).max())
        model = replace(model, m=m, in_population=_in_population(matches, records, start))
        workspace.adopt(model)
        yield Round(number, model, change, matches, likelihood)
        if change < CONVERGED:
            return


def _shares_within_contexts(expected: Reals, start: Model, prior_pairs: float) -> Reals:
    """Return m from the expected counts of the levels among matches, the start counting as `prior_pairs` more."""
    m = start.m.copy()
    for field, schema in enumerate(start.schema.fields):
        for codes in schema.contexts().values():
            places = list(codes)
            counts = expected[field, places] + prior_pairs * start.m[field, places]
            m[field, places] = counts / counts.sum()
    return m


def _in_population(matches: float, records: int, start: Model) -> float:
    return (matches + _PRIOR_RECORDS * start.in_population) / (records + _PRIOR_RECORDS)


def random_pairs(records: int, people: int, *, pairs: int, seed: int) -> Pairs:
    """Draw pairs at random: nearly all of them are of two different people."""
    chance = np.random.default_rng(seed)
    record = np.sort(chance.integers(0, records, pairs)).astype(np.int32)
    person = chance.integers(0, people, pairs).astype(np.int32)
    return Pairs(np.arange(pairs + 1, dtype=np.int64), record, person)


def estimate_u(workspace: Workspace, drawn: Pairs, *, people: int) -> Model:
    """Return the model with u measured on random pairs, for levels whose u is not the share of a value.

    The few of them that are true pairs are taken out by their expected number: in a small population they would make
    up most of what agrees. A level that is then seen in fewer than thirty pairs keeps its u: so rare an agreement
    cannot be measured this way.

    Args: `people`: of the population from which `drawn` was drawn.
    """
    model = workspace.model
    levels = workspace.weigh(drawn.starts, drawn.record, drawn.person).levels
    counts = Patterns.of(levels).expected(np.ones(len(levels)), model.m.shape[1])
    counts -= len(levels) * model.in_population / people * model.m
    u = model.u.copy()
    for field, schema in enumerate(model.schema.fields):
        for codes in schema.contexts().values():
            compared = sum(counts[field, code] for code in codes)
            for code in codes:
                if model.times[field, code] == 0 and counts[field, code] >= _SEEN:
                    u[field, code] = counts[field, code] / compared
    measured = replace(model, u=u)
    workspace.adopt(measured)
    return measured
