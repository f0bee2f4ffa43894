"""How probable it is that a person who is not the child is a relative or a namesake of the child."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matching.kernel import codes
from matching.kernel.forms import MOST_CLASSES, OWN, RANDOM, Reals
from matching.kernel.tables import Tables
from matching.kernel.twin import PAIRS_AT_ONCE, chances
from matching.levels import Codes
from matching.packed import SHARES, Packed

_WORDS = slice(SHARES, SHARES + 4)


def relatives(tables: Tables, right: Packed, *, person: npt.NDArray[np.int32], levels: Codes) -> Reals:
    """Return (pairs, MOST_CLASSES): P(the pair is of this relation | it is no match).

    Args: `person`: the row of each pair in `right`, whose shares are looked up; `levels`: those of the pair.
    """
    found = np.empty((len(person), MOST_CLASSES))
    for begin in range(0, len(person), PAIRS_AT_ONCE):
        here = slice(begin, begin + PAIRS_AT_ONCE)
        shares = np.ascontiguousarray(right.rows[person[here], _WORDS]).view(np.uint8)
        found[here] = _some(tables, levels[here], chances(tables.weights, levels[here], shares))
    return found


def _some(tables: Tables, levels: Codes, chance: Reals) -> Reals:
    weights = tables.weights
    random, relations = np.ones(len(levels)), np.ones((len(levels), MOST_CLASSES))
    for field in range(codes.FIELDS):
        cells = weights.cells[field, levels[:, field]]
        random *= chance[:, field]
        relations *= cells[:, OWN:RANDOM] + cells[:, RANDOM:] * chance[:, field, None]
    relations *= weights.rates
    return np.asarray(relations / (random + relations.sum(axis=1))[:, None])
