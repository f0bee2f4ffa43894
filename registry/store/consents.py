"""Consents and their signatures, of all identities of a child."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from registry.store.bulk import insert_rows
from registry.store.keys import IDENTITY_KEY, of_identity
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import ChildRow, IdentityRow
from registry.store.tables.keys import ChildKeyRow
from registry.store.tables.law import ConsentTextRow
from registry.store.tables.rights import ConsentRow, ConsentSignatureRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSignature:
    """One signature as stored."""

    child_id: uuid.UUID
    consent_id: uuid.UUID
    signer: str
    method: str
    signed_at: datetime
    sealed_signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConsent:
    """A consent as stored. `withdrawn_at` None: it was not withdrawn."""

    child_id: uuid.UUID
    consent_id: uuid.UUID
    use_code: str
    text_digest: bytes
    made_at: datetime
    withdrawn_at: datetime | None
    sealed_withdrawal: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptText:
    """A text that was signed."""

    text_digest: bytes
    use_code: str
    version: str
    language: str
    wording: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedIdentity:
    """An identity with its key and what is sealed of who she is."""

    child_id: uuid.UUID
    wrapped_key: bytes = field(repr=False)
    key_epoch: int
    key_generation: int
    sealed_identity: bytes = field(repr=False)


def keep_text(transaction: Transaction, text: KeptText) -> None:
    """Keep a text that is signed, word for word; one that is kept already stays."""
    row = {name: getattr(text, name) for name in text.__slots__} | {"kept_at": transaction.access.at}
    transaction.connection.execute(upsert(ConsentTextRow).values(row).on_conflict_do_nothing())


def texts(transaction: Transaction, digests: Iterable[bytes]) -> dict[bytes, KeptText]:
    """Return kept texts by their digests."""
    query = select(
        ConsentTextRow.text_digest,
        ConsentTextRow.use_code,
        ConsentTextRow.version,
        ConsentTextRow.language,
        ConsentTextRow.wording,
    ).where(among(ConsentTextRow.text_digest, set(digests)))
    found = [KeptText(**dict(row)) for row in transaction.connection.execute(query).mappings()]
    return {text.text_digest: text for text in found}


def add(transaction: Transaction, child_id: uuid.UUID, consent_id: uuid.UUID, *, use: str, digest: bytes) -> None:
    """Store a consent; its signatures follow."""
    row = {
        "child_id": child_id,
        "consent_id": consent_id,
        "use_code": use,
        "text_digest": digest,
        "made_at": transaction.access.at,
        "made_by": transaction.access.staff_id,
    }
    insert_rows(transaction, ConsentRow, [row])


def sign(transaction: Transaction, signature: StoredSignature) -> bool:
    """Store a signature; False: this signer has signed before."""
    row = {name: getattr(signature, name) for name in signature.__slots__}
    row |= {"taken_at": transaction.access.at, "taken_by": transaction.access.staff_id}
    return insert_rows(transaction, ConsentSignatureRow, [row]) == 1


def withdraw(transaction: Transaction, child_id: uuid.UUID, consent_id: uuid.UUID, *, sealed_withdrawal: bytes) -> bool:
    """Withdraw a consent; False: it was withdrawn before."""
    done = transaction.connection.execute(
        update(ConsentRow)
        .where(ConsentRow.child_id == child_id, ConsentRow.consent_id == consent_id, ConsentRow.withdrawn_at.is_(None))
        .values(
            withdrawn_at=transaction.access.at,
            withdrawn_by=transaction.access.staff_id,
            sealed_withdrawal=sealed_withdrawal,
        )
    )
    return bool(done.rowcount)


def of_children(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[StoredConsent]:
    """Return the consents of identities, the newest first."""
    query = (
        select(
            ConsentRow.child_id,
            ConsentRow.consent_id,
            ConsentRow.use_code,
            ConsentRow.text_digest,
            ConsentRow.made_at,
            ConsentRow.withdrawn_at,
            ConsentRow.sealed_withdrawal,
        )
        .where(among(ConsentRow.child_id, child_ids))
        .order_by(ConsentRow.made_at.desc(), ConsentRow.consent_id)
    )
    return [StoredConsent(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def signatures(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[StoredSignature]:
    """Return the signatures of the consents of identities."""
    query = (
        select(
            ConsentSignatureRow.child_id,
            ConsentSignatureRow.consent_id,
            ConsentSignatureRow.signer,
            ConsentSignatureRow.method,
            ConsentSignatureRow.signed_at,
            ConsentSignatureRow.sealed_signature,
        )
        .where(among(ConsentSignatureRow.child_id, child_ids))
        .order_by(ConsentSignatureRow.signer)
    )
    return [StoredSignature(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def identities(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[SealedIdentity]:
    """Return identities that stand, with their keys, as far as this access sees them."""
    query = (
        select(ChildRow.child_id, *IDENTITY_KEY, IdentityRow.sealed_identity)
        .join(IdentityRow, IdentityRow.child_id == ChildRow.child_id)
        .join(ChildKeyRow, of_identity())
        .where(among(ChildRow.child_id, child_ids), ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None))
        .order_by(ChildRow.child_id)
    )
    return [SealedIdentity(**dict(row)) for row in transaction.connection.execute(query).mappings()]
