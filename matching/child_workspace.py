"""Two sides of children in memory: packed as they are read, blocked, compared and weighed by one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching import kernel
from matching.census import Census
from matching.families import family_classes
from matching.frequencies import Frequencies
from matching.keys import child_keys
from matching.packed import FORMER, MOST_FORMER, WORDS, Longs, Packed, Rows
from matching.shares import look_up_shares
from matching.table_packing import TablePacker
from matching.unread_values import UnreadValues
from matching.vocabulary import NONE, Vocabulary
from matching.weights import Model
from matching.workspace import FieldEvidence, Keys, Places, Side, Weighed

_FIRST_ROWS: Final = 65_536
_GROWTH: Final = 1.6


class NotFinished(RuntimeError):
    """Something was asked of a workspace before `finish`."""


class PackedSide:
    """The packed rows of one side, which grows as its file is read."""

    def __init__(self) -> None:
        self._rows: Rows = np.empty((_FIRST_ROWS, WORDS), dtype=np.int32)
        self._former: list[Longs] = []
        self._formers = 0
        self._people = 0

    def append(self, more: Packed) -> range:
        """Add rows and return their places."""
        begin, end = self._people, self._people + len(more)
        if end > len(self._rows):
            grown = np.empty((max(end, int(len(self._rows) * _GROWTH)), WORDS), dtype=np.int32)
            grown[:begin] = self._rows[:begin]
            self._rows = grown
        self._rows[begin:end] = more.rows
        if len(more.former):
            places = self._rows[begin:end, FORMER]
            places[places != NONE] += self._formers
            self._former.append(more.former)
            self._formers += len(more.former)
        self._people = end
        return range(begin, end)

    def packed(self) -> Packed:
        """Return the rows so far, without a copy."""
        former = np.concatenate(self._former) if self._former else np.zeros((0, MOST_FORMER), dtype=np.int64)
        return Packed(self._rows[: self._people], former)


class ChildWorkspace:
    """The workspace of models that read children's records.

    Memory: 192 bytes a person on either side, and the vocabulary: about 100 bytes a distinct syllable.
    """

    def __init__(self, model: Model, *, year: int, frequencies: Frequencies | None = None) -> None:
        """Make an empty workspace.

        Args:
            model: with the schema of children's records.
            year: the year at which ages are reckoned, for numbers that cannot be a child's.
            frequencies: of the whole population; counted on the right side if None.
        """
        self.model = model
        self.vocabulary = Vocabulary()
        records = TablePacker(self.vocabulary, year=year)
        self._packers = {Side.LEFT: records, Side.RIGHT: records.for_another_file()}
        self._sides = {side: PackedSide() for side in Side}
        self._census = Census(self.vocabulary) if frequencies is None else None
        self._frequencies = frequencies
        self._tables: kernel.Tables | None = None

    @property
    def unread(self) -> Mapping[Side, Sequence[UnreadValues]]:
        """What of each side could not be read and was taken as not known, by column and rule."""
        return {side: packer.unread for side, packer in self._packers.items()}

    @property
    def frequencies(self) -> Frequencies:
        """How common values are in the population.

        Raises: NotFinished: the population is not counted yet.
        """
        if self._frequencies is None:
            raise NotFinished("the population is not counted yet")
        return self._frequencies

    def add(self, side: Side, table: pa.Table) -> range:
        """Encode more rows of a side and return their places; see `Workspace.add`."""
        packed = self._packers[side].pack(table)
        if side is Side.RIGHT and self._census is not None:
            self._census.add(packed.rows)
        return self._sides[side].append(packed)

    def finish(self) -> None:
        """Count the population, look up how common everybody's values are, and make the tables of the kernel."""
        if self._frequencies is None and self._census is not None:
            self._frequencies = self._census.finish()
        look_up_shares(self._sides[Side.RIGHT].packed().rows, self.vocabulary, self.frequencies)
        self.adopt(self.model)

    def adopt(self, model: Model) -> None:
        """Weigh by another model from now on."""
        self.model = model
        self._tables = kernel.Tables.of(model, vocabulary=self.vocabulary, frequencies=self.frequencies)

    def keys(self, side: Side, rows: range, kinds: Sequence[str]) -> Keys:
        """Return the block keys of some rows; see `Workspace.keys`."""
        return child_keys(self._sides[side].packed(), self.vocabulary, kinds=kinds, rows=rows)

    @property
    def relation_rates(self) -> tuple[float, ...]:
        """How many siblings, twins, namesakes and neighbours a child has, measured on the population."""
        return tuple(relation.rate for relation in family_classes(self.model, self.frequencies))

    def relatives(self, person: Places, levels: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
        """Return what relations explain of some pairs; see `Workspace.relatives`."""
        return kernel.relatives(self._ready(), self._sides[Side.RIGHT].packed(), person=person, levels=levels)

    def weigh(self, starts: npt.NDArray[np.int64], record: Places, person: Places) -> Weighed:
        """Compare and weigh pairs that are grouped by record; see `Workspace.weigh`."""
        left, right = (self._sides[side].packed() for side in Side)
        return kernel.weigh(self._ready(), left, right, starts=starts, record=record, person=person)

    def evidence(self, record: int, person: int) -> tuple[FieldEvidence, ...]:
        """Return what each field says of one pair."""
        left, right = (self._sides[side].packed() for side in Side)
        from matching.linkage import evidence_of

        return evidence_of(self._ready(), left, right, record=record, person=person)

    def _ready(self) -> kernel.Tables:
        if self._tables is None:
            raise NotFinished("the tables of the kernel are not made yet")
        return self._tables
