"""Tables: the numbers of a model, ready for weighing, and the forms of the vocabulary that the rows are packed with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from matching.decision import ALL_TRAITS, barred, contested, described, trait_table
from matching.evidence import PairEvidence
from matching.families import FamilyClass, family_classes
from matching.forms import FormBook
from matching.frequencies import Frequencies
from matching.kernel import codes
from matching.kernel.forms import (
    MOST_CLASSES,
    NO_SHARE,
    NUMBERS,
    OWN,
    RANDOM,
    SURNAME_SHIFT,
    TRAIT_SHIFT,
    Integers,
    M,
    Reals,
    U,
    Weights,
)
from matching.levels import LEVELS, Field
from matching.vocabulary import Vocabulary
from matching.weights import SHARES, Model

STEPS: Final = 8  # a share is 2 to the power of minus a byte over STEPS
_WITH_SURNAME = ("father", "father_marked")


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """What pairs are weighed with; made once, whatever is weighed."""

    model: Model
    frequencies: Frequencies
    book: FormBook
    weights: Weights
    evidence: PairEvidence

    @classmethod
    def of(cls, model: Model, *, vocabulary: Vocabulary, frequencies: Frequencies) -> Tables:
        """Make the tables for rows that are packed with `vocabulary`."""
        weights = weights_of(model, frequencies)
        return cls(model, frequencies, FormBook(vocabulary, frequencies), weights, PairEvidence(weights))

    def adopting(self, model: Model) -> Tables:
        """Return the tables for the same rows under another model."""
        weights = weights_of(model, self.frequencies)
        return replace(self, model=model, weights=weights, evidence=PairEvidence(weights))


def _cells(model: Model, classes: tuple[FamilyClass, ...]) -> Reals:
    """Return the numbers of each level; a relation that is none is 1 throughout, and so is what is not known."""
    cells = np.zeros((*model.m.shape, NUMBERS))
    cells[:, :, M], cells[:, :, U], cells[:, :, OWN:RANDOM] = model.m, model.u, 1.0
    for place, relation in enumerate(classes):
        cells[:, :, OWN + place], cells[:, :, RANDOM + place] = relation.own, relation.random
    cells[:, 0, :RANDOM], cells[:, 0, RANDOM:] = 1.0, 0.0
    return cells


def _signs(model: Model) -> Integers:
    signs = np.where(model.times > 0, model.times - 1, NO_SHARE).astype(np.int32)
    signs |= trait_table(model.m.shape[1]) << TRAIT_SHIFT
    whole = [SHARES.index(name) for name in _WITH_SURNAME]
    signs[Field.FATHER] |= np.isin(model.times[Field.FATHER], whole).astype(np.int32) << SURNAME_SHIFT
    return signs


def _together(cells: Reals, fields: Sequence[int]) -> Reals:
    """Return the products of the numbers of some fields, for all levels of these together."""
    products = np.ones((1, RANDOM))
    for field in fields:
        levels = cells[field, : len(LEVELS[Field(field)]) + 1]
        chance = np.minimum(levels[:, U], 1.0)
        numbers = levels[:, :RANDOM].copy()
        numbers[:, U] = chance
        numbers[:, OWN:] += levels[:, RANDOM:] * chance[:, None]
        products = (products[:, None, :] * numbers[None, :, :]).reshape(-1, RANDOM)
    return np.ascontiguousarray(products)


def _check(model: Model) -> None:
    """Raise ValueError if a level is to be multiplied by a share that its field does not have."""
    for field in (*codes.FEW, *codes.OF_PARENTS):
        if model.times[field].any():
            msg = f"the levels of {Field(field).name.lower()} cannot be multiplied by a frequency"
            raise ValueError(msg)


def weights_of(model: Model, frequencies: Frequencies) -> Weights:
    """Return the numbers of a model for a population of these frequencies.

    Raises: ValueError: there are too many relations, or a field has shares for which there are none.
    """
    _check(model)
    classes = family_classes(model, frequencies)
    if len(classes) > MOST_CLASSES:
        msg = f"{len(classes)} relations are more than the {MOST_CLASSES} that a pair is weighed for"
        raise ValueError(msg)
    people = max(frequencies.people, 1)
    unions = np.arange(ALL_TRAITS, dtype=np.int32)
    rates = [relation.rate / people for relation in classes]
    cells = _cells(model, classes)
    return Weights(
        cells=cells,
        signs=_signs(model),
        few=_together(cells, codes.FEW),
        parents=_together(cells, codes.OF_PARENTS),
        unions=np.stack([barred(unions), described(unions), contested(unions)], axis=1),
        power=np.exp2(-np.arange(256) / STEPS),
        rates=np.array(rates + [0.0] * (MOST_CLASSES - len(rates))),
        prior=model.in_population / (1 - model.in_population) / people,
    )
