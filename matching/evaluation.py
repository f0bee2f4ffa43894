"""Evaluation: how good links are against a truth that nothing else may see.

Two readings of the same rows: as decisions (what was linked, what a person must look at) and as a ranking (what could
be had at a given precision). Thresholds of the first come from the model; the second looks for its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt

import numpy as np
import numpy.typing as npt

from matching.decision import Decision
from matching.ranking import Ranking, best_of_each, rank

NOBODY = -1
DECISIONS = (Decision.NONE, Decision.REVIEW, Decision.LINK)  # the place is the code in `Outcome.decision`
REVIEWED_FROM = 0.05  # the posterior from which a person looks, for the review load at a stated threshold
STATED = (0.9, 0.99, 0.999)

_Z = 1.959963984540054  # two-sided 95 %
_EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)
_LEAST_PROBABILITY = 1e-12  # keeps the logarithm of a stated 0 or 1 finite

Integers = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a linkage said, a row per candidate and one per record for nobody."""

    record: Integers  # place in the truth
    person: Integers  # code of the person, NOBODY where none is meant
    probability: Reals
    decision: Integers  # place in DECISIONS; a record is decided by the highest of its rows


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Whom each record really describes."""

    person: Integers  # NOBODY: the child is not in the population
    household: Integers | None = None  # of each record's child, NOBODY where not known
    household_of_person: Integers | None = None  # by the code of the person
    groups: Mapping[str, Truths] = field(default_factory=dict)  # name → which records belong to it


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval; all three are None when there was nothing to count."""

    of: int
    value: float | None
    low: float | None
    high: float | None


def wilson(hits: int, of: int) -> Share:
    """Return the share `hits` / `of` with its interval.

    Source: E. B. Wilson (1927); A. Agresti and B. A. Coull (1998), section 2.
    """
    if of == 0:
        return Share(0, None, None, None)
    share = hits / of
    middle = (share + _Z * _Z / (2 * of)) / (1 + _Z * _Z / of)
    half = _Z / (1 + _Z * _Z / of) * sqrt(share * (1 - share) / of + _Z * _Z / (4 * of * of))
    return Share(of, share, max(0.0, middle - half), min(1.0, middle + half))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What happened to some records."""

    records: int
    in_population: int
    right: int  # links to the right person
    wrong: int  # links to another person
    wrong_family: int  # of these, to somebody of the child's household
    reviews: int  # records that a person must look at
    reviews_of_right: int  # of these, with the right person among the candidates

    @property
    def precision(self) -> Share:
        """The share of the links that are right."""
        return wilson(self.right, self.right + self.wrong)

    @property
    def recall(self) -> Share:
        """The share linked rightly of the records whose child is in the population."""
        return wilson(self.right, self.in_population)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall; None when there is neither a link nor a child to find."""
        both = 2 * self.right + self.wrong + (self.in_population - self.right)
        return 2 * self.right / both if both else None

    @property
    def reviews_per_10k(self) -> float:
        """Records that a person must look at, in every 10,000."""
        return 10_000 * self.reviews / self.records if self.records else 0.0

    @property
    def review_yield(self) -> Share:
        """The share of the reviews in which the right person is offered."""
        return wilson(self.reviews_of_right, self.reviews)

    @property
    def wrong_family_per_10k(self) -> float:
        """Records linked to a brother, a sister or a parent, in every 10,000."""
        return 10_000 * self.wrong_family / self.records if self.records else 0.0


@dataclass(frozen=True, slots=True)
class Bin:
    """Candidates of similar stated probability: stated and true shares should agree."""

    low: float
    high: float
    candidates: int
    stated: float
    true: float


@dataclass(frozen=True, slots=True)
class AtStated:
    """What linking every best candidate from a stated posterior on would give."""

    posterior: float
    precision: Share
    recall: Share
    reviews_per_10k: float  # records whose best candidate is probable enough to look at, and no more


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every figure of one run."""

    whole: Tally
    groups: Mapping[str, Tally]
    pairs: Ranking  # every candidate row
    best: Ranking  # the best candidate of each record
    stated: tuple[AtStated, ...]
    bins: tuple[Bin, ...]
    calibration_error: float  # expected: |stated - true| of the bins, by their sizes
    log_loss: float  # nats a candidate


def evaluate(outcome: Outcome, truth: Truth) -> Evaluation:
    """Measure an outcome against the truth; a record without any row counts as not linked."""
    somebody = outcome.person != NOBODY
    right = somebody & (outcome.person == truth.person[outcome.record])
    everybody = np.ones(len(truth.person), dtype=np.bool_)
    found = int((truth.person != NOBODY).sum())
    probability, is_right = outcome.probability[somebody], right[somebody]
    best = best_of_each(outcome.record[somebody], probability)
    bins = _bins(probability, is_right)
    return Evaluation(
        whole=_tally(outcome, truth, right, everybody),
        groups={name: _tally(outcome, truth, right, inside) for name, inside in sorted(truth.groups.items())},
        pairs=rank(probability, is_right, found),
        best=rank(probability[best], is_right[best], found),
        stated=tuple(_at_stated(each, probability[best], is_right[best], truth) for each in STATED),
        bins=bins,
        calibration_error=_calibration_error(bins),
        log_loss=_log_loss(probability, is_right),
    )


def _tally(outcome: Outcome, truth: Truth, right: Truths, inside: Truths) -> Tally:
    decided = np.zeros(len(truth.person), dtype=np.int64)
    np.maximum.at(decided, outcome.record, outcome.decision)
    link = (outcome.decision == DECISIONS.index(Decision.LINK)) & (outcome.person != NOBODY) & inside[outcome.record]
    reviewed = inside & (decided == DECISIONS.index(Decision.REVIEW))
    offered = np.zeros(len(truth.person), dtype=np.bool_)
    offered[outcome.record[right]] = True
    wrong = link & ~right
    return Tally(
        records=int(inside.sum()),
        in_population=int((inside & (truth.person != NOBODY)).sum()),
        right=int((link & right).sum()),
        wrong=int(wrong.sum()),
        wrong_family=_of_family(outcome, truth, wrong),
        reviews=int(reviewed.sum()),
        reviews_of_right=int((reviewed & offered).sum()),
    )


def _of_family(outcome: Outcome, truth: Truth, wrong: Truths) -> int:
    if truth.household is None or truth.household_of_person is None:
        return 0
    mine, theirs = truth.household[outcome.record[wrong]], truth.household_of_person[outcome.person[wrong]]
    return int(((mine == theirs) & (mine != NOBODY)).sum())


def _at_stated(posterior: float, probability: Reals, right: Truths, truth: Truth) -> AtStated:
    taken = probability >= posterior
    hits = int((taken & right).sum())
    doubtful = int(((probability >= REVIEWED_FROM) & ~taken).sum())
    return AtStated(
        posterior,
        wilson(hits, int(taken.sum())),
        wilson(hits, int((truth.person != NOBODY).sum())),
        10_000 * doubtful / len(truth.person) if len(truth.person) else 0.0,
    )


def _bins(probability: Reals, right: Truths) -> tuple[Bin, ...]:
    bins = []
    for low, high in pairwise(_EDGES):
        inside = (probability >= low) & ((probability < high) | ((high == 1.0) & (probability == high)))
        if size := int(inside.sum()):
            bins.append(Bin(low, high, size, float(probability[inside].mean()), float(right[inside].mean())))
    return tuple(bins)


def _calibration_error(bins: tuple[Bin, ...]) -> float:
    """Return the expected calibration error.

    Source: M. P. Naeini, G. Cooper, M. Hauskrecht (2015), section 2, with the bins above.
    """
    candidates = sum(each.candidates for each in bins)
    return sum(abs(each.stated - each.true) * each.candidates for each in bins) / candidates if candidates else 0.0


def _log_loss(probability: Reals, right: Truths) -> float:
    if not len(probability):
        return 0.0
    stated = np.clip(probability, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    return float(-np.where(right, np.log(stated), np.log1p(-stated)).mean())
