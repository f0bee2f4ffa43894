"""Families: how a record looks beside a brother or sister of its child, beside the twin, and beside a namesake.

A pair that is no match is not always a random pair. What brothers and sisters share (parents, surname, commune) speaks
against a random person only; so a sibling's record is not taken for the child's. Nor is a namesake's: how many children
share the full name and the day of birth, or the commune, is counted, not multiplied out of the shares of the parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from matching.frequencies import RELATIONS, Frequencies, Sharing
from matching.levels import Field, code_of
from matching.weights import Model, Reals, RelationPrior

_LEAST = 1e-4  # no level is impossible in any family: a record may be wrong in any way
_SHARED_FACTS = {
    Field.MIDDLE: "middle",
    Field.SURNAME: "surname",
    Field.COMMUNE: "commune",
    Field.ETHNICITY: "ethnicity",
    Field.MOTHER: "mother",
    Field.FATHER: "father",
    Field.MOTHER_NUMBER: "mother",
    Field.FATHER_NUMBER: "father",
    Field.MOTHER_YEAR: "mother",
    Field.FATHER_YEAR: "father",
}


@dataclass(frozen=True, slots=True, eq=False)
class FamilyClass:
    """P(level | this relation) = `own` + `random` x P(level | random person), per field and level code."""

    rate: float  # how many children a child has this relation to
    own: Reals
    random: Reals


def measured(prior: RelationPrior, sharing: Sharing, trust: float) -> tuple[float, Mapping[str, float]]:
    """Return the rate and the shares, the prior counting as much as `trust` pairs."""
    weight = sharing.pairs / (sharing.pairs + trust)
    rate = weight * sharing.per_child + (1 - weight) * prior.per_child
    shares = {
        name: weight * sharing.shared.get(name, assumed) + (1 - weight) * assumed
        for name, assumed in prior.shared.items()
    }
    return rate, shares


def _put(table: Reals, field: Field, levels: Mapping[str, float]) -> None:
    for name, value in levels.items():
        table[field, code_of(field, name)] = max(value, _LEAST)


def _given(shares: Mapping[str, float]) -> dict[str, float]:
    same, marks, near = shares["given"], shares["given_folded"], shares["given_near"]
    other = 1 - same - marks - near
    slip = 0.1  # of the near names: the share that a mistyped name of the relative takes
    marked = {
        "same": same,
        "other_marks": marks,
        "spelling": near * slip,
        "typo": near * slip,
        "near": near,
        "different": other,
    }
    plain = {
        "plain_same": same + marks,
        "plain_spelling": near * slip,
        "plain_typo": near * slip,
        "plain_near": near,
        "plain_different": other,
    }
    return {**marked, **plain, "call_same": same + marks, "call_other": other + near}


def _noise(model: Model, exact: str, near: str, far: str | None) -> list[float]:
    """Return P(the record's year is off by -2 .. 2) from the m of the levels that say how far it is off."""
    m = {name: float(model.m[Field.BIRTH, code_of(Field.BIRTH, name)]) for name in (exact, near, far) if name}
    two = m[far] / 2 if far else 0.0
    return [two, m[near] / 2, m[exact], m[near] / 2, two]


def _year_levels(gaps: list[float], noise: list[float]) -> list[float]:
    """Return P(0, 1, 2 or more years apart) when the child is `gap` years from its relative and the record is noisy."""
    apart = [0.0, 0.0, 0.0, 0.0]
    for gap, probability in enumerate(gaps):
        for step, chance in zip(range(-2, 3), noise, strict=True):
            apart[min(abs(gap + step), 3)] += probability * chance
    return apart


def _birth_apart(model: Model, shares: Mapping[str, float]) -> dict[str, float]:
    gaps = [shares["year"], shares["year_near"], shares["year_far"]]
    gaps.append(1 - sum(gaps))
    jan1 = _year_levels(gaps, _noise(model, "jan1_same_year", "jan1_near_year", None))
    year = _year_levels(gaps, _noise(model, "year_same", "year_near", None))
    estimate = _year_levels(gaps, _noise(model, "estimate_same", "estimate_near", "estimate_far"))
    return {
        "exact": _LEAST,
        "swapped": _LEAST,
        "year_shift": gaps[1] / 100,
        "year_digit": (gaps[2] + gaps[3]) / 300,
        "one_part": gaps[0] / 10,
        "same_year": gaps[0],
        "near_year": gaps[1],
        "different": gaps[2] + gaps[3],
        "jan1_exact": jan1[0] / 30,
        "jan1_same_year": jan1[0],
        "jan1_near_year": jan1[1],
        "jan1_different": jan1[2] + jan1[3],
        "year_same": year[0],
        "year_near": year[1],
        "year_different": year[2] + year[3],
        "estimate_same": estimate[0],
        "estimate_near": estimate[1],
        "estimate_far": estimate[2],
        "estimate_different": estimate[3],
    }


def _relatives(model: Model, shares: Mapping[str, float], *, same_birth: bool) -> tuple[Reals, Reals]:
    """Return the tables of two children of the same parents."""
    own, random = np.zeros_like(model.m), np.zeros_like(model.m)
    own[:, 0] = 1.0
    for field, fact in _SHARED_FACTS.items():
        own[field, 1:] = shares[fact] * model.m[field, 1:]
        random[field, 1:] = 1 - shares[fact]
    own[Field.ORDER] = model.m[Field.ORDER]
    own[Field.MIDDLE, code_of(Field.MIDDLE, "overlap")] += shares["middle_part"]
    wrong = {"same": shares["number"], "former": _LEAST, "transposed": _LEAST, "one_digit": _LEAST, "different": 1.0}
    _put(own, Field.NUMBER, {**wrong, "of_parent": 1.0})
    _put(own, Field.GIVEN, _given(shares))
    _put(own, Field.SEX, {"same": shares["sex"], "different": 1 - shares["sex"]})
    if same_birth:
        own[Field.BIRTH] = model.m[Field.BIRTH]
    else:
        _put(own, Field.BIRTH, _birth_apart(model, shares))
    return own, random


def _namesakes(model: Model, shares: Mapping[str, float], *, same_birth: bool) -> tuple[Reals, Reals]:
    """Return the tables of two children who share the full name, and the day or the commune, by chance."""
    own, random = np.zeros_like(model.m), np.ones_like(model.m)
    own[:, 0], random[:, 0] = 1.0, 0.0
    for field in (Field.GIVEN, Field.MIDDLE, Field.SURNAME, Field.ORDER):
        own[field], random[field] = model.m[field], 0.0
    for field, fact in ((Field.COMMUNE, "commune"), (Field.ETHNICITY, "ethnicity")):
        own[field, 1:], random[field, 1:] = shares[fact] * model.m[field, 1:], 1 - shares[fact]
    for level in ("same_province", "split_same_province"):
        own[Field.COMMUNE, code_of(Field.COMMUNE, level)] += (1 - shares["commune"]) * shares["province"]
    random[Field.SEX] = 0.0
    _put(own, Field.SEX, {"same": shares["sex"], "different": 1 - shares["sex"]})
    random[Field.BIRTH] = 0.0
    if same_birth:
        own[Field.BIRTH] = model.m[Field.BIRTH]
    else:
        _put(own, Field.BIRTH, _birth_apart(model, shares))
    return own, random


_TABLES = {
    "siblings": (_relatives, False),
    "twins": (_relatives, True),
    "namesakes": (_namesakes, True),
    "neighbours": (_namesakes, False),
}


def family_classes(model: Model, frequencies: Frequencies) -> tuple[FamilyClass, ...]:
    """Return the classes of people who are not the child but look alike, for a population."""
    classes = []
    for name in RELATIONS:
        rate, shares = measured(model.relations[name], frequencies.relations[name], model.trust)
        tables, same_birth = _TABLES[name]
        own, random = tables(model, shares, same_birth=same_birth)
        classes.append(FamilyClass(rate, own, random))
    return tuple(classes)
