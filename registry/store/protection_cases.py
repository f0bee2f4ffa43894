"""Protection cases as decisions need them: how far a case is, and whether somebody is suspected."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from registry.store.keys import CaseKeyRow, of_case
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import ProtectionCaseRow, SourceRecordRow


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseForDecision:
    """A case with its key, what tells how far it is, and who is suspected."""

    child_id: uuid.UUID
    case_id: uuid.UUID
    wrapped_key: bytes = field(repr=False)
    key_epoch: int
    key_generation: int
    sealed_case: bytes = field(repr=False)
    sealed_suspect: bytes | None = field(repr=False)  # None: nobody is named
    changed_at: datetime | None  # the source's own time stamp; None: it gives none
    seen_at: datetime
    withdrawn: bool  # by its source


def of_children(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[CaseForDecision]:
    """Return the protection cases of identities, as far as this access sees them."""
    query = (
        select(
            ProtectionCaseRow.child_id,
            ProtectionCaseRow.case_id,
            CaseKeyRow.wrapped_key,
            CaseKeyRow.epoch.label("key_epoch"),
            CaseKeyRow.generation.label("key_generation"),
            ProtectionCaseRow.sealed_case,
            ProtectionCaseRow.sealed_suspect,
            SourceRecordRow.version_at.label("changed_at"),
            SourceRecordRow.seen_at,
            SourceRecordRow.withdrawn,
        )
        .join(CaseKeyRow, of_case())
        .join(SourceRecordRow, SourceRecordRow.child_id == ProtectionCaseRow.child_id)
        .where(among(ProtectionCaseRow.child_id, child_ids))
        .order_by(ProtectionCaseRow.child_id)
    )
    return [CaseForDecision(**dict(row)) for row in transaction.connection.execute(query).mappings()]
