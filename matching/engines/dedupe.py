"""Deduplication: the pairs of rows of one file that describe one person, and the clusters they make.

A pair is judged alone: rows of one file do not compete for each other, for a person may have many. Its odds before any
evidence are the model's `duplicates` (further rows of the same person that a row has) against the number of rows. Of
two rows the fuller one takes the place of the citizen, because the model asks how a record blurs what is right.

Memory: twice that of one side in `matching.engines.local`, and 16 bytes for every pair compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from matching.agglomeration import log_odds_of
from matching.block_index import without
from matching.block_table import Integers
from matching.candidates import USUAL, Limits, StageLeftOut, blocks_of, summed, turns
from matching.clustering import Clusters, Rule, cluster
from matching.engines.reading import read_sides, tables_of, unread_of
from matching.engines.report import Report, Seconds
from matching.files import ResultFile
from matching.outcome_table import is_text, level_columns, result_schema, words
from matching.outcomes import DECISIONS, LEAST_SHOWN, LINK, NONE, REVIEW
from matching.workspace import Side, Workspace

Reals = npt.NDArray[np.float64]
Small = npt.NDArray[np.int8]

_PAIRS_OF_A_TABLE: Final = 500_000
_CLUSTERS: Final = pa.schema([("record_id", pa.large_string()), ("cluster", pa.large_string())])


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Pairs of rows, each once, in any order; `left` stands before `right` in the file."""

    left: Integers
    right: Integers
    log_odds: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """Pairs worth showing."""

    left: Integers
    right: Integers
    probability: Reals
    decision: Small
    levels: Small


class _Run:
    """One deduplication: every row against the fuller ones."""

    def __init__(self, workspace: Workspace, fullness: Integers, *, seconds: Seconds, limits: Limits) -> None:
        self.workspace, self.fullness, self.seconds, self.limits = workspace, fullness, seconds, limits
        self.left_out: list[StageLeftOut] = []
        model = workspace.model
        self._prior = np.log(model.duplicates) - log_odds_of(model.in_population)

    def pairs(self) -> Iterator[tuple[_Pairs, _Shown]]:
        """Yield all pairs that share a block of any stage, some rows at a time."""
        stages = self.workspace.model.stages
        stage_of = {kind: stage.name for stage in reversed(stages) for kind in stage.kinds}
        for records in turns(np.arange(len(self.fullness), dtype=np.int32), self.limits):
            with self.seconds.of("block"):
                index = blocks_of(self.workspace, records, stages=stages, people=len(self.fullness), limits=self.limits)
            for step in index.steps(self.limits.pairs):
                with self.seconds.of("block"):
                    some = records[step.start : step.stop]
                    candidates = index.candidates(step.start, step.stop)
                    own = some[candidates.record_of_pairs()]
                    once = without(candidates, self.fullness[candidates.person] <= self.fullness[own])
                    record = some[once.record_of_pairs()]
                with self.seconds.of("weigh"):
                    weighed = self.workspace.weigh(once.starts, record, once.person)
                odds = weighed.log_odds + self._prior
                yield self._told(record, once.person, odds, held=weighed.held, levels=weighed.levels)
            self.left_out += [StageLeftOut(stage=stage_of[each.kind], blocks=each) for each in index.left_out()]

    def _told(
        self, record: Integers, person: Integers, odds: Reals, *, held: npt.NDArray[np.bool_], levels: Small
    ) -> tuple[_Pairs, _Shown]:
        left, right = np.minimum(record, person), np.maximum(record, person)
        probability = 1 / (1 + np.exp(-odds))
        shown = probability >= LEAST_SHOWN
        model = self.workspace.model
        decision = np.where(probability >= model.review, REVIEW, NONE).astype(np.int8)
        decision[(probability >= model.link) & ~held] = LINK
        # What may not be joined without a person counts as little as what a person would look at.
        weak = np.where(held, np.minimum(odds, log_odds_of(model.link) - 1), odds)
        pairs = _Pairs(left, right, weak.astype(np.float32))
        return pairs, _Shown(left[shown], right[shown], probability[shown], decision[shown], levels[shown])


class _Fullness:
    """How much each row says: known values first, then letters, then its place in the file."""

    def __init__(self) -> None:
        self._known: list[npt.NDArray[np.int64]] = []
        self._letters: list[npt.NDArray[np.int64]] = []

    def seen(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield the same tables, and note what their rows say."""
        for table in tables:
            lengths = [pc.fill_null(pc.utf8_length(column), 0).to_numpy() for column in table.columns]
            self._known.append(np.sum([length > 0 for length in lengths], axis=0))
            self._letters.append(np.sum(lengths, axis=0))
            yield table

    def ranks(self) -> Integers:
        """Return the rank of every row: the emptiest is 0."""
        order = np.lexsort((np.concatenate(self._letters), np.concatenate(self._known)))
        rank = np.empty(len(order), dtype=np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        return rank


def dedupe(
    workspace: Workspace,
    file: Path,
    *,
    out: Path,
    clusters: Path | None = None,
    seconds: Seconds,
    limits: Limits = USUAL,
) -> Report:
    """Find the rows of `file` that describe one person; write their pairs, and which cluster every row is in.

    Raises: BadFile: a file cannot be used; nothing is written then.
    """
    schema = workspace.model.schema
    with ExitStack() as files:
        result = files.enter_context(ResultFile(out, schema=result_schema(schema.fields, as_text=is_text(out))))
        labels = files.enter_context(ResultFile(clusters, schema=_CLUSTERS)) if clusters is not None else None
        with seconds.of("read"):
            fullness = _Fullness()
            ids = read_sides(workspace, tuple(Side), fullness.seen(tables_of(file, schema)), path=file)
        with seconds.of("count"):
            workspace.finish()
        run = _Run(workspace, fullness.ranks(), seconds=seconds, limits=limits)
        pairs, shown = _all(list(run.pairs()))
        with seconds.of("cluster"):
            found = cluster(len(ids), pairs.left, pairs.right, pairs.log_odds, rule=_rule(workspace))
        with seconds.of("write"):
            for table in _tables(shown, ids, workspace, as_text=is_text(out)):
                result.write(table)
            if labels is not None:
                labels.write(pa.table([ids, ids.take(pa.array(found.labels))], schema=_CLUSTERS))
    return _report(run, pairs, shown, found)


def _rule(workspace: Workspace) -> Rule:
    return Rule.at(workspace.model.link, workspace.model.review)


def _all(parts: Sequence[tuple[_Pairs, _Shown]]) -> tuple[_Pairs, _Shown]:
    """Return all pairs as one, those to be shown in the order of the file."""
    pairs = _Pairs(
        np.concatenate([part.left for part, _ in parts]),
        np.concatenate([part.right for part, _ in parts]),
        np.concatenate([part.log_odds for part, _ in parts]),
    )
    left = np.concatenate([part.left for _, part in parts])
    right = np.concatenate([part.right for _, part in parts])
    order = np.lexsort((right, left))
    shown = _Shown(
        left[order],
        right[order],
        np.concatenate([part.probability for _, part in parts])[order],
        np.concatenate([part.decision for _, part in parts])[order],
        np.concatenate([part.levels for _, part in parts])[order],
    )
    return pairs, shown


def _tables(shown: _Shown, ids: pa.Array, workspace: Workspace, *, as_text: bool) -> Iterator[pa.Table]:
    told = workspace.model.schema.fields
    for begin in range(0, len(shown.left), _PAIRS_OF_A_TABLE):
        rows = slice(begin, begin + _PAIRS_OF_A_TABLE)
        columns = [ids.take(pa.array(shown.left[rows])), ids.take(pa.array(shown.right[rows]))]
        columns += [pa.array(shown.probability[rows])]
        columns += [words(shown.decision[rows], [each.value for each in DECISIONS], as_text=as_text)]
        columns += level_columns(shown.levels[rows], told, as_text=as_text)
        yield pa.Table.from_arrays(columns, schema=result_schema(told, as_text=as_text))


def _report(run: _Run, pairs: _Pairs, shown: _Shown, found: Clusters) -> Report:
    rows = len(run.fullness)
    counts = np.bincount(shown.decision, minlength=len(DECISIONS))
    decisions = {decision.value: int(count) for decision, count in zip(DECISIONS, counts, strict=True)}
    decisions[DECISIONS[NONE].value] += len(pairs.left) - len(shown.left)
    sizes = np.bincount(found.labels, minlength=rows)
    unread = unread_of(run.workspace, Side.LEFT)
    return Report(
        records=rows,
        population=rows,
        pairs=len(pairs.left),
        pairs_by_stage={"all": len(pairs.left)},
        left_out=summed(run.left_out),
        decisions=decisions,
        seconds=run.seconds.steps,
        unread={"records": unread} if unread else {},
        clusters={
            "clusters": int(np.count_nonzero(sizes)),
            "of several records": int(np.count_nonzero(sizes > 1)),
            "largest": int(sizes.max(initial=0)),
            "too large to be taken apart": len(found.oversized),
        },
    )
