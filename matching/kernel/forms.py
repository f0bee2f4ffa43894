"""The arguments of compiled code: the weights of a model, and the arrays of one call."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from matching.forms import Forms

__all__ = [
    "Answer",
    "Asked",
    "Codes",
    "Forms",
    "Integers",
    "Longs",
    "Reals",
    "Room",
    "Sides",
    "Truths",
    "Weights",
    "Words",
]

Integers = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]
Reals = npt.NDArray[np.float64]

Words = npt.NDArray[np.uint64]

MOST_CLASSES: Final = 4  # relations that a pair is weighed for
BLOCK: Final = 32  # rows fetched together, so that memory answers for one while another is on its way
NO_SHARE: Final = 15  # the byte of a row's shares that is always 0
FATHERS_SURNAME: Final = 14

# Where each number of a level stands in `cells`.
M: Final = 0
U: Final = 1
OWN: Final = 2  # one for each relation
RANDOM: Final = OWN + MOST_CLASSES
NUMBERS: Final = RANDOM + MOST_CLASSES

# Where each sign of a level stands in `signs`.
SHARE_BITS: Final = 15  # four bits: the byte of the share that u is multiplied by
SURNAME_SHIFT: Final = 4  # one bit, of the father's name: the surname in it may be the child's
TRAIT_SHIFT: Final = 5  # see `matching.decision`

# Where each answer stands in `unions`.
BARRED: Final = 0
DESCRIBED: Final = 1
CONTESTED: Final = 2


class Weights(NamedTuple):
    """A model's numbers: P(level | relation) = own + random x, x being the chance among random people."""

    cells: Reals  # (fields, levels, NUMBERS); 1, 1, 1 .. and 0 .. for what is not known
    signs: Integers  # (fields, levels)
    few: Reals  # (levels of number, order and sex, RANDOM): the products of M, of the chance, and of the relations'
    parents: Reals  # the same of the levels of both parents' numbers and years
    unions: Truths  # (ALL_TRAITS, 3): what follows from each union of traits
    power: Reals  # what a byte stands for
    rates: Reals  # (MOST_CLASSES,): a person's chance to have the relation to the child
    prior: float  # odds, before anything is compared, that this person is the child


class Sides(NamedTuple):
    """The packed rows of both sides."""

    left: Integers
    left_former: Longs
    right: Integers
    right_former: Longs


class Asked(NamedTuple):
    """The pairs of one call; those of group i are from `starts[i]` up to `starts[i + 1]`."""

    starts: Longs
    record: Integers
    person: Integers


class Answer(NamedTuple):
    """What is said of each pair."""

    levels: Codes  # (pairs, fields), all 0 before
    odds: Reals
    traits: Integers
    held: Truths


class Room(NamedTuple):
    """What one thread works in."""

    rows: Integers  # (1 + BLOCK, words): the record, and the people it is compared with
    touched: Longs  # keeps the compiler from leaving out what is read ahead
