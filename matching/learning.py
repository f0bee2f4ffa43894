"""Learning from reviewers: the weights of a model after people have decided some of its doubtful pairs.

The pairs that people see are the doubtful ones, so the levels of the reviewed matches are no picture of the levels of
all matches: among them a misspelt name is common, among all it is rare. What they are chosen by, though, is their
levels alone and never the truth; so the share of the same child *given the levels* is the same among the reviewed as
among all. Learning therefore fits that share and needs no sampling weights: of every pair it asks how far the answer
is from what the model expected of this very pair. With y = 1 for 'same', p the posterior, and N the pairs for which
the former m of a context counts, the new m of a level satisfies

    N m(level) = N former m(level) + sum over the reviewed pairs of the context of (y - p) (1[has the level] - m(level))

which is the mode of a Dirichlet posterior (of two levels: a Beta): the pairs that nobody looked at stand in the prior,
and those looked at move from their expectation to the truth. Where people confirm what the model expects, nothing
moves. u and the classes of non-matches (random person, sibling, twin, namesake) are measured on the population, which
is far larger than any number of reviews: they are left alone, and how well they fit is reported. What a level adds for
a sibling too is taken to stay as it was; the replay of the learned model shows what it comes to with everything moved.

Source: on when the choice of cases may be ignored, D. B. Rubin (1976), Biometrika 63, section 6; the equation is the
derivative of the logarithm of the posterior, set to nought.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log2
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.weights import Model, Reals

Places = npt.NDArray[np.intp]

PRIOR_PAIRS: Final = 1000.0  # reviewed pairs that the former m of a context counts for
FAMILIAR: Final = 10.0  # decided pairs of one pattern after which another tells half as much
_ROUNDS: Final = 500
_EDGES: Final = (0.0, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 1.0)
_LEAST: Final = 1e-9
_STILL: Final = 1e-7  # no level of a theta moves by more: the climb has ended


class NothingReviewed(ValueError):
    """There is no reviewed pair to learn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedPair:
    """A pair that a person decided, as the model saw it before."""

    levels: Mapping[str, str]  # field → level
    probability: float  # the model's posterior within the record
    same: bool  # what the person said


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The reviewed pairs of one range of the stated posterior."""

    above: float
    up_to: float
    pairs: int
    stated: float  # mean posterior of the former model
    learned: float  # mean posterior of the learned model
    observed: float  # share that people found to be the same child


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A model after reviews, and how well it fits them."""

    model: Model
    same: int
    different: int
    bands: tuple[Band, ...]
    loss_before: float  # mean bits by which an answer surprised the former model
    loss_after: float
    mixture: float  # different children among the reviewed: found over expected; above 1 the classes say too few


def expected_information(probabilities: Sequence[float], nobody: float, *, seen: int, held: bool = False) -> float:
    """Return the bits that a person's decision about a record is expected to tell: the most informative come first.

    It is the entropy of who the child is, the candidates and 'nobody' competing, divided by what was learned from
    decided records whose best candidate agreed in the same way.

    Args: `seen`: how many of those there are; `held`: a rule keeps the record from being linked however probable it is,
        so the posterior is not believed and an answer tells a whole bit.
    """
    shares = [*probabilities, nobody]
    rest = 1.0 - sum(shares)  # candidates too improbable to be kept
    entropy = -sum(share * log2(share) for share in (*shares, rest) if share > _LEAST)
    return (max(entropy, 1.0) if held else entropy) / (1.0 + seen / FAMILIAR)


def learn(model: Model, reviewed: Sequence[ReviewedPair], *, prior_pairs: float = PRIOR_PAIRS) -> Learned:
    """Return a model with the m that its reviewed pairs speak for, and the next version.

    Args: `reviewed`: pairs scored by that model; `prior_pairs`: N above.

    Raises: NothingReviewed: there is no pair.
    """
    if not reviewed:
        msg = "no pair was decided by a person since this model compares records"
        raise NothingReviewed(msg)
    table = _Table.of(model, reviewed)
    m = _fitted(table, prior_pairs)
    before, after = table.probability(table.former), table.probability(m)
    same = int(table.same.sum())
    different = len(reviewed) - same
    learned = model.m.copy()
    learned[table.field, table.code] = m
    return Learned(
        model=replace(
            model,
            m=learned,
            version=next_version(model.version),
            provenance=f"{model.provenance}\n{_provenance(model, same, different, prior_pairs)}",
        ),
        same=same,
        different=different,
        bands=tuple(_bands(table, before, after)),
        loss_before=_loss(before, table.same),
        loss_after=_loss(after, table.same),
        mixture=different / max(float((1 - before).sum()), _LEAST),
    )


def _provenance(model: Model, same: int, different: int, prior_pairs: float) -> str:
    return (
        f"m then learned from {same + different:,} pairs that people decided ({same:,} the same child, {different:,}"
        f" different) under version {model.version}; the former m counts as {prior_pairs:,.0f} pairs of every context."
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """The reviewed pairs as arrays: a column a level of the model, told apart within contexts."""

    field: Places  # column → row of m
    code: Places  # column → column of m
    context: Places  # column → number of its context
    former: Reals  # column → m, adding up to 1 in every context
    hits: Reals  # (pairs, columns): 1 where the pair has the level
    stated: Reals  # log odds of the posterior
    same: Reals

    @classmethod
    def of(cls, model: Model, reviewed: Sequence[ReviewedPair]) -> _Table:
        columns = [
            (row, code, (row, context), (field.name, field.level(code).name))
            for row, field in enumerate(model.schema.fields)
            for context, codes in field.contexts().items()
            for code in codes
        ]
        place = {name: column for column, (_, _, _, name) in enumerate(columns)}
        numbers = {context: number for number, context in enumerate(dict.fromkeys(one[2] for one in columns))}
        hits = np.zeros((len(reviewed), len(columns)))
        for pair_row, pair in enumerate(reviewed):
            for level in pair.levels.items():
                if level in place:  # what is missing, and lines that are no field of the model, say nothing of m
                    hits[pair_row, place[level]] = 1.0
        field, code = (np.array([one[at] for one in columns], dtype=np.intp) for at in (0, 1))
        context = np.array([numbers[one[2]] for one in columns], dtype=np.intp)
        totals = np.asarray(np.bincount(context, weights=model.m[field, code]), dtype=np.float64)
        stated = np.clip(np.array([pair.probability for pair in reviewed]), 1e-6, 1 - 1e-6)
        return cls(
            field=field,
            code=code,
            context=context,
            former=model.m[field, code] / totals[context],
            hits=hits,
            stated=np.log(stated / (1 - stated)),
            same=np.array([pair.same for pair in reviewed], dtype=np.float64),
        )

    def probability(self, m: Reals) -> Reals:
        """Return the posterior of each pair under other m: what competes with it is taken to stay as it was."""
        odds: Reals = self.stated + self.hits @ (np.log(m) - np.log(self.former))
        return _logistic(odds)

    def sums(self, values: Reals) -> Reals:
        """Return for each column the sum of `values` over the columns of its context."""
        total = np.asarray(np.bincount(self.context, weights=values), dtype=np.float64)
        return total[self.context]


def _logistic(odds: Reals) -> Reals:
    answer: Reals = 1.0 / (1.0 + np.exp(-odds))
    return answer


def _fitted(table: _Table, prior_pairs: float) -> Reals:
    """Return the m of the highest posterior: climbed step by step, so that it never ends lower than it began."""
    theta = np.log(table.former)
    stiffness = prior_pairs * table.former + table.hits.sum(axis=0) / 4.0
    height, step = _height(table, theta, prior_pairs), 1.0
    rounds, moves = 0, 1.0
    while rounds < _ROUNDS and moves > _STILL and step > _STILL:
        m = _shares(table, theta)
        told = (table.same - table.probability(m)) @ table.hits
        slope = told - m * table.sums(told) + prior_pairs * (table.former - m)
        reached = theta + step * slope / stiffness
        higher = _height(table, reached, prior_pairs)
        if higher >= height:
            theta, height, step = reached, higher, min(step * 1.5, 1.0)
        else:
            step /= 2.0
        rounds, moves = rounds + 1, float(np.abs(slope / stiffness).max())
    return _shares(table, theta)


def _shares(table: _Table, theta: Reals) -> Reals:
    weight = np.exp(theta)
    shares: Reals = weight / table.sums(weight)
    return shares


def _height(table: _Table, theta: Reals, prior_pairs: float) -> float:
    """Return the logarithm of the posterior of m, but for a constant."""
    m = _shares(table, theta)
    fits = -_loss(table.probability(m), table.same) * len(table.same) * np.log(2)
    return float(fits + prior_pairs * (table.former * np.log(m)).sum())


def _loss(probability: Reals, same: Reals) -> float:
    """Return the mean surprise at the answers, in bits."""
    said = np.where(same > 0, probability, 1 - probability)
    return float(-np.log2(np.maximum(said, _LEAST)).mean())


def _bands(table: _Table, before: Reals, after: Reals) -> Iterator[Band]:
    for low, high in pairwise(_EDGES):
        inside = (before > low) & (before <= high)
        if inside.any():
            yield Band(
                above=low,
                up_to=high,
                pairs=int(inside.sum()),
                stated=float(before[inside].mean()),
                learned=float(after[inside].mean()),
                observed=float(table.same[inside].mean()),
            )


def next_version(version: str) -> str:
    """Return the version after `version`: its last number and one, or '.1' at its end where there is none."""
    head, dot, last = version.rpartition(".")
    return f"{head}{dot}{int(last) + 1}" if last.isdecimal() else f"{version}.1"
