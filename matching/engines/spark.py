"""The Spark engine: the linkage of the local engine, cut into tasks that many machines share.

What is compared, weighed and decided is the code of the local engine: a task encodes the rows it gets in a workspace
of its own, with the frequencies of the whole population. Between the tasks Spark shuffles: keys to keys, people to the
pairs they are in, candidates to their record. The driver holds the ids of the records, what is decided of each, and
the candidates worth showing; never the population.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.storagelevel import StorageLevel

from matching.candidates import StageLeftOut, passes, summed
from matching.constraints import NOBODY, PAIR, Constraints, read_constraints
from matching.engines.report import Report, Seconds
from matching.engines.spark_blocks import Blocking, blocks, crowded, left_out, pairs_of
from matching.engines.spark_counts import AnyFrequencies, check_stages, merged_counts, workspace_of
from matching.engines.spark_files import MARK
from matching.engines.spark_result import check_is_free, folder_of, write_folder
from matching.engines.spark_session import session
from matching.engines.spark_sides import SparkSide, frame_of, read_side
from matching.engines.spark_weighing import Weighing, decided
from matching.files import ResultFile, read_whole
from matching.frequencies import RELATIONS
from matching.outcome_table import is_text, result_schema, result_tables
from matching.outcomes import DECISIONS, LINK, Outcomes, one_record_each, replaced, settled, together
from matching.weights import Model, Stage


class _Bounds:
    """What people have said, as frames of Spark's numbers."""

    def __init__(self, spark: SparkSession, binding: Constraints, left: SparkSide, right: SparkSide) -> None:
        records = np.flatnonzero(binding.bound != NOBODY)
        self._bound = self._apart = None
        if len(records):
            people = right.numbering.marks_of(binding.bound[records])
            self._bound = frame_of(spark, record=left.numbering.marks_of(records), person=people)
        if len(binding.apart):
            record, person = binding.apart >> 32, binding.apart & 0xFFFFFFFF
            marks = left.numbering.marks_of(record), right.numbering.marks_of(person)
            self._apart = frame_of(spark, record=marks[0], person=marks[1])

    def kept(self, pairs: DataFrame, records: DataFrame) -> DataFrame:
        """Return the pairs of `records` as far as they are allowed; see `Constraints.kept`."""
        if self._apart is not None:
            pairs = pairs.join(self._apart, ["record", "person"], "left_anti")
        if self._bound is not None:
            mine = self._bound.join(records.select(sql.col(MARK).alias("record")), "record", "left_semi")
            pairs = pairs.join(self._bound, "record", "left_anti").unionByName(mine)
        return pairs


class _Run:
    """One linkage, pass by pass."""

    def __init__(self, spark: SparkSession, model: Model, *, year: int, seconds: Seconds) -> None:
        self.spark, self.model, self.year, self.seconds = spark, model, year, seconds
        self.pairs_by_stage: dict[str, int] = {}
        self.left_out: list[StageLeftOut] = []
        self._too_common: DataFrame | None = None
        self._kept: list[DataFrame] = []

    def read(self, place: Path | str, *, counted: bool) -> SparkSide:
        """Read a side, and count it where it is the population."""
        return read_side(self.spark, place, model=self.model, year=self.year, counted=counted, persisted=self._kept)

    def all_passes(
        self, left: SparkSide, right: SparkSide, frequencies: AnyFrequencies, binding: Constraints
    ) -> Outcomes:
        """Return the outcomes of all records."""
        weighing = self._weighing(left, right, frequencies, binding)
        bounds = _Bounds(self.spark, binding, left, right)
        first, *later = passes(self.model.stages)
        with self.seconds.of("block"):
            total = left.numbering.total
            pairs = self._pairs(first, left.rows, right.rows, records=total, before=None, bounds=bounds)
        with self.seconds.of("weigh"):
            outcomes = together(decided(weighing, left.rows, right.rows, pairs))
        for stages in later:
            pending = outcomes.record[outcomes.decision != LINK]
            if not len(pending):
                break
            marks = frame_of(self.spark, **{MARK: left.numbering.marks_of(pending)})
            records = left.rows.join(marks, MARK, "left_semi")
            with self.seconds.of("block"):
                before = pairs.join(marks.withColumnRenamed(MARK, "record"), "record", "left_semi")
                waiting = len(pending)
                pairs = self._pairs(stages, records, right.rows, records=waiting, before=before, bounds=bounds)
            with self.seconds.of("weigh"):
                outcomes = replaced(outcomes, together(decided(weighing, records, right.rows, pairs)))
        return outcomes

    def too_common(self) -> int:
        """Return how many records were compared with nobody because of the caps."""
        if self._too_common is None or not self.left_out:
            return 0
        return int(self._too_common.distinct().count())

    def forget(self) -> None:
        """Forget what the executors keep."""
        for frame in self._kept:
            frame.unpersist()

    def _weighing(
        self, left: SparkSide, right: SparkSide, frequencies: AnyFrequencies, binding: Constraints
    ) -> Weighing:
        return Weighing(
            model=self.model,
            year=self.year,
            frequencies=self.spark.sparkContext.broadcast(frequencies),
            left=left.numbering,
            right=right.numbering,
            bound=self.spark.sparkContext.broadcast(binding.bound),
        )

    def _pairs(
        self,
        stages: tuple[Stage, ...],
        left: DataFrame,
        right: DataFrame,
        *,
        records: int,
        before: DataFrame | None,
        bounds: _Bounds,
    ) -> DataFrame:
        """Return each pair to be weighed once: those that share a block, and those of the passes before."""
        blocking = Blocking(self.model, self.year, stages)
        found = blocks(self.spark, blocking, left, right, records=records).repartition("person").distinct()
        found = found.persist(StorageLevel.DISK_ONLY)
        self._kept.append(found)
        self.left_out += left_out(found, blocking)
        pairs = bounds.kept(pairs_of(found), left)
        known = 0
        if before is not None:
            known = before.count()
            pairs = pairs.unionByName(before).distinct()
        alone = crowded(found) if self._too_common is None else self._too_common.unionByName(crowded(found))
        self._too_common = alone.join(pairs, "record", "left_anti")
        name = "+".join(stage.name for stage in stages)
        self.pairs_by_stage[name] = pairs.count() - known
        return pairs


def link(
    model: Model,
    left: Path | str,
    right: Path | str,
    *,
    out: Path | str,
    constraints: Path | None = None,
    year: int,
    seconds: Seconds,
) -> Report:
    """Link the records of `left` with the population `right` and write `out`, on the Spark that is configured.

    Args:
        left: a file, or an address that Spark can open; so is `right`.
        out: a file of the driver, or a folder or an address that Spark writes Parquet parts to.
        year: at which ages are reckoned.

    Raises: BadFile: a file cannot be used; nothing is written then.
    """
    check_stages(model)
    folder = folder_of(out)
    with ExitStack() as open_things:
        as_text = folder is not None or is_text(Path(out))
        columns = result_schema(model.schema.fields, as_text=as_text)
        file = open_things.enter_context(ResultFile(Path(out), schema=columns)) if folder is None else None
        with seconds.of("start Spark"):
            spark = open_things.enter_context(session(os.environ))
        if folder is not None:
            check_is_free(spark, folder, named=str(out))
        run = _Run(spark, model, year=year, seconds=seconds)
        open_things.callback(run.forget)
        sides, final, report = _linked(run, left, right, constraints)
        with seconds.of("write"):
            tables = _tables(sides, final, model, as_text=as_text)
            if folder is not None:
                write_folder(spark, tables, folder, named=str(out))
            elif file is not None:
                for table in tables:
                    file.write(table)
    return report


def _linked(
    run: _Run, left: Path | str, right: Path | str, constraints: Path | None
) -> tuple[tuple[SparkSide, SparkSide], Outcomes, Report]:
    """Return both sides, what is decided of every record, and what to tell."""
    model = run.model
    with run.seconds.of("read records"):
        records = run.read(left, counted=False)
    with run.seconds.of("read population"):
        people = run.read(right, counted=True)
    with run.seconds.of("count"):
        frequencies = merged_counts(people.counts, model)
        rates = workspace_of(model, year=run.year, frequencies=frequencies).relation_rates
    binding = _binding(constraints, records, people, model.schema.id_column)
    bound = binding.bound != NOBODY
    found, absence = settled(run.all_passes(records, people, frequencies, binding), model, rates=rates, bound=bound)
    final = one_record_each(found, bound=bound, one_record_per_child=model.one_record_per_child)
    counts = np.bincount(final.decision, minlength=len(DECISIONS))
    unread = {"records": records.unread, "population": people.unread}
    report = Report(
        records=len(final),
        population=people.numbering.total,
        pairs=sum(run.pairs_by_stage.values()),
        pairs_by_stage=run.pairs_by_stage,
        left_out=summed(run.left_out),
        decisions={decision.value: int(count) for decision, count in zip(DECISIONS, counts, strict=True)},
        seconds=run.seconds.steps,
        unread={side: values for side, values in unread.items() if values},
        constraints=_said(binding) if constraints is not None else {},
        too_common=run.too_common(),
        absence=absence.document(RELATIONS),
        held_back=int(np.count_nonzero(final.decision != found.decision)),
    )
    return (records, people), final, report


def _tables(
    sides: tuple[SparkSide, SparkSide], outcomes: Outcomes, model: Model, *, as_text: bool
) -> Iterator[pa.Table]:
    """Yield the result; of the population only the ids of those shown come to the driver."""
    records, people = sides
    column = model.schema.id_column
    shown, place = np.unique(outcomes.person, return_inverse=True)
    marks = frame_of(people.rows.sparkSession, **{MARK: people.numbering.marks_of(shown)})
    ids = records.all_ids, people.ids(column, marks)[1]
    yield from result_tables(
        replace(outcomes, person=place.astype(np.int32)), ids, fields=model.schema.fields, as_text=as_text
    )


def _binding(constraints: Path | None, records: SparkSide, people: SparkSide, id_column: str) -> Constraints:
    """Read what people have said; of the population only the ids that are named come to the driver."""
    if constraints is None:
        return Constraints.none(records.numbering.total)
    named = read_whole(constraints, columns=PAIR, required=PAIR)[PAIR[1]]
    frame = people.rows.sparkSession.createDataFrame(pa.table({id_column: named}))
    rows, ids = people.ids(id_column, people.rows.join(frame, id_column, "left_semi").select(MARK))
    near = read_constraints(constraints, records.all_ids, ids)
    if not len(rows):
        return near
    bound = np.where(near.bound != NOBODY, rows[near.bound], NOBODY).astype(np.int32)
    return Constraints(bound, np.sort(near.apart >> 32 << 32 | rows[near.apart & 0xFFFFFFFF]), near.ignored)


def _said(binding: Constraints) -> dict[str, int]:
    bound = int(np.count_nonzero(binding.bound != NOBODY))
    return {"same": bound, "different": len(binding.apart), "not in the files": binding.ignored}
