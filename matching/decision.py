"""Decisions: one posterior within the record, in which the candidates and 'nobody' compete."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from matching.families import FamilyClass
from matching.levels import LEVELS, Codes, Field, code_of
from matching.weights import Model, Reals

Truths = npt.NDArray[np.bool_]

_OTHER_GIVEN = {"other_marks", "spelling", "near", "different", "plain_spelling", "plain_near", "plain_different"}
_ALTOGETHER_OTHER = {"near", "different", "plain_near", "plain_different", "call_other"}
_SAME_GIVEN = {
    "same",
    "other_marks",
    "spelling",
    "typo",
    "plain_same",
    "plain_spelling",
    "plain_typo",
    "call_same",
}
_OTHER_BIRTH = {"same_year", "near_year", "different", "jan1_near_year", "jan1_different", "year_different"}
_OTHER_BIRTH |= {"estimate_different"}
_OWN_NUMBER = {"same", "former", "transposed", "one_digit"}
_OTHER_PARENT = {"different", "plain_different", "given_same", "plain_given_same", "short_different", "near", "missing"}


class Decision(StrEnum):
    """What becomes of a record."""

    LINK = "link"
    REVIEW = "review"
    NONE = "none"


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The weights of many pairs."""

    bits: Reals  # (pairs, fields): log2 of m over the u of a random person
    family: Reals  # what it costs, in bits, that relatives of the child would look alike
    log_odds: Reals  # natural logarithm: this person against nobody


def score(levels: Codes, shares: Reals, model: Model, classes: tuple[FamilyClass, ...], people: int) -> Scores:
    """Weigh pairs by their levels.

    Args: `levels` (pairs, fields); `shares` (pairs, fields): what the u of the pair's level is multiplied by.
    Source: I. P. Fellegi and A. B. Sunter (1969), section 2, with the non-matches as a mixture of three classes.
    """
    fields = np.arange(len(Field))
    log_m = np.log(model.m[fields, levels])
    u = np.minimum(model.u[fields, levels] * shares, 1.0)
    log_u = np.log(u)
    random = log_u.sum(axis=1)
    mixture = random
    for family in classes:
        relative = np.log(family.own[fields, levels] + family.random[fields, levels] * u).sum(axis=1)
        mixture = np.logaddexp(mixture, relative + np.log(family.rate / people))
    log_prior = np.log(model.in_population / (1 - model.in_population)) - np.log(people)
    log_odds = log_prior + log_m.sum(axis=1) - mixture
    return Scores((log_m - log_u) / np.log(2), (random - mixture) / np.log(2), log_odds)


def posterior(log_odds: Reals, starts: npt.NDArray[np.intp]) -> tuple[Reals, Reals]:
    """Return the probability of every candidate and, for every record, of 'nobody'.

    Args: the pairs of record r are those from `starts[r]` up to `starts[r + 1]`.
    """
    records = len(starts) - 1
    row = np.repeat(np.arange(records), np.diff(starts))
    highest = np.zeros(records)  # nobody has log odds of 0
    np.maximum.at(highest, row, log_odds)
    weight = np.exp(log_odds - highest[row])
    nobody = np.exp(-highest)
    total = nobody + np.bincount(row, weights=weight, minlength=records)
    return weight / total[row], nobody / total


def _is(levels: Codes, field: Field, names: Set[str]) -> Truths:
    return np.isin(levels[:, field], [code_of(field, name) for name in sorted(names)])


def _known(field: Field) -> set[str]:
    return {"missing", *(level.name for level in LEVELS[field])}


def needs_a_person(levels: Codes, starts: npt.NDArray[np.intp]) -> Truths:
    """Return for each pair whether it may not be linked without a person, however probable it is.

    Four rules, each where no own number agrees: a given name that another child could bear, be it by a letter or a
    mark, and a birth date that is altogether another, are a sibling's, a twin's or a namesake's until a person says
    otherwise; and what many children share (commune, year, sex) links nobody without a name or a parent. Where the
    number does agree, it never links against a name and a birth date that both contradict it; nor against the name
    alone, when another candidate bears that name and birth date: it may be the number of a twin.

    Args: the pairs of record r are those from `starts[r]` up to `starts[r + 1]`.
    """
    own_number = _is(levels, Field.NUMBER, _OWN_NUMBER)
    other_given = _is(levels, Field.GIVEN, _OTHER_GIVEN)
    other_birth = _is(levels, Field.BIRTH, _OTHER_BIRTH)
    nameless = _is(levels, Field.GIVEN, _ALTOGETHER_OTHER | {"missing"})
    parents = (Field.MOTHER, Field.FATHER, Field.MOTHER_NUMBER, Field.FATHER_NUMBER)
    parentless = np.logical_and.reduce([_is(levels, field, _OTHER_PARENT & _known(field)) for field in parents])
    unsupported = other_given | other_birth | (nameless & parentless)
    contradicted = _is(levels, Field.GIVEN, _ALTOGETHER_OTHER) & other_birth
    barred: Truths = (unsupported & ~own_number) | contradicted
    return barred | (own_number & _has_a_rival(levels, starts, other_birth=other_birth))


def _has_a_rival(levels: Codes, starts: npt.NDArray[np.intp], *, other_birth: Truths) -> Truths:
    """Return for each pair of another given name whether the record has a candidate whom its name and date describe."""
    record = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    described = _is(levels, Field.GIVEN, _SAME_GIVEN) & ~other_birth & ~_is(levels, Field.BIRTH, {"missing"})
    rivals = np.bincount(record, weights=described, minlength=len(starts) - 1)
    found: Truths = _is(levels, Field.GIVEN, _ALTOGETHER_OTHER) & (rivals[record] > 0)
    return found


def decide(best: float, *, barred: bool, model: Model) -> Decision:
    """Return the decision for a record whose best candidate has the posterior `best`; `barred` from linking or not."""
    if best >= model.link and not barred:
        return Decision.LINK
    return Decision.REVIEW if best >= model.review else Decision.NONE
