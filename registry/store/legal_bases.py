"""The register of legal bases as far as this installation has changed it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.store.session import Transaction
from registry.store.tables.law import LegalBasisRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBasis:
    """One entry. `valid_to` None: until further notice."""

    basis_id: uuid.UUID
    purpose: str
    law: str
    article: str
    wording: str
    valid_from: date
    valid_to: date | None
    entered_by: uuid.UUID | None


def every(transaction: Transaction) -> list[StoredBasis]:
    """Return all entries, the ended ones too."""
    query = select(
        LegalBasisRow.basis_id,
        LegalBasisRow.purpose,
        LegalBasisRow.law,
        LegalBasisRow.article,
        LegalBasisRow.wording,
        LegalBasisRow.valid_from,
        LegalBasisRow.valid_to,
        LegalBasisRow.entered_by,
    )
    return [StoredBasis(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def add(transaction: Transaction, basis: StoredBasis) -> None:
    """Enter a basis; one that is there already stays as it is."""
    row = {name: getattr(basis, name) for name in basis.__slots__} | {"entered_at": transaction.access.at}
    transaction.connection.execute(upsert(LegalBasisRow).values(row).on_conflict_do_nothing())


def end(transaction: Transaction, basis_id: uuid.UUID, *, last_day: date) -> None:
    """Set the last day of a basis."""
    transaction.connection.execute(
        update(LegalBasisRow)
        .where(LegalBasisRow.basis_id == basis_id)
        .values(valid_to=last_day, ended_by=transaction.access.staff_id)
    )
