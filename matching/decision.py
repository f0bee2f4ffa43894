"""Decisions: one posterior within the record, in which the candidates and 'nobody' compete, and what it may not decide.

What no probability may decide is said by traits: what a level says of a pair, such as 'another given name'. A rule
looks at the union of the traits of a pair's levels; so a new level needs its traits here, and nothing else.
"""

from __future__ import annotations

from collections.abc import Set
from enum import IntFlag, StrEnum

import numpy as np
import numpy.typing as npt

from matching.levels import LEVELS, MISSING, Codes, Field, code_of
from matching.weights import Model, Reals

Truths = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int32]


class Trait(IntFlag):
    """What one level says of a pair."""

    OWN_NUMBER = 1  # the child's number agrees, be it with a slip
    OTHER_GIVEN = 2  # a given name that another child could bear
    OTHER_BIRTH = 4  # a birth date that is altogether another
    NAMELESS = 8  # no given name that would point to the child
    CONTRADICTING = 16  # a given name that is altogether another
    SAME_GIVEN = 32
    BORN = 64  # the birth date is known
    PARENT = 128  # something of a parent agrees
    FAR_BIRTH = 256  # two whole birth dates, years apart


ALL_TRAITS = 512  # unions

_CONTRADICTING = {"near", "different", "plain_near", "plain_different", "call_other"}
_SAME_GIVEN = {"same", "other_marks", "spelling", "typo", "plain_same", "plain_spelling", "plain_typo", "call_same"}
_OTHER_BIRTH = {"same_year", "near_year", "different", "jan1_near_year", "jan1_different", "year_different"}
_NO_PARENT = {"different", "plain_different", "given_same", "plain_given_same", "short_different", "near"}


def _names(field: Field) -> set[str]:
    return {level.name for level in LEVELS[field]}


_OF_LEVELS: dict[Field, dict[Trait, Set[str]]] = {
    Field.NUMBER: {Trait.OWN_NUMBER: {"same", "former", "transposed", "one_digit"}},
    Field.GIVEN: {
        Trait.OTHER_GIVEN: (_CONTRADICTING - {"call_other"}) | {"other_marks", "spelling", "plain_spelling"},
        Trait.NAMELESS: _CONTRADICTING | {MISSING.name},
        Trait.CONTRADICTING: _CONTRADICTING,
        Trait.SAME_GIVEN: _SAME_GIVEN,
    },
    Field.BIRTH: {
        Trait.OTHER_BIRTH: _OTHER_BIRTH | {"estimate_different"},
        Trait.FAR_BIRTH: {"different", "jan1_different"},
        Trait.BORN: _names(Field.BIRTH),
    },
    **{
        field: {Trait.PARENT: _names(field) - _NO_PARENT}
        for field in (Field.MOTHER, Field.FATHER, Field.MOTHER_NUMBER, Field.FATHER_NUMBER)
    },
}


def trait_table(levels: int) -> Integers:
    """Return (fields, levels): the traits of each level, as one number.

    Args: `levels`: how many codes a field may have.
    """
    table = np.zeros((len(Field), levels), dtype=np.int32)
    for field, traits in _OF_LEVELS.items():
        for trait, names in traits.items():
            for name in names:
                table[field, code_of(field, name)] |= trait
    return table


_TRAITS = trait_table(1 + max(len(levels) for levels in LEVELS.values()))


def _has(traits: Integers, trait: Trait) -> Truths:
    found: Truths = (traits & trait) > 0
    return found


def barred(traits: Integers) -> Truths:
    """Return whether pairs may not be linked without a person, whatever the other candidates of the record are.

    Where no own number agrees: a given name that another child could bear, be it by a letter or a mark, and a whole
    birth date that is years from the other, are a sibling's, a twin's or a namesake's until a person says otherwise;
    and what many children share (commune, year, sex) links nobody without a name or a parent. Where the number does
    agree, it never links against a name and a birth date that both contradict it.
    """
    unsupported = _has(traits, Trait.OTHER_GIVEN) | _has(traits, Trait.FAR_BIRTH)
    unsupported |= _has(traits, Trait.NAMELESS) & ~_has(traits, Trait.PARENT)
    contradicted = _has(traits, Trait.CONTRADICTING) & _has(traits, Trait.OTHER_BIRTH)
    return (unsupported & ~_has(traits, Trait.OWN_NUMBER)) | contradicted


def described(traits: Integers) -> Truths:
    """Return whether the record's given name and birth date describe the person."""
    return _has(traits, Trait.SAME_GIVEN) & _has(traits, Trait.BORN) & ~_has(traits, Trait.OTHER_BIRTH)


def contested(traits: Integers) -> Truths:
    """Return whether a number links against the name: not if the record describes another candidate, maybe the twin."""
    return _has(traits, Trait.OWN_NUMBER) & _has(traits, Trait.CONTRADICTING)


class Decision(StrEnum):
    """What becomes of a record."""

    LINK = "link"
    REVIEW = "review"
    NONE = "none"


def posterior(log_odds: Reals, starts: npt.NDArray[np.int64]) -> tuple[Reals, Reals]:
    """Return the probability of every candidate and, for every record, of 'nobody'.

    Args: the pairs of record r are those from `starts[r]` up to `starts[r + 1]`.
    """
    counts = np.diff(starts)
    some = slice(None) if counts.all() else counts > 0
    firsts = starts[:-1][some]
    highest = np.zeros(len(counts))  # nobody has log odds of 0
    if len(firsts):
        highest[some] = np.maximum(np.maximum.reduceat(log_odds, firsts), 0.0)
    weight, nobody = np.exp(log_odds - np.repeat(highest, counts)), np.exp(-highest)
    total = nobody.copy()
    if len(firsts):
        total[some] += np.add.reduceat(weight, firsts)
    return weight / np.repeat(total, counts), nobody / total


def needs_a_person(levels: Codes, starts: npt.NDArray[np.int64]) -> Truths:
    """Return for each pair whether it may not be linked without a person, however probable it is.

    Args: the pairs of record r are those from `starts[r]` up to `starts[r + 1]`.
    """
    traits = np.bitwise_or.reduce(_TRAITS[np.arange(len(Field)), levels], axis=1)
    record = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    rivals = np.bincount(record, weights=described(traits), minlength=len(starts) - 1)
    return barred(traits) | (contested(traits) & (rivals[record] > 0))


def decide(best: float, *, barred: bool, model: Model) -> Decision:
    """Return the decision for a record whose best candidate has the posterior `best`; `barred` from linking or not."""
    if best >= model.link and not barred:
        return Decision.LINK
    return Decision.REVIEW if best >= model.review else Decision.NONE
