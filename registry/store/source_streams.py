"""Streams of sources: how far each is read; which sources are paused; what was seen of drift."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from registry.store.session import Transaction
from registry.store.tables.sources import SourceDriftRow, SourcePauseRow, SourceStreamRow, SourceTickRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamState:
    """How far a stream is read."""

    source: str
    stream: str
    system: str
    cursor: str | None  # None: from the beginning
    more: bool  # a pass is not at its end
    pages: int
    whole_pass: bool
    pass_began_at: datetime | None
    passed_from: datetime | None
    done_at: datetime | None
    newest_at: datetime | None
    living_before: int
    deliveries: int
    delivered: Mapping[str, int]
    mapping_version: int
    replayed_to: uuid.UUID | None


_COLUMNS = tuple(SourceStreamRow.__table__.columns)


def locked(transaction: Transaction, source: str, stream: str, *, system: str) -> StreamState:
    """Return the state of a stream, which is made on first sight, and keep others from changing it."""
    key = {"source": source, "stream": stream}
    made = insert(SourceStreamRow).values(**key, system=system).on_conflict_do_nothing()
    transaction.connection.execute(made)
    query = select(*_COLUMNS).filter_by(**key).with_for_update()
    return StreamState(**dict(transaction.connection.execute(query).mappings().one()))


def streams(transaction: Transaction) -> list[StreamState]:
    """Return the state of every stream that was ever read."""
    query = select(*_COLUMNS).order_by(SourceStreamRow.source, SourceStreamRow.stream)
    return [StreamState(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def change(transaction: Transaction, source: str, stream: str, **values: Any) -> None:  # noqa: ANN401  columns' values
    """Change columns of the state of a stream that is locked."""
    of_it = (SourceStreamRow.source == source, SourceStreamRow.stream == stream)
    transaction.connection.execute(update(SourceStreamRow).where(*of_it).values(**values))


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSeen:
    """A field that is not as the mapping knows it: how often, and since when."""

    source: str
    stream: str
    field: str
    seen: str
    expected: str | None
    first_at: datetime
    last_at: datetime
    times: int


MOST_FIELDS = 200  # of a stream; a source that makes up names of fields fills no table


def note_drift(
    transaction: Transaction, source: str, stream: str, found: Mapping[tuple[str, str, str | None], int]
) -> None:
    """Count what was seen of drift: field, kind seen and kind expected → times."""
    at = transaction.access.at
    of_it = (SourceDriftRow.source == source, SourceDriftRow.stream == stream)
    known = transaction.connection.scalar(select(func.count()).select_from(SourceDriftRow).where(*of_it)) or 0
    room = max(0, MOST_FIELDS - known)
    for (field, seen, expected), times in sorted(found.items(), key=lambda one: one[0][:2]):
        again = {"last_at": at, "times": SourceDriftRow.times + times, "expected": expected}
        counted = update(SourceDriftRow).where(*of_it, SourceDriftRow.field == field, SourceDriftRow.seen == seen)
        known_one = transaction.connection.scalar(counted.values(**again).returning(SourceDriftRow.field))
        if known_one is None and room > 0:
            row = {"source": source, "stream": stream, "field": field, "seen": seen, "expected": expected}
            transaction.connection.execute(
                insert(SourceDriftRow).values(**row, first_at=at, last_at=at, times=times).on_conflict_do_nothing()
            )
            room -= 1


def drifts(transaction: Transaction) -> list[DriftSeen]:
    """Return what was seen of drift, the newest first."""
    query = select(*SourceDriftRow.__table__.columns).order_by(SourceDriftRow.last_at.desc(), SourceDriftRow.field)
    return [DriftSeen(**dict(row)) for row in transaction.connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """A source that is not read for now."""

    source: str
    because: str
    paused_at: datetime
    paused_by: uuid.UUID | None


def paused(transaction: Transaction) -> dict[str, Paused]:
    """Return the sources that are paused."""
    rows = transaction.connection.execute(select(*SourcePauseRow.__table__.columns)).mappings()
    return {row["source"]: Paused(**dict(row)) for row in rows}


def pause(transaction: Transaction, source: str, *, because: str) -> bool:
    """Pause a source; False: it was."""
    access = transaction.access
    row = {"source": source, "because": because, "paused_at": access.at, "paused_by": access.staff_id}
    made = insert(SourcePauseRow).values(row).on_conflict_do_nothing().returning(SourcePauseRow.source)
    return transaction.connection.scalar(made) is not None


def resume(transaction: Transaction, source: str) -> bool:
    """Let a source go on; False: it was not paused."""
    gone = delete(SourcePauseRow).where(SourcePauseRow.source == source).returning(SourcePauseRow.source)
    return transaction.connection.scalar(gone) is not None


def asked_at(transaction: Transaction, source: str, kind: str) -> datetime | None:
    """Return when the schedule of a source last asked for something; the answer is locked."""
    query = select(SourceTickRow.asked_at).filter_by(source=source, kind=kind).with_for_update()
    return transaction.connection.scalar(query)


def take_asked(transaction: Transaction, kinds: Collection[str]) -> list[tuple[str, str]]:
    """Return what people have asked for, source and kind, and forget it."""
    taken = (
        delete(SourceTickRow).where(SourceTickRow.kind.in_(kinds)).returning(SourceTickRow.source, SourceTickRow.kind)
    )
    return sorted((source, kind) for source, kind in transaction.connection.execute(taken))


def ask(transaction: Transaction, source: str, kind: str) -> None:
    """Note that the schedule of a source, or somebody, asks for something now."""
    at = transaction.access.at
    made = insert(SourceTickRow).values(source=source, kind=kind, asked_at=at)
    transaction.connection.execute(made.on_conflict_do_update(index_elements=["source", "kind"], set_={"asked_at": at}))
