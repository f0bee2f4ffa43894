"""Pairs whose truth is known, and reviewers who see the doubtful ones of them alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.learning import Learned, ReviewedPair
from matching.levels import LEVELS, Field, code_of
from matching.weights import Model

Reals = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
Levels = Mapping[str, npt.NDArray[np.intp]]  # field → place of the level in its context

CONTEXTS = {Field.GIVEN: "marked", Field.MIDDLE: "some", Field.BIRTH: "full", Field.MOTHER: "marked"}
SAME_CHILD = 0.05  # of the pairs that are compared at all


def shipped() -> Model:
    """Return the shipped model."""
    return Model.load("child_vn")


def names_of(field: Field) -> list[str]:
    """Return the levels of a field's context."""
    return [level.name for level in LEVELS[field] if level.context == CONTEXTS[field]]


def m_of(model: Model) -> dict[str, Reals]:
    """Return m by field, adding up to 1."""
    found = {}
    for field in CONTEXTS:
        m = model.m[field, [code_of(field, name) for name in names_of(field)]]
        found[field.name.lower()] = m / m.sum()
    return found


@dataclass(frozen=True)
class World:
    """How levels come about: among pairs of one child as in `m`, among others as in `u`."""

    m: Mapping[str, Reals]
    u: Mapping[str, Reals]

    @classmethod
    def invented(cls, seed: int, *, strength: float, common: float = 0.45) -> World:
        """Return a world in which m differs from the shipped one.

        Args:
            strength: standard deviation of log m.
            common: how often two people share the first level of a field, against odds that add up to about 1.
        """
        chance = np.random.default_rng(seed)
        m, u = {}, {}
        for field, shares in m_of(shipped()).items():
            other = shares * np.exp(np.concatenate([[0.0], chance.normal(0, strength, len(shares) - 1)]))
            m[field] = other / other.sum()
            random = np.concatenate([[common], chance.uniform(0.02, 0.3, len(shares) - 1)])
            u[field] = random / random.sum()
        return cls(m, u)

    def pairs(self, number: int, *, seed: int) -> tuple[Levels, Truths]:
        """Return pairs and whether each is one child."""
        chance = np.random.default_rng(seed)
        same = chance.random(number) < SAME_CHILD
        levels = {}
        for field, shares in self.m.items():
            as_child = chance.choice(len(shares), number, p=shares)
            levels[field] = np.where(same, as_child, chance.choice(len(shares), number, p=self.u[field]))
        return levels, same

    def posterior(self, levels: Levels, m: Mapping[str, Reals]) -> Reals:
        """Return what a model with `m` says of pairs."""
        odds = np.log(SAME_CHILD / (1 - SAME_CHILD))
        for field, places in levels.items():
            odds = odds + np.log(m[field][places] / self.u[field][places])
        answer: Reals = 1 / (1 + np.exp(-odds))
        return answer


def doubtful(probability: Reals) -> Truths:
    """Return which pairs a person sees."""
    seen: Truths = (probability >= 0.05) & (probability < 0.99)
    return seen


def reviews(world: World, number: int, *, seed: int) -> list[ReviewedPair]:
    """Return pairs that the shipped model finds doubtful, with their truth as the answer."""
    levels, same = world.pairs(200_000, seed=seed)
    probability = world.posterior(levels, m_of(shipped()))
    names = {field.name.lower(): names_of(field) for field in CONTEXTS}
    chosen = np.random.default_rng(seed).permutation(np.flatnonzero(doubtful(probability)))[:number]
    return [
        ReviewedPair(
            levels={field: names[field][levels[field][pair]] for field in names},
            probability=float(probability[pair]),
            same=bool(same[pair]),
        )
        for pair in chosen
    ]


def loss(probability: Reals, same: Truths) -> float:
    """Return the mean surprise in bits."""
    said = np.clip(np.where(same, probability, 1 - probability), 1e-12, 1)
    return float(-np.log2(said).mean())


def miscalibration(probability: Reals, same: Truths) -> float:
    """Return the mean distance between stated and observed shares over ten equal ranges of the posterior."""
    place = np.minimum((probability * 10).astype(np.intp), 9)
    gaps = np.bincount(place, weights=probability - same, minlength=10)
    return float(np.abs(gaps).sum() / len(same))


def tried(world: World, learned: Learned | Mapping[str, Reals], *, seed: int) -> tuple[Reals, Reals, Truths]:
    """Return the posteriors of the shipped and of the learned model on new pairs, and the truth."""
    levels, same = world.pairs(200_000, seed=seed + 1_000_000)
    m = m_of(learned.model) if isinstance(learned, Learned) else learned
    return world.posterior(levels, m_of(shipped())), world.posterior(levels, m), same
