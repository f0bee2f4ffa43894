"""The local engine: a linkage of two files in the memory of one machine.

Both files are read and packed first, then counted. The keys of the records make an index, past which the packed
population is streamed once a pass of stages; what shares a block is compared, weighed and decided in steps of a
bounded number of pairs. Records that are still without a link go through the next pass, the candidates of all passes
are weighed anew together, and the result is written at the end, whole or not at all.

Memory: 192 bytes a record and a person (models that declare columns: 4 bytes a column), their ids, some 800 bytes a
record for the index of at most a million records at a time, 8 bytes for each person in a block (at most the cap a
block), 70 bytes a pair of one step, and some 60 bytes a record for its outcome.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from matching.absence import Absence
from matching.block_index import BlockIndex, Candidates, chosen, merged
from matching.block_index import together as candidates_together
from matching.block_table import Integers
from matching.candidates import USUAL, Limits, StageLeftOut, blocks_of, passes, summed, turns
from matching.constraints import NOBODY, Constraints, read_constraints
from matching.engines.reading import read_sides, tables_of, unread_of
from matching.engines.report import Report, Seconds
from matching.files import ResultFile
from matching.frequencies import RELATIONS
from matching.outcome_table import is_text, result_schema, result_tables
from matching.outcomes import DECISIONS, LINK, Outcomes, decide_records, one_record_each, replaced, settled, together
from matching.weights import Stage
from matching.workspace import Side, Workspace

_SIDES: Final = {Side.LEFT: "records", Side.RIGHT: "population"}


@dataclass(frozen=True, slots=True, eq=False)
class _Pending:
    """Records that are still without a link, with those who were compared with them."""

    records: Integers
    candidates: Candidates


class _Run:
    """One linkage, pass by pass."""

    def __init__(
        self, workspace: Workspace, constraints: Constraints, *, people: int, seconds: Seconds, limits: Limits
    ) -> None:
        self.workspace, self.constraints, self.people = workspace, constraints, people
        self.seconds, self.limits = seconds, limits
        self.pairs_by_stage: dict[str, int] = {}
        self.left_out: list[StageLeftOut] = []
        self.compared = np.zeros(len(constraints.bound), dtype=np.bool_)
        self.crowded = np.zeros(len(constraints.bound), dtype=np.bool_)

    def all_passes(self, records: int) -> Outcomes:
        """Return the outcomes of all records."""
        pending = _Pending(np.arange(records, dtype=np.int32), _nobody(records))
        first, *later = passes(self.workspace.model.stages)
        outcomes, pending = self._one_pass(first, pending)
        for stages in later:
            if len(pending.records):
                after, pending = self._one_pass(stages, pending)
                outcomes = replaced(outcomes, after)
        return outcomes

    def _one_pass(self, stages: tuple[Stage, ...], pending: _Pending) -> tuple[Outcomes, _Pending]:
        found: list[Outcomes] = []
        left: list[_Pending] = []
        name = "+".join(stage.name for stage in stages)
        begin = 0
        for records in turns(pending.records, self.limits):
            with self.seconds.of("block"):
                index = blocks_of(self.workspace, records, stages=stages, people=self.people, limits=self.limits)
            for step in index.steps(self.limits.pairs):
                before = _part(pending.candidates, range(begin + step.start, begin + step.stop))
                outcome, after = self._one_step(index, records, step, before)
                self.pairs_by_stage[name] = self.pairs_by_stage.get(name, 0) + len(after.person) - len(before.person)
                found.append(outcome)
                unresolved = outcome.decision != LINK
                left.append(_Pending(outcome.record[unresolved], chosen(after, unresolved)))
            self.crowded[records] |= index.crowded()
            self._note(index, stages)
            begin += len(records)
        still = _Pending(
            np.concatenate([each.records for each in left]), candidates_together([each.candidates for each in left])
        )
        return together(found), still

    def _one_step(
        self, index: BlockIndex, records: Integers, step: range, before: Candidates
    ) -> tuple[Outcomes, Candidates]:
        """Return what is decided about the records of a step, and all who were compared with them."""
        some = records[step.start : step.stop]
        with self.seconds.of("block"):
            candidates = index.candidates(step.start, step.stop)
            if len(before.person):
                candidates = merged(before, candidates)
            candidates = self.constraints.kept(some, candidates)
        self.compared[some] |= np.diff(candidates.starts) > 0
        with self.seconds.of("weigh"):
            bound = self.constraints.bound[some] != NOBODY
            return decide_records(self.workspace, some, candidates, bound=bound), candidates

    def _note(self, index: BlockIndex, stages: tuple[Stage, ...]) -> None:
        stage_of = {kind: stage.name for stage in stages for kind in stage.kinds}
        self.left_out += [StageLeftOut(stage=stage_of[each.kind], blocks=each) for each in index.left_out()]


def _nobody(records: int) -> Candidates:
    return Candidates(np.zeros(records + 1, dtype=np.int64), np.empty(0, dtype=np.int32))


def _part(candidates: Candidates, places: range) -> Candidates:
    starts = candidates.starts[places.start : places.stop + 1]
    return Candidates(starts - starts[0], candidates.person[starts[0] : starts[-1]])


def link(
    workspace: Workspace,
    left: Path,
    right: Path,
    *,
    out: Path,
    constraints: Path | None = None,
    seconds: Seconds,
    limits: Limits = USUAL,
) -> Report:
    """Link the records of `left` with the population `right` and write `out`.

    Raises: BadFile: a file cannot be used; nothing is written then.
    """
    schema = workspace.model.schema
    with ResultFile(out, schema=result_schema(schema.fields, as_text=is_text(out))) as result:
        with seconds.of("read records"):
            left_ids = read_sides(workspace, (Side.LEFT,), tables_of(left, schema), path=left)
        with seconds.of("read population"):
            right_ids = read_sides(workspace, (Side.RIGHT,), tables_of(right, schema), path=right)
        with seconds.of("count"):
            workspace.finish()
        binding = Constraints.none(len(left_ids))
        if constraints is not None:
            binding = read_constraints(constraints, left_ids, right_ids)
        run = _Run(workspace, binding, people=len(right_ids), seconds=seconds, limits=limits)
        found = run.all_passes(len(left_ids))
        bound = binding.bound != NOBODY
        found, absence = settled(found, workspace.model, rates=workspace.relation_rates, bound=bound)
        final = one_record_each(found, bound=bound, one_record_per_child=workspace.model.one_record_per_child)
        with seconds.of("write"):
            for table in result_tables(final, (left_ids, right_ids), fields=schema.fields, as_text=is_text(out)):
                result.write(table)
    return _report(run, final, found, binding=binding, constrained=constraints is not None, absence=absence)


def _report(
    run: _Run, final: Outcomes, found: Outcomes, *, binding: Constraints, constrained: bool, absence: Absence
) -> Report:
    unread: dict[str, Iterable[object]] = {name: unread_of(run.workspace, side) for side, name in _SIDES.items()}
    counts = np.bincount(final.decision, minlength=len(DECISIONS))
    bound = int(np.count_nonzero(binding.bound != NOBODY))
    said = {"same": bound, "different": len(binding.apart), "not in the files": binding.ignored}
    return Report(
        records=len(final),
        population=run.people,
        pairs=sum(run.pairs_by_stage.values()),
        pairs_by_stage=run.pairs_by_stage,
        left_out=summed(run.left_out),
        decisions={decision.value: int(count) for decision, count in zip(DECISIONS, counts, strict=True)},
        seconds=run.seconds.steps,
        unread={side: list(values) for side, values in unread.items() if values},
        constraints=said if constrained else {},
        too_common=int(np.count_nonzero(run.crowded & ~run.compared)),
        absence=absence.document(RELATIONS),
        held_back=int(np.count_nonzero(final.decision != found.decision)),
    )
