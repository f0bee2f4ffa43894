"""Source records: which version is current, what was written, and all that a batch of them changes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, text, update

from registry.store import keys
from registry.store.bulk import insert_rows, update_rows
from registry.store.keys import IDENTITY_KEY, CaseKeyRow, of_case, of_identity
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import (
    ChildBlockRow,
    ChildRow,
    ChildSearchRow,
    IdentifierLookupRow,
    IdentityRow,
    OutboxEventRow,
    ProtectionCaseRow,
    SourceKeyLookupRow,
    SourceRecordRow,
    SourceVersionRow,
)
from registry.store.tables.keys import ChildKeyRow, SharedKeyRow
from registry.store.tables.supporting import IngestRowRow, QuarantineRow, SourceSystemRow

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What is stored of one source record, and the wrapped keys that open it."""

    child_id: uuid.UUID
    version_no: int
    version_at: datetime | None
    content_digest: bytes
    run_id: uuid.UUID
    row_number: int
    seen_at: datetime
    said_version: int | None
    withdrawn: bool
    mapping_version: int  # by which the identity was understood
    row_version: int
    key_epoch: int | None
    wrapped_key: bytes | None  # None: its key is gone
    key_generation: int | None
    case_id: uuid.UUID | None  # None: no protection case
    case_key_epoch: int | None
    case_wrapped_key: bytes | None
    case_key_generation: int | None


@dataclass(slots=True)
class RecordBatch:
    """All rows that one batch of source records adds or replaces, table by table."""

    children: list[Row] = field(default_factory=list)
    data_keys: list[Row] = field(default_factory=list)
    identities: list[Row] = field(default_factory=list)
    records: list[Row] = field(default_factory=list)
    versions: list[Row] = field(default_factory=list)
    keys: list[Row] = field(default_factory=list)
    identifiers: list[Row] = field(default_factory=list)
    blocks: list[Row] = field(default_factory=list)
    searches: list[Row] = field(default_factory=list)
    cases: list[Row] = field(default_factory=list)
    changed_children: list[Row] = field(default_factory=list)  # codes in clear only: their keys stay
    withdrawn_children: list[Row] = field(default_factory=list)  # the moment only: all else stays as it was
    changed_cases: list[Row] = field(default_factory=list)  # sealed columns only: their keys stay
    events: list[Row] = field(default_factory=list)
    quarantined: list[Row] = field(default_factory=list)
    refused_again: list[Row] = field(default_factory=list)  # rows in quarantine that a newer mapping cannot read either
    released: dict[uuid.UUID, Row] = field(default_factory=dict)  # rows that leave the quarantine, by its id
    verdicts: list[Row] = field(default_factory=list)
    overtaken: list[tuple[uuid.UUID, int]] = field(
        default_factory=list
    )  # (run, row) whose version is no longer current


def lock_system(transaction: Transaction, system: str) -> None:
    """Let one batch of `system` be written at a time, so that two deliveries cannot open a record twice."""
    key = func.hashtextextended(f"ingest:{system}", 0)
    transaction.connection.execute(select(func.pg_advisory_xact_lock(key)))


def states(transaction: Transaction, key_indexes: Iterable[bytes]) -> dict[bytes, SourceState]:
    """Return the stored state of each source key that is known."""
    query = (
        select(
            SourceKeyLookupRow.key_index,
            SourceRecordRow.child_id,
            SourceRecordRow.version_no,
            SourceRecordRow.version_at,
            SourceRecordRow.content_digest,
            SourceRecordRow.run_id,
            SourceRecordRow.row_number,
            SourceRecordRow.seen_at,
            SourceRecordRow.said_version,
            SourceRecordRow.withdrawn,
            IdentityRow.mapping_version,
            IdentityRow.row_version,
            *IDENTITY_KEY,
            ProtectionCaseRow.case_id,
            CaseKeyRow.epoch.label("case_key_epoch"),
            CaseKeyRow.wrapped_key.label("case_wrapped_key"),
            CaseKeyRow.generation.label("case_key_generation"),
        )
        .join(SourceRecordRow, SourceRecordRow.child_id == SourceKeyLookupRow.leads_to)
        .join(IdentityRow, IdentityRow.child_id == SourceRecordRow.child_id)
        .outerjoin(ChildKeyRow, of_identity(SourceRecordRow.child_id))
        .outerjoin(ProtectionCaseRow, ProtectionCaseRow.child_id == SourceRecordRow.child_id)
        .outerjoin(CaseKeyRow, of_case())
        .where(among(SourceKeyLookupRow.key_index, key_indexes))
    )
    found: dict[bytes, SourceState] = {}
    for row in transaction.connection.execute(query).mappings():
        values = dict(row)
        key_index = values.pop("key_index")
        found[key_index] = SourceState(**values)
    return found


def known_versions(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, dict[bytes, int]]:
    """Return the content digests of every version stored of each record, with the number of the version."""
    query = select(SourceVersionRow.child_id, SourceVersionRow.content_digest, SourceVersionRow.version_no).where(
        among(SourceVersionRow.child_id, child_ids)
    )
    known: dict[uuid.UUID, dict[bytes, int]] = {}
    for child_id, digest, number in transaction.connection.execute(query):
        known.setdefault(child_id, {})[digest] = number
    return known


def write(transaction: Transaction, batch: RecordBatch, *, run_id: uuid.UUID) -> None:
    """Write a batch: new identities, replaced identities, versions, look-ups, tokens, verdicts and events."""
    insert_rows(transaction, ChildRow, batch.children)
    insert_rows(transaction, ChildKeyRow, batch.data_keys)
    update_rows(transaction, ChildRow, batch.changed_children)
    update_rows(transaction, ChildRow, batch.withdrawn_children)
    # after the child's own row is locked: a rotation that copies look-ups waits for it, or is waited for
    clear_derived(transaction, [row["child_id"] for row in [*batch.identities, *batch.withdrawn_children]])
    insert_rows(transaction, IdentityRow, batch.identities, replacing=True)
    insert_rows(transaction, SourceRecordRow, batch.records, replacing=True)
    insert_rows(transaction, SourceVersionRow, batch.versions)
    insert_rows(transaction, SourceKeyLookupRow, batch.keys)
    insert_rows(transaction, IdentifierLookupRow, batch.identifiers)
    insert_rows(transaction, ChildBlockRow, batch.blocks)
    insert_rows(transaction, ChildSearchRow, batch.searches)
    insert_rows(transaction, ProtectionCaseRow, batch.cases)
    update_rows(transaction, ProtectionCaseRow, batch.changed_cases)
    insert_rows(transaction, OutboxEventRow, batch.events)
    insert_rows(transaction, QuarantineRow, batch.quarantined)
    update_rows(transaction, QuarantineRow, batch.refused_again)
    update_rows(transaction, QuarantineRow, list(batch.released.values()))
    insert_rows(transaction, IngestRowRow, batch.verdicts)
    _overtake(transaction, [row for run, row in batch.overtaken if run == run_id], run_id)


def clear_derived(transaction: Transaction, child_ids: Sequence[uuid.UUID]) -> None:
    """Remove what is computed anew from an identity; a linked number stays, it is the link's."""
    if not child_ids:
        return
    connection = transaction.connection
    connection.execute(delete(ChildBlockRow).where(among(ChildBlockRow.child_id, child_ids)))
    connection.execute(delete(ChildSearchRow).where(among(ChildSearchRow.child_id, child_ids)))
    connection.execute(
        delete(IdentifierLookupRow).where(
            among(IdentifierLookupRow.leads_to, child_ids), IdentifierLookupRow.kind == "claimed"
        )
    )


def _overtake(transaction: Transaction, row_numbers: Sequence[int], run_id: uuid.UUID) -> None:
    """A row accepted earlier in this run has met a newer version: its outcome is 'superseded'."""
    if row_numbers:
        transaction.connection.execute(
            update(IngestRowRow)
            .where(
                IngestRowRow.run_id == run_id,
                IngestRowRow.row_number.in_(row_numbers),
                IngestRowRow.outcome == "accepted",
            )
            .values(outcome="superseded")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKey:
    """The wrapped key that seals what a system sent and we could not read."""

    owner_id: uuid.UUID
    wrapped_key: bytes
    key_epoch: int


def source_key(transaction: Transaction, system: str) -> SourceKey | None:
    """Return the key of `system`, or None before its first delivery."""
    row = transaction.connection.execute(
        select(SourceSystemRow.owner_id, SharedKeyRow.wrapped_key, SharedKeyRow.epoch)
        .join(SharedKeyRow, SharedKeyRow.owner_id == SourceSystemRow.owner_id)
        .where(SourceSystemRow.system == system)
    ).one_or_none()
    return None if row is None else SourceKey(owner_id=row[0], wrapped_key=row[1], key_epoch=row[2])


def add_source_key(transaction: Transaction, system: str, key: SourceKey, at: datetime) -> None:
    """Register `system` with its key."""
    keys.add_shared(
        transaction, key.owner_id, domain="quarantine_wrap", wrapped_key=key.wrapped_key, epoch=key.key_epoch
    )
    insert_rows(transaction, SourceSystemRow, [{"system": system, "owner_id": key.owner_id, "created_at": at}])


def counts(transaction: Transaction) -> dict[str, int]:
    """Return the number of living records by system."""
    rows = transaction.connection.execute(
        text("SELECT system, count(*) FROM source_record WHERE NOT withdrawn GROUP BY system ORDER BY system")
    )
    return {system: int(number) for system, number in rows}


def unlinked(transaction: Transaction, system: str) -> bool:
    """Say whether a system has a living record about which the linkage has decided nothing so far."""
    query = text(
        "SELECT EXISTS (SELECT FROM child c LEFT JOIN match_result m USING (child_id)"
        " WHERE c.system = :system AND c.withdrawn_at IS NULL AND c.erased_at IS NULL AND m.child_id IS NULL)"
    )
    return bool(transaction.connection.scalar(query, {"system": system}))
