"""Which children do not exist: keyed names alone, so that the table does not tell which rows they are."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text

from registry.store.bulk import insert_rows
from registry.store.calls import called
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import ChildRow, SourceRecordRow
from registry.store.tables.keys import DecoyRow
from registry.store.tables.supporting import IngestRowRow, IngestRunRow

AMONG = "decoys_of"  # function of the database


def number(transaction: Transaction) -> int:
    """Return how many decoys there are."""
    return int(transaction.connection.scalar(select(func.count()).select_from(DecoyRow)) or 0)


def pseudonyms(transaction: Transaction) -> set[bytes]:
    """Return the pseudonyms of all decoys."""
    return {bytes(one) for one in transaction.connection.scalars(select(DecoyRow.pseudonym))}


def among_them(transaction: Transaction, names: Iterable[bytes]) -> set[bytes]:
    """Return those of the pseudonyms that are a decoy's."""
    return {name for (name,) in called(transaction, AMONG, names)}


def planted(transaction: Transaction) -> list[tuple[datetime, int]]:
    """Return how many were planted when, the newest first."""
    query = select(DecoyRow.planted_at, func.count()).group_by(DecoyRow.planted_at).order_by(DecoyRow.planted_at.desc())
    return [(at, int(count)) for at, count in transaction.connection.execute(query)]


def add(transaction: Transaction, names: Sequence[bytes], *, at: datetime) -> None:
    """Say that children of these pseudonyms do not exist."""
    insert_rows(transaction, DecoyRow, [{"pseudonym": one, "planted_at": at} for one in names])


def existing(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of the ids that an identity has, an erased one too."""
    return set(transaction.connection.scalars(select(ChildRow.child_id).where(among(ChildRow.child_id, child_ids))))


def communes(transaction: Transaction) -> list[str]:
    """Return the communes in which children are known to live."""
    return list(
        transaction.connection.scalars(
            text(
                "SELECT DISTINCT communes[1] FROM child WHERE cardinality(communes) = 1"
                " AND withdrawn_at IS NULL AND erased_at IS NULL ORDER BY 1"
            )
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HidingPlace:
    """A delivery that stands already, as whose last rows others can stand."""

    run_id: uuid.UUID
    mapping_version: int
    seen_at: datetime  # of its last rows
    next_ordinal: int
    next_row: int
    example_id: uuid.UUID  # an identity that it brought
    version_at: datetime | None  # the source's own time stamp of that one's record


def hiding_place(transaction: Transaction, system: str) -> HidingPlace | None:
    """Return the newest whole delivery of a system that brought records which stand; None: there is none."""
    query = (
        select(
            IngestRunRow.run_id,
            IngestRunRow.mapping_version,
            SourceRecordRow.seen_at,
            SourceRecordRow.child_id,
            SourceRecordRow.version_at,
        )
        .join(SourceRecordRow, SourceRecordRow.run_id == IngestRunRow.run_id)
        .where(
            IngestRunRow.system == system,
            IngestRunRow.state == "done",
            IngestRunRow.retry_of.is_(None),
            ~SourceRecordRow.withdrawn,
        )
        .order_by(IngestRunRow.started_at.desc(), SourceRecordRow.seen_at.desc(), SourceRecordRow.row_number.desc())
        .limit(1)
    )
    found = transaction.connection.execute(query).one_or_none()
    if found is None:
        return None
    run_id, mapping_version, seen_at, example_id, version_at = found
    ends = select(func.max(IngestRowRow.ordinal), func.max(IngestRowRow.row_number)).where(
        IngestRowRow.run_id == run_id
    )
    ordinal, row = transaction.connection.execute(ends).one()
    return HidingPlace(
        run_id=run_id,
        mapping_version=mapping_version,
        seen_at=seen_at,
        next_ordinal=ordinal + 1,
        next_row=row + 1,
        example_id=example_id,
        version_at=version_at,
    )
