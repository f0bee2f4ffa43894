"""The weight of one pair from its levels, compiled, and whether it is held back; `twin` says the same in numpy."""

from __future__ import annotations

from matching.kernel import codes
from matching.kernel.forms import (
    BARRED,
    CONTESTED,
    DESCRIBED,
    FATHERS_SURNAME,
    OWN,
    RANDOM,
    SHARE_BITS,
    SURNAME_SHIFT,
    TRAIT_SHIFT,
    Codes,
    Integers,
    Longs,
    M,
    Reals,
    Truths,
    U,
)
from matching.kernel.inlining import inlined
from matching.packed import SHARES


@inlined
def _byte(rows: Integers, j: int, at: int) -> int:
    """Return one of the sixteen bytes of a row's shares."""
    return (int(rows[j, SHARES + (at >> 2)]) >> ((at & 3) << 3)) & 255


@inlined
def _surname_byte(signs: Integers, levels: Codes, p: int, rows: Integers, j: int) -> int:
    """Return the share of the surname in the father's name, where the child's, which is his, already agrees."""
    again = (signs[codes.FATHER, levels[p, codes.FATHER]] >> SURNAME_SHIFT) & 1
    return _byte(rows, j, FATHERS_SURNAME) if again and levels[p, codes.SURNAME] == codes.SURNAME_SAME else 0


@inlined
def _few_at(levels: Codes, p: int) -> int:
    """Return the place in `few` of the levels of number, order and sex."""
    number, order, sex = int(levels[p, codes.NUMBER]), int(levels[p, codes.ORDER]), int(levels[p, codes.SEX])
    return (number * codes.ORDERS + order) * codes.SEXES + sex


@inlined
def _parents_at(levels: Codes, p: int) -> int:
    """Return the place in `parents` of the levels of both parents' numbers and years."""
    numbers = int(levels[p, codes.MOTHER_NUMBER]) * codes.PARENT_NUMBERS + int(levels[p, codes.FATHER_NUMBER])
    years = int(levels[p, codes.MOTHER_YEAR]) * codes.PARENT_YEARS + int(levels[p, codes.FATHER_YEAR])
    return numbers * (codes.PARENT_YEARS * codes.PARENT_YEARS) + years


@inlined
def odds_of(
    weights: tuple[Reals, Integers, Reals, Reals, Reals, Reals],
    prior: float,
    levels: Codes,
    p: int,
    rows: Integers,
    j: int,
) -> tuple[float, int]:
    """Return the odds of one pair, this person against nobody, and the union of its traits.

    Args: `weights`: cells, signs, power, rates, few and parents. The order of the products is that of `twin`.
    """
    cells, signs, power, rates, few, parents = weights
    a, b = _few_at(levels, p), _parents_at(levels, p)
    match, random = few[a, M] * parents[b, M], few[a, U] * parents[b, U]
    first, second = few[a, OWN] * parents[b, OWN], few[a, OWN + 1] * parents[b, OWN + 1]
    third, fourth = few[a, OWN + 2] * parents[b, OWN + 2], few[a, OWN + 3] * parents[b, OWN + 3]
    surname, traits = _surname_byte(signs, levels, p, rows, j), signs[codes.NUMBER, levels[p, codes.NUMBER]]
    traits |= signs[codes.MOTHER_NUMBER, levels[p, codes.MOTHER_NUMBER]]
    traits |= signs[codes.FATHER_NUMBER, levels[p, codes.FATHER_NUMBER]]
    for field in codes.COUNTED:
        level = levels[p, field]
        sign = signs[field, level]
        traits |= sign
        byte = _byte(rows, j, sign & SHARE_BITS) - (surname if field == codes.FATHER else 0)
        chance = min(cells[field, level, U] * power[max(byte, 0)], 1.0)
        match *= cells[field, level, M]
        random *= chance
        first *= cells[field, level, OWN] + cells[field, level, RANDOM] * chance
        second *= cells[field, level, OWN + 1] + cells[field, level, RANDOM + 1] * chance
        third *= cells[field, level, OWN + 2] + cells[field, level, RANDOM + 2] * chance
        fourth *= cells[field, level, OWN + 3] + cells[field, level, RANDOM + 3] * chance
    against = random + rates[0] * first + rates[1] * second + rates[2] * third + rates[3] * fourth
    return float(prior * match / against), traits >> TRAIT_SHIFT


@inlined
def hold(unions: Truths, starts: Longs, traits: Integers, held: Truths, first: int, last: int) -> None:
    """Say of the pairs of the groups from `first` up to `last` which may not be linked without a person."""
    for group in range(first, last):
        begin, end = starts[group], starts[group + 1]
        rivals = False
        for p in range(begin, end):
            rivals |= unions[traits[p], DESCRIBED]
        for p in range(begin, end):
            held[p] = unions[traits[p], BARRED] or (rivals and unions[traits[p], CONTESTED])
