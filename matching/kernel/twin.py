"""The twin of the compiled loop in numpy: the same levels and, product by product, the same odds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matching.comparisons import Pairs
from matching.kernel import codes
from matching.kernel.forms import (
    BARRED,
    CONTESTED,
    DESCRIBED,
    FATHERS_SURNAME,
    MOST_CLASSES,
    OWN,
    RANDOM,
    SHARE_BITS,
    SURNAME_SHIFT,
    TRAIT_SHIFT,
    Answer,
    Asked,
    Forms,
    Integers,
    Longs,
    M,
    Reals,
    Sides,
    Truths,
    U,
    Weights,
)
from matching.levels import Codes
from matching.packed import Packed
from matching.people import Bytes, unpack
from matching.relations import compare
from matching.similarity import Similarity

_FIELDS = np.arange(codes.FIELDS)
PAIRS_AT_ONCE = 20_000  # bounds the memory: about two kilobytes a pair


def chances(weights: Weights, levels: Codes, shares: Bytes) -> Reals:
    """Return (pairs, fields): the chance that a random person has the level."""
    signs = weights.signs[_FIELDS, levels]
    byte = np.take_along_axis(shares, (signs & SHARE_BITS).astype(np.intp), axis=1).astype(np.int64)
    again = ((signs[:, codes.FATHER] >> SURNAME_SHIFT) & 1 > 0) & (levels[:, codes.SURNAME] == codes.SURNAME_SAME)
    byte[again, codes.FATHER] -= shares[again, FATHERS_SURNAME]
    chance: Reals = weights.cells[_FIELDS, levels, U] * weights.power[np.maximum(byte, 0)]
    return np.minimum(chance, 1.0)


def _place(levels: Codes, fields: tuple[int, ...], widths: tuple[int, ...]) -> npt.NDArray[np.intp]:
    """Return where the levels of some fields stand among all their levels together."""
    place = np.zeros(len(levels), dtype=np.intp)
    for field, width in zip(fields, widths, strict=True):
        place = place * width + levels[:, field]
    return place


def odds_of(weights: Weights, levels: Codes, shares: Bytes) -> Reals:
    """Return the odds of pairs: this person against nobody."""
    few = _place(levels, codes.FEW, (0, codes.ORDERS, codes.SEXES))
    parents = _place(levels, codes.OF_PARENTS, (0, codes.PARENT_NUMBERS, codes.PARENT_YEARS, codes.PARENT_YEARS))
    products = weights.few[few] * weights.parents[parents]
    chance = chances(weights, levels, shares)
    for field in codes.COUNTED:
        cells = weights.cells[field, levels[:, field]]
        products[:, M] *= cells[:, M]
        products[:, U] *= chance[:, field]
        products[:, OWN:] *= cells[:, OWN:RANDOM] + cells[:, RANDOM:] * chance[:, field, None]
    against = products[:, U]
    for relation in range(MOST_CLASSES):
        against = against + weights.rates[relation] * products[:, OWN + relation]
    odds: Reals = weights.prior * products[:, M] / against
    return odds


def weigh_some(forms: Forms, weights: Weights, sides: Sides, record: Integers, person: Integers) -> tuple[Codes, Reals]:
    """Return the levels and the odds of pairs."""
    left = unpack(Packed(sides.left[record], sides.left_former), forms)
    right = unpack(Packed(sides.right[person], sides.right_former), forms)
    levels = compare(Pairs(left, right, Similarity(forms)))
    return levels, odds_of(weights, levels, right.shares)


def held(weights: Weights, levels: Codes, starts: Longs) -> Truths:
    """Return which pairs may not be linked without a person."""
    unions = weights.unions[np.bitwise_or.reduce(weights.signs[_FIELDS, levels], axis=1) >> TRAIT_SHIFT]
    group = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    rivals = np.bincount(group, weights=unions[:, DESCRIBED], minlength=len(starts) - 1)
    found: Truths = unions[:, BARRED] | (unions[:, CONTESTED] & (rivals[group] > 0))
    return found


def weigh_groups(forms: Forms, weights: Weights, sides: Sides, asked: Asked, answer: Answer) -> None:
    """Compare and weigh all pairs."""
    for begin in range(0, len(asked.record), PAIRS_AT_ONCE):
        here = slice(begin, begin + PAIRS_AT_ONCE)
        answer.levels[here], answer.odds[here] = weigh_some(
            forms, weights, sides, asked.record[here], asked.person[here]
        )
    answer.held[:] = held(weights, answer.levels, asked.starts)
