"""Counting a population part by part: every task counts its own, the counts are merged into those of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.census import Census
from matching.child_workspace import ChildWorkspace
from matching.columns.declared import Declared
from matching.columns.weighing import ColumnFrequencies
from matching.columns.workspace import ColumnWorkspace
from matching.frequencies import Frequencies
from matching.hash_counts import HashCounts
from matching.keys import check_kinds
from matching.table_packing import TablePacker
from matching.vocabulary import Vocabulary
from matching.weights import Model, Reads
from matching.workspace import Side, Workspace

AnyFrequencies = Frequencies | ColumnFrequencies


class Count(Protocol):
    """The count of one part of a side."""

    def add(self, table: pa.Table) -> None:
        """Count some rows."""
        ...

    def unread(self) -> Sequence[Any]:
        """Return what could not be read, by column and rule; its rows are those of the part."""
        ...

    def to_bytes(self) -> bytes:
        """Return what was counted, for another process."""
        ...


class _ChildCount:
    def __init__(self, year: int) -> None:
        vocabulary = Vocabulary()
        self._packer, self._census = TablePacker(vocabulary, year=year), Census(vocabulary)

    def add(self, table: pa.Table) -> None:
        self._census.add(self._packer.pack(table).rows)

    def unread(self) -> Sequence[Any]:
        return self._packer.unread

    def to_bytes(self) -> bytes:
        return self._census.to_bytes()


class _ColumnCount:
    def __init__(self, model: Model) -> None:
        self._workspace = ColumnWorkspace(model)

    def add(self, table: pa.Table) -> None:
        self._workspace.add(Side.RIGHT, table)

    def unread(self) -> Sequence[Any]:
        return self._workspace.unread[Side.RIGHT]

    def to_bytes(self) -> bytes:
        found = self._workspace.frequencies
        arrays: dict[str, npt.NDArray[Any]] = {"people": np.array([found.people])}
        for name, counts in found.counts.items():
            arrays[f"known:{name}"] = np.array([found.known[name]])
            arrays[f"keys:{name}"], arrays[f"counts:{name}"] = counts.entries()
        buffer = BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()


def counting(model: Model, *, year: int) -> Count:
    """Begin a count."""
    return _ColumnCount(model) if model.reads is Reads.COLUMNS else _ChildCount(year)


def merged_counts(parts: Iterable[bytes], model: Model) -> AnyFrequencies:
    """Return the frequencies of the whole population from the counts of its parts, in the order of its rows."""
    if model.declared is not None:
        return _merged_columns(parts, model.declared)
    census = Census(Vocabulary())
    for part in parts:
        census.merge_bytes(part)
    return census.finish()


def _merged_columns(parts: Iterable[bytes], declared: Declared) -> ColumnFrequencies:
    names = [column.name for column in declared.columns]
    counts, known, people = {name: HashCounts() for name in names}, dict.fromkeys(names, 0), 0
    for part in parts:
        arrays = np.load(BytesIO(part), allow_pickle=False)
        people += int(arrays["people"][0])
        for name in names:
            known[name] += int(arrays[f"known:{name}"][0])
            counts[name].add(arrays[f"keys:{name}"], arrays[f"counts:{name}"])
    return ColumnFrequencies(people, known, counts)


def check_stages(model: Model) -> None:
    """Check that rows have the block keys that a model looks up.

    Raises: UnknownKind: a stage names a kind that children's records do not have.
    """
    if model.declared is None:
        for stage in model.stages:
            check_kinds(stage.kinds)


def workspace_of(model: Model, *, year: int, frequencies: AnyFrequencies | None = None) -> Workspace:
    """Return an empty workspace; without frequencies it is good for the keys of its left side alone."""
    if model.declared is not None:
        return ColumnWorkspace(model, frequencies=frequencies if isinstance(frequencies, ColumnFrequencies) else None)
    return ChildWorkspace(model, year=year, frequencies=frequencies if isinstance(frequencies, Frequencies) else None)
