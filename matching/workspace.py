"""What the engines ask of a model: read two sides, say what blocks each row is in, compare and weigh pairs of rows.

`matching.child_workspace` answers for children, `matching.columns.workspace` for any other table that a model file
describes. Whoever adds another answer needs nothing else to run on every engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.weights import Model

Places = npt.NDArray[np.int32]


class Side(IntEnum):
    """The two sides of a linkage; a deduplication has its records on both."""

    LEFT = 0  # the records
    RIGHT = 1  # the population


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEvidence:
    """What one field says of a pair; `bits` above 0 speak for the same person."""

    field: str
    level: str
    reason: str  # an English sentence, the key of its translation
    bits: float


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """Pairs, compared and weighed, in the order in which they were asked."""

    levels: npt.NDArray[np.int8]  # (pairs, fields): code of the level, 0: not known on one side
    log_odds: npt.NDArray[np.float64]  # natural logarithm: this person against nobody, before candidates compete
    held: npt.NDArray[np.bool_]  # may not be linked without a person, however probable


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """Block keys of some rows: row `row[i]` is in the block `key[i]`; a row without a key of a kind has no entry."""

    row: Places
    key: npt.NDArray[np.uint64]


class Workspace(Protocol):
    """Two sides in memory, encoded as one model needs them."""

    model: Model

    def add(self, side: Side, table: pa.Table) -> range:
        """Encode more rows of a side and return their places; columns are strings.

        Raises: BadTable: a value breaks a rule of the file; the message names column, rule and row.
        """
        ...

    def finish(self) -> None:
        """Count what must be counted over the whole population; called once, when both sides are complete."""
        ...

    def keys(self, side: Side, rows: range, kinds: Sequence[str]) -> Keys:
        """Return the block keys of `rows` of the given kinds; the same facts give the same key on both sides."""
        ...

    def adopt(self, model: Model) -> None:
        """Weigh by another model of the same schema from now on."""
        ...

    @property
    def relation_rates(self) -> tuple[float, ...]:
        """How many people of the right side have each relation of the model to a person; none: it knows none."""
        ...

    def relatives(self, person: Places, levels: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
        """Return (pairs, relations): P(the person is of this relation to the record's | it is another person).

        Args: the rows of the right side and the levels of some pairs.
        """
        ...

    def weigh(self, starts: npt.NDArray[np.int64], record: Places, person: Places) -> Weighed:
        """Compare and weigh pairs that are grouped by record.

        Args: the pairs from `starts[i]` up to `starts[i + 1]` are all the candidates of one record.
        """
        ...

    def evidence(self, record: int, person: int) -> tuple[FieldEvidence, ...]:
        """Return what each field says of one pair, and what its relatives would have said."""
        ...
