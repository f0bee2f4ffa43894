"""Absence: how likely a record's child is in the population at all, learnt from the records at hand.

A source whose children are often missing from the population must be linked more carefully than one whose children are
all there, and most of all where a brother, a sister or a twin of the missing child is found instead. Both are measured
without labels: how many records find nobody, and how often relatives turn up beside those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]

_PRIOR_RECORDS: Final = 300  # what the model's own assumptions count for
_ROUNDS: Final = 50
_SETTLED: Final = 1e-6
_BOUNDS: Final = (0.01, 0.999)
_SCALES: Final = (1.0, 100.0)  # relatives who share no block are not seen, so fewer than expected say nothing


@dataclass(frozen=True, slots=True)
class Absence:
    """What is assumed of the records of one linkage."""

    in_population: float
    scales: tuple[float, ...]  # per relation: how much oftener it turns up beside a record whose child is absent

    def document(self, relations: Sequence[str]) -> dict[str, float]:
        """Return what is assumed as JSON types; `relations` are the names of the scales."""
        named = zip(relations, self.scales, strict=False)
        return {"in_population": round(self.in_population, 4), **{name: round(scale, 3) for name, scale in named}}


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """The candidates of some records, weighed with a model's own assumption."""

    records: int
    record: npt.NDArray[np.int64]  # of each pair; a record without candidates has none
    log_odds: Reals  # natural logarithm: this person against nobody, before candidates compete
    relatives: Reals  # (pairs, relations): P(the pair is of this relation | it is no match)
    in_population: float  # assumed in `log_odds`
    per_record: tuple[float, ...]  # relations of each kind that a child has in the population: the rates of the model


def _logit(share: float) -> float:
    return float(np.log(share) - np.log1p(-share))


def _shift(contest: Contest, absence: Absence) -> Reals:
    """Return per record the logarithm by which the odds of all its candidates change.

    The relatives found speak for absence as often as they turn up beside absent children.
    """
    excess = contest.relatives @ (np.array(absence.scales) - 1.0)
    found = np.bincount(contest.record, weights=np.log1p(np.maximum(excess, -0.999)), minlength=contest.records)
    return np.asarray(_logit(absence.in_population) - _logit(contest.in_population) - found, dtype=np.float64)


def compete(contest: Contest, absence: Absence) -> tuple[Reals, Reals]:
    """Return the probability of each pair and, for each record, of nobody, under other assumptions of absence."""
    shifted = contest.log_odds + _shift(contest, absence)[contest.record]
    highest = np.zeros(contest.records)
    np.maximum.at(highest, contest.record, shifted)
    weight = np.exp(shifted - highest[contest.record])
    nobody = np.exp(-highest)
    total = nobody + np.bincount(contest.record, weights=weight, minlength=contest.records)
    return weight / total[contest.record], nobody / total


def estimate_absence(contest: Contest) -> Absence:
    """Estimate the share of records in the population, and the scales of the relations, without labels.

    The model's assumptions count as three hundred records more, so a handful of records changes little.

    Source: expectation and maximisation, A. P. Dempster, N. M. Laird, D. B. Rubin (1977), with 'nobody' as the latent
        class and the candidates of a record as what is seen of it.
    """
    start = absence = Absence(contest.in_population, tuple(1.0 for _ in contest.per_record))
    expected = np.array(contest.per_record)
    for _ in range(_ROUNDS):
        _, nobody = compete(contest, absence)
        share = (contest.records - nobody.sum() + _PRIOR_RECORDS * start.in_population) / (
            contest.records + _PRIOR_RECORDS
        )
        scaled = contest.relatives * np.array(absence.scales)
        rest = 1.0 - contest.relatives.sum(axis=1)
        seen = (nobody[contest.record, None] * scaled / (scaled.sum(axis=1) + rest)[:, None]).sum(axis=0)
        prior = _PRIOR_RECORDS * expected
        scales = (seen + prior) / (expected * nobody.sum() + prior)
        changed = Absence(float(np.clip(share, *_BOUNDS)), tuple(float(s) for s in np.clip(scales, *_SCALES)))
        moved = max(abs(a - b) for a, b in zip(_figures(changed), _figures(absence), strict=True))
        absence = changed
        if moved < _SETTLED:
            break
    return absence


def _figures(absence: Absence) -> tuple[float, ...]:
    return (absence.in_population, *absence.scales)
