"""Rows that broke a rule and wait for a mapping that can read them: found by their bytes, or run by run for a retry."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update

from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.supporting import IngestRunRow, QuarantineRow

DAMAGED: Final = "row_damaged"  # the rule of a row whose sealed bytes were changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the quarantine knows of a row without its bytes: where it first stood, and how often it was tried."""

    quarantine_id: uuid.UUID
    row_number: int
    mapping_version: int  # of the last attempt
    attempts: int
    first_seen_at: datetime
    resolved_at: datetime | None  # None: it waits


def entries(transaction: Transaction, system: str, stream: str, row_digests: Iterable[bytes]) -> dict[bytes, Entry]:
    """Return those of the rows that are or were in quarantine, by the digest of their bytes."""
    query = select(
        QuarantineRow.row_digest,
        QuarantineRow.quarantine_id,
        QuarantineRow.row_number,
        QuarantineRow.mapping_version,
        QuarantineRow.attempts,
        QuarantineRow.first_seen_at,
        QuarantineRow.resolved_at,
    ).where(
        QuarantineRow.system == system, QuarantineRow.stream == stream, among(QuarantineRow.row_digest, row_digests)
    )
    found: dict[bytes, Entry] = {}
    for row in transaction.connection.execute(query).mappings():
        values = dict(row)
        digest = values.pop("row_digest")
        found[digest] = Entry(**values)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The run of a file of which some rows wait, and how that file was read."""

    run_id: uuid.UUID
    file_digest: bytes
    encodings: Mapping[str, Any]  # column → encoding


def deliveries_waiting(transaction: Transaction, system: str, stream: str, *, below_mapping: int) -> list[Delivery]:
    """Return the deliveries with rows that were last tried with a mapping older than `below_mapping`, oldest first."""
    waiting = (
        select(QuarantineRow.run_id)
        .where(
            QuarantineRow.system == system,
            QuarantineRow.stream == stream,
            QuarantineRow.resolved_at.is_(None),
            QuarantineRow.mapping_version < below_mapping,
        )
        .distinct()
    )
    query = (
        select(IngestRunRow.run_id, IngestRunRow.file_digest, IngestRunRow.encodings)
        .where(IngestRunRow.run_id.in_(waiting))
        .order_by(IngestRunRow.started_at, IngestRunRow.run_id)
    )
    return [Delivery(**dict(row)) for row in transaction.connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRow:
    """A sealed row that waits, and its place in its file."""

    quarantine_id: uuid.UUID
    row_number: int
    sealed_raw: bytes


def waiting_rows(
    transaction: Transaction, delivery_id: uuid.UUID, *, below_mapping: int, after_row: int, limit: int
) -> list[WaitingRow]:
    """Return the next rows of a delivery that wait and were last tried with an older mapping, in the file's order.

    Args:
        after_row: rows up to this one are left out.
    """
    query = (
        select(QuarantineRow.quarantine_id, QuarantineRow.row_number, QuarantineRow.sealed_raw)
        .where(
            QuarantineRow.run_id == delivery_id,
            QuarantineRow.resolved_at.is_(None),
            QuarantineRow.mapping_version < below_mapping,
            QuarantineRow.row_number > after_row,
        )
        .order_by(QuarantineRow.row_number, QuarantineRow.quarantine_id)
        .limit(limit)
    )
    return [WaitingRow(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def mark_damaged(transaction: Transaction, quarantine_ids: Iterable[uuid.UUID], *, mapping_version: int) -> None:
    """Say of rows that their sealed bytes were changed: they are tried again by a newer mapping only."""
    transaction.connection.execute(
        update(QuarantineRow)
        .where(among(QuarantineRow.quarantine_id, quarantine_ids))
        .values(rule=DAMAGED, field=None, mapping_version=mapping_version, attempts=QuarantineRow.attempts + 1)
    )
