"""Wrapped data keys and the versions of the keys that wrap them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables.children import ChildRow, ProtectionCaseRow
from registry.store.tables.keys import ChildKeyRow, KeyVersionRow, SharedKeyRow

CaseKeyRow = aliased(ChildKeyRow, name="case_key")

# The columns of an identity's key, under the names that rows carry them by; join on `of_identity()`.
IDENTITY_KEY = (
    ChildKeyRow.wrapped_key,
    ChildKeyRow.epoch.label("key_epoch"),
    ChildKeyRow.generation.label("key_generation"),
)


def of_identity(child_id: InstrumentedAttribute[uuid.UUID] = ChildRow.child_id) -> ColumnElement[bool]:
    """Return the condition that joins an identity to its own key; an erased one has none and drops out."""
    return and_(ChildKeyRow.child_id == child_id, ChildKeyRow.owner_id == child_id)


def of_case() -> ColumnElement[bool]:
    """Return the condition that joins a protection case to its key under the alias `CaseKeyRow`."""
    return and_(CaseKeyRow.child_id == ProtectionCaseRow.child_id, CaseKeyRow.owner_id == ProtectionCaseRow.case_id)


def add_shared(transaction: Transaction, owner_id: uuid.UUID, *, domain: str, wrapped_key: bytes, epoch: int) -> None:
    """Store the first key of a load of the extract or of a source system."""
    row = {"owner_id": owner_id, "domain": domain, "generation": 1, "epoch": epoch, "wrapped_key": wrapped_key}
    insert_rows(transaction, SharedKeyRow, [row])


def versions(transaction: Transaction) -> dict[tuple[str, int], str]:
    """Return the state of every version of a key that this database knows, by domain and version."""
    query = select(KeyVersionRow.domain, KeyVersionRow.version, KeyVersionRow.state)
    return {(domain, version): state for domain, version, state in transaction.connection.execute(query)}


def know(transaction: Transaction, found: Sequence[tuple[str, int, str]], *, at: datetime) -> None:
    """Let the database know versions of keys, by domain, version and state; those it knows are left as they are."""
    rows: list[Mapping[str, Any]] = [
        {"domain": domain, "version": version, "state": state, "since": at} for domain, version, state in found
    ]
    insert_rows(transaction, KeyVersionRow, rows)
