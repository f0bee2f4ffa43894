"""Runs over the streams of sources: what each came to, and the records that it could not take in."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables.sources import SyncRefusalRow, SyncRunRow
from registry.store.tables.supporting import QuarantineRow


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRun:
    """One run over a stream; `state` is running, done, failed or stopped."""

    run_id: uuid.UUID
    run_no: int
    source: str
    stream: str
    full: bool
    state: str
    started_at: datetime
    ended_at: datetime | None
    pages: int
    records: int
    accepted: int
    unchanged: int
    superseded: int
    quarantined: int
    conflicts: int
    drifts: int
    replayed: int
    tries: int
    failure: str | None
    failed_at_place: str | None


_COLUMNS = tuple(SyncRunRow.__table__.columns)


def begin(transaction: Transaction, source: str, stream: str, *, full: bool) -> SyncRun:
    """Begin a run."""
    run_id = uuid.uuid4()
    values = {"run_id": run_id, "source": source, "stream": stream, "full": full, "state": "running"}
    transaction.connection.execute(insert(SyncRunRow).values(**values, started_at=transaction.access.at))
    return get(transaction, run_id)


def get(transaction: Transaction, run_id: uuid.UUID) -> SyncRun:
    """Return a run."""
    row = transaction.connection.execute(select(*_COLUMNS).filter_by(run_id=run_id)).mappings().one()
    return SyncRun(**dict(row))


def running(transaction: Transaction, source: str, stream: str) -> SyncRun | None:
    """Return the run over a stream that has not ended, or None."""
    query = select(*_COLUMNS).filter_by(source=source, stream=stream, state="running").with_for_update()
    row = transaction.connection.execute(query).mappings().one_or_none()
    return None if row is None else SyncRun(**dict(row))


def add(transaction: Transaction, run_id: uuid.UUID, counts: Mapping[str, int]) -> None:
    """Count what a page brought; a page that was landed ends a row of failures."""
    table = SyncRunRow.__table__
    values = {name: table.c[name] + number for name, number in counts.items() if number}
    transaction.connection.execute(
        update(SyncRunRow).where(SyncRunRow.run_id == run_id).values(**values, tries=0, failure=None)
    )


def note_failure(transaction: Transaction, run_id: uuid.UUID, *, kind: str, place: str | None) -> None:
    """Note a failed try."""
    values: dict[str, Any] = {"tries": SyncRunRow.tries + 1, "failure": kind, "failed_at_place": place}
    transaction.connection.execute(update(SyncRunRow).where(SyncRunRow.run_id == run_id).values(values))


def end(transaction: Transaction, run_id: uuid.UUID, state: str) -> None:
    """End a run."""
    values = {"state": state, "ended_at": transaction.access.at}
    transaction.connection.execute(
        update(SyncRunRow).where(SyncRunRow.run_id == run_id, SyncRunRow.state == "running").values(values)
    )


def newest(transaction: Transaction, *, source: str | None = None, limit: int = 20) -> list[SyncRun]:
    """Return the newest runs, of one source or of all."""
    query = select(*_COLUMNS).order_by(SyncRunRow.run_no.desc()).limit(limit)
    if source is not None:
        query = query.where(SyncRunRow.source == source)
    return [SyncRun(**dict(row)) for row in transaction.connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A record that a run could not take in."""

    row_number: int
    rule: str
    field: str | None


def add_refusals(transaction: Transaction, rows: Iterable[Mapping[str, Any]]) -> None:
    """Keep what could not be taken in, by place and rule."""
    insert_rows(transaction, SyncRefusalRow, list(rows))


def refusals(transaction: Transaction, source: str, stream: str, *, delivery_no: int) -> list[Refusal]:
    """Return what of one delivery could not be taken in, in the order of arrival."""
    query = (
        select(SyncRefusalRow.row_number, SyncRefusalRow.rule, SyncRefusalRow.field)
        .join(SyncRunRow, SyncRunRow.run_id == SyncRefusalRow.run_id)
        .where(
            SyncRefusalRow.source == source, SyncRefusalRow.stream == stream, SyncRefusalRow.delivery_no == delivery_no
        )
        .order_by(SyncRunRow.run_no, SyncRefusalRow.ordinal)
    )
    return [Refusal(**dict(row)) for row in transaction.connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRecord:
    """A record in quarantine, sealed, with its place."""

    quarantine_id: uuid.UUID
    row_number: int
    sealed_raw: bytes


def waiting(
    transaction: Transaction,
    source: str,
    stream: str,
    *,
    below_mapping: int,
    after: uuid.UUID | None,
    limit: int,
) -> list[WaitingRecord]:
    """Return the next records of a stream in quarantine that were last tried by an older mapping.

    Args:
        after: those up to this id are left out.
    """
    query = (
        select(QuarantineRow.quarantine_id, QuarantineRow.row_number, QuarantineRow.sealed_raw)
        .join(SyncRunRow, SyncRunRow.run_id == QuarantineRow.run_id)
        .where(
            SyncRunRow.source == source,
            SyncRunRow.stream == stream,
            QuarantineRow.resolved_at.is_(None),
            QuarantineRow.mapping_version < below_mapping,
        )
        .order_by(QuarantineRow.quarantine_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(QuarantineRow.quarantine_id > after)
    return [WaitingRecord(**dict(row)) for row in transaction.connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """How many records of a stream wait by one rule, and where the first of them stood."""

    source: str
    stream: str
    rule: str
    field: str | None
    rows: int
    places: list[int]


def waiting_by_rule(transaction: Transaction) -> list[RuleCount]:
    """Return what waits in quarantine, by source, stream, rule and field, with the places of some rows."""
    query = (
        select(
            SyncRunRow.source,
            SyncRunRow.stream,
            QuarantineRow.rule,
            QuarantineRow.field,
            func.count().label("rows"),
            func.array_agg(QuarantineRow.row_number).label("places"),
        )
        .join(SyncRunRow, SyncRunRow.run_id == QuarantineRow.run_id)
        .where(QuarantineRow.resolved_at.is_(None))
        .group_by(SyncRunRow.source, SyncRunRow.stream, QuarantineRow.rule, QuarantineRow.field)
        .order_by(SyncRunRow.source, SyncRunRow.stream, func.count().desc(), QuarantineRow.rule)
    )
    found = []
    for row in transaction.connection.execute(query).mappings():
        values = dict(row)
        values["places"] = sorted(place for place in values["places"] if place)[:5]
        found.append(RuleCount(**values))
    return found


def last_of_each(transaction: Transaction) -> dict[tuple[str, str], SyncRun]:
    """Return the newest run over each stream."""
    newest_ones = select(func.max(SyncRunRow.run_no)).group_by(SyncRunRow.source, SyncRunRow.stream)
    query = select(*_COLUMNS).where(SyncRunRow.run_no.in_(newest_ones))
    found = [SyncRun(**dict(row)) for row in transaction.connection.execute(query).mappings()]
    return {(run.source, run.stream): run for run in found}
