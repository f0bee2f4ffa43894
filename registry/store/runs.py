"""Runs of ingest and of linkage: where each stands, so that a killed one goes on where it stopped."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from registry.store.session import Transaction
from registry.store.tables.supporting import IngestRowRow, IngestRunRow, MatchRunRow


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestRun:
    """One reading of one file, or of its quarantined rows. `rows_done` elements of the reading are stored."""

    run_id: uuid.UUID
    system: str
    stream: str
    file_digest: bytes
    mapping_version: int
    rows_done: int
    retry_of: uuid.UUID | None = None  # the run whose quarantined rows are read again; None: the file is read


def open_ingest(
    transaction: Transaction, run: IngestRun, *, encodings: Mapping[str, str], started_at: datetime
) -> IngestRun:
    """Begin `run`, or return the unfinished run of the same reading, to go on after its checkpoint.

    An unfinished run of another reading of the stream is closed first: what it stored stays; its rows may come again.
    """
    unfinished = _unfinished(transaction, run)
    if unfinished is not None:
        if replace(unfinished, run_id=run.run_id, rows_done=0) == run:
            return unfinished
        close_ingest(transaction, unfinished.run_id, at=started_at)
    transaction.connection.execute(
        insert(IngestRunRow).values(
            run_id=run.run_id,
            system=run.system,
            stream=run.stream,
            file_digest=run.file_digest,
            mapping_version=run.mapping_version,
            state="running",
            rows_done=0,
            encodings=dict(encodings),
            started_at=started_at,
            retry_of=run.retry_of,
        )
    )
    return run


def _unfinished(transaction: Transaction, run: IngestRun) -> IngestRun | None:
    """Return the one unfinished run of the stream of `run`, locked; None if all are done."""
    query = (
        select(
            IngestRunRow.run_id,
            IngestRunRow.system,
            IngestRunRow.stream,
            IngestRunRow.file_digest,
            IngestRunRow.mapping_version,
            IngestRunRow.rows_done,
            IngestRunRow.retry_of,
        )
        .where(IngestRunRow.system == run.system, IngestRunRow.stream == run.stream, IngestRunRow.state == "running")
        .with_for_update()
    )
    row = transaction.connection.execute(query).mappings().one_or_none()
    return None if row is None else IngestRun(**dict(row))


def advance_ingest(transaction: Transaction, run_id: uuid.UUID, *, rows_done: int) -> None:
    """Move the checkpoint; it belongs to the transaction that stores the rows."""
    transaction.connection.execute(
        update(IngestRunRow).where(IngestRunRow.run_id == run_id).values(rows_done=rows_done)
    )


def close_ingest(transaction: Transaction, run_id: uuid.UUID, *, at: datetime) -> None:
    """Say that the run has read its file to the end."""
    transaction.connection.execute(
        update(IngestRunRow).where(IngestRunRow.run_id == run_id).values(state="done", finished_at=at)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How many rows of a run ended in which outcome; rules count the quarantined ones."""

    accepted: int = 0
    unchanged: int = 0
    superseded: int = 0
    quarantined: int = 0
    rules: Mapping[str, int]

    @property
    def rows(self) -> int:
        """The number of rows of the file."""
        return self.accepted + self.unchanged + self.superseded + self.quarantined


def outcomes(transaction: Transaction, run_id: uuid.UUID) -> Outcomes:
    """Count the outcomes of a run."""
    query = (
        select(IngestRowRow.outcome, IngestRowRow.rule, func.count())
        .where(IngestRowRow.run_id == run_id)
        .group_by(IngestRowRow.outcome, IngestRowRow.rule)
    )
    totals: dict[str, int] = {}
    rules: dict[str, int] = {}
    for outcome, rule, number in transaction.connection.execute(query):
        totals[outcome] = totals.get(outcome, 0) + number
        if rule is not None:
            rules[rule] = rules.get(rule, 0) + number
    return Outcomes(**totals, rules=dict(sorted(rules.items())))


@dataclass(frozen=True, slots=True, kw_only=True)
class RowVerdict:
    """What became of one row."""

    row_number: int
    outcome: str
    rule: str | None
    field: str | None


def verdicts(transaction: Transaction, run_id: uuid.UUID) -> Iterator[RowVerdict]:
    """Return the verdict of every row of a run, in the order of the file, without holding them all."""
    query = (
        select(IngestRowRow.row_number, IngestRowRow.outcome, IngestRowRow.rule, IngestRowRow.field)
        .where(IngestRowRow.run_id == run_id)
        .order_by(IngestRowRow.ordinal)
        .execution_options(yield_per=2000)
    )
    for row in transaction.connection.execute(query).mappings():
        yield RowVerdict(**dict(row))


def open_match(
    transaction: Transaction, *, run_id: uuid.UUID, since: uuid.UUID | None, model_version: str, at: datetime
) -> None:
    """Begin a run of the linkage."""
    transaction.connection.execute(
        insert(MatchRunRow).values(run_id=run_id, since_run=since, model_version=model_version, started_at=at)
    )


def close_match(transaction: Transaction, run_id: uuid.UUID, *, at: datetime) -> None:
    """Say that a run of the linkage is done."""
    transaction.connection.execute(update(MatchRunRow).where(MatchRunRow.run_id == run_id).values(finished_at=at))


def add_changes(transaction: Transaction, run_id: uuid.UUID, number: int) -> None:
    """Count what a run of the linkage has changed, in the transaction that changed it."""
    transaction.connection.execute(
        update(MatchRunRow).where(MatchRunRow.run_id == run_id).values(changes=MatchRunRow.changes + number)
    )


def changes_so_far(transaction: Transaction) -> int:
    """Return how many decisions and citizens all runs of the linkage have changed: it grows with every change."""
    return int(transaction.connection.scalar(select(func.coalesce(func.sum(MatchRunRow.changes), 0))) or 0)


def match_started_at(transaction: Transaction, run_id: uuid.UUID) -> datetime | None:
    """Return when a run of the linkage began, or None if there is no such run."""
    return transaction.connection.scalar(select(MatchRunRow.started_at).where(MatchRunRow.run_id == run_id))


def summary(transaction: Transaction) -> list[dict[str, Any]]:
    """Return the last runs of ingest, newest first, for the screen of the sources."""
    query = (
        select(IngestRunRow.run_id, IngestRunRow.system, IngestRunRow.state, IngestRunRow.started_at)
        .order_by(IngestRunRow.started_at.desc())
        .limit(20)
    )
    return [dict(row) for row in transaction.connection.execute(query).mappings()]
