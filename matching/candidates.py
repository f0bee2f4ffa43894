"""Candidates: the blocks of some records, filled with the people of the other side, by the stages of a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from matching.block_index import BlockIndex, Hits, LeftOut
from matching.block_table import Integers
from matching.weights import Stage
from matching.workspace import Keys, Side

_THREADS: Final = 2
_NOWHERE: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What bounds the memory of a run; the result does not depend on it."""

    records: int = 1_000_000  # in one index; more are taken in turns, and the other side is streamed past each
    rows: int = 65_536  # of the streamed side whose keys are made at once: some 20 MB
    pairs: int = 1_000_000  # that are weighed at once: some 70 MB


USUAL: Final = Limits()


class Keyed(Protocol):
    """As much of a workspace as blocking needs; see `matching.workspace.Workspace`."""

    def keys(self, side: Side, rows: range, kinds: Sequence[str]) -> Keys:
        """Return the block keys of `rows` of the given kinds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLeftOut:
    """The blocks of one kind that a stage left out because they were too large."""

    stage: str
    blocks: LeftOut


def summed(left_out: Iterable[StageLeftOut]) -> list[StageLeftOut]:
    """Return what was left out by stage and kind, over all turns."""
    found: dict[tuple[str, str], StageLeftOut] = {}
    for each in left_out:
        before = found.get((each.stage, each.blocks.kind))
        if before is not None:
            blocks, pairs = before.blocks.blocks + each.blocks.blocks, before.blocks.pairs + each.blocks.pairs
            each = replace(each, blocks=replace(each.blocks, blocks=blocks, pairs=pairs))
        found[each.stage, each.blocks.kind] = each
    return list(found.values())


def passes(stages: Sequence[Stage]) -> list[tuple[Stage, ...]]:
    """Return the stages that are looked up together: those for every record, then each for unresolved ones alone."""
    found: list[tuple[Stage, ...]] = []
    for stage in stages:
        if found and not stage.unresolved_only and not found[-1][0].unresolved_only:
            found[-1] = (*found[-1], stage)
        else:
            found.append((stage,))
    return found


def turns(records: Integers, limits: Limits) -> Iterator[Integers]:
    """Cut records into runs that an index holds."""
    for begin in range(0, len(records), limits.records):
        yield records[begin : begin + limits.records]


def blocks_of(
    workspace: Keyed, records: Integers, *, stages: Sequence[Stage], people: int, limits: Limits = USUAL
) -> BlockIndex:
    """Return the blocks of `records`, rows of the left side in ascending order, with the people who share them.

    Args: `people`: rows of the right side.
    """
    caps = {kind: stage.cap for stage in stages for kind in stage.kinds}
    index = BlockIndex(len(records), {kind: _keys_of(workspace, records, kind) for kind in caps}, caps=caps)
    kinds = tuple(caps)

    def look_up(begin: int) -> Hits:
        rows = range(begin, min(begin + limits.rows, people))
        return index.look_up(workspace.keys(Side.RIGHT, rows, kinds))

    with ThreadPoolExecutor(_THREADS) as threads:
        # In the order of the rows, whichever thread is done first: the same files give the same blocks.
        for hits in threads.map(look_up, range(0, people, limits.rows)):
            index.keep(hits)
    return index


def _keys_of(workspace: Keyed, records: Integers, kind: str) -> Keys:
    """Return the keys of records, by their places among `records`."""
    if not len(records):
        return Keys(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.uint64))
    first, last = int(records[0]), int(records[-1])
    keys = workspace.keys(Side.LEFT, range(first, last + 1), (kind,))
    if last - first + 1 == len(records):
        return Keys(keys.row - np.int32(first), keys.key)
    place = np.full(last - first + 1, _NOWHERE, dtype=np.int32)
    place[records - first] = np.arange(len(records), dtype=np.int32)
    row = place[keys.row - first]
    return Keys(row[row != _NOWHERE], keys.key[row != _NOWHERE])
