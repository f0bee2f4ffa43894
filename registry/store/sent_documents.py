"""What a sector system wrote of its own records, read back for that system: found by keyed hashes, tokens or codes.

Row security narrows every query to the rows of the system on whose behalf the transaction runs.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select

from registry.store.keys import IDENTITY_KEY, of_identity
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import (
    ChildBlockRow,
    ChildRow,
    IdentifierLookupRow,
    IdentityRow,
    SourceKeyLookupRow,
    SourceRecordRow,
    SourceVersionRow,
)
from registry.store.tables.keys import ChildKeyRow
from registry.store.tables.seals import ChildSealRow


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDocument:
    """The current version of a living record as its source wrote it, sealed."""

    child_id: uuid.UUID
    stream: str
    version_no: int
    seen_at: datetime
    wrapped_key: bytes
    key_epoch: int
    key_generation: int
    sealed_written: bytes
    sealed_identity: bytes
    sealed_family: bytes


def _standing(streams: Iterable[str]) -> Select[*tuple[Any, ...]]:
    """Return the query of living records of some streams; what is sealed under a case's key is not among them."""
    return (
        select(
            ChildRow.child_id,
            SourceRecordRow.stream,
            SourceRecordRow.version_no,
            SourceRecordRow.seen_at,
            *IDENTITY_KEY,
            SourceVersionRow.sealed_written,
            IdentityRow.sealed_identity,
            IdentityRow.sealed_family,
        )
        .join(SourceRecordRow, SourceRecordRow.child_id == ChildRow.child_id)
        .join(IdentityRow, IdentityRow.child_id == ChildRow.child_id)
        .join(
            SourceVersionRow,
            and_(
                SourceVersionRow.child_id == ChildRow.child_id,
                SourceVersionRow.version_no == SourceRecordRow.version_no,
                SourceVersionRow.key_kind == "child",
            ),
        )
        .join(ChildKeyRow, of_identity())
        .where(
            among(SourceRecordRow.stream, streams),
            SourceRecordRow.withdrawn.is_(False),
            ChildRow.withdrawn_at.is_(None),
            ChildRow.erased_at.is_(None),
        )
        .order_by(ChildRow.created_at, ChildRow.child_id)
    )


def _fetch(transaction: Transaction, query: Select[*tuple[Any, ...]]) -> list[SentDocument]:
    return [SentDocument(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def by_ids(transaction: Transaction, child_ids: Iterable[uuid.UUID], *, streams: Iterable[str]) -> list[SentDocument]:
    """Return records by the id of the identity that each opened."""
    return _fetch(transaction, _standing(streams).where(among(ChildRow.child_id, child_ids)))


def by_hashes(
    transaction: Transaction, *, keys: Collection[bytes], others: Collection[bytes], streams: Iterable[str]
) -> list[SentDocument]:
    """Return records by the keyed hashes of their own keys, or of any other identifier that they bear."""
    of_keys = select(SourceKeyLookupRow.leads_to).where(among(SourceKeyLookupRow.key_index, keys))
    of_others = select(IdentifierLookupRow.leads_to).where(
        among(IdentifierLookupRow.number_index, others), IdentifierLookupRow.kind == "claimed"
    )
    return _fetch(
        transaction, _standing(streams).where(or_(ChildRow.child_id.in_(of_keys), ChildRow.child_id.in_(of_others)))
    )


def by_tokens(
    transaction: Transaction, tokens: Iterable[tuple[str, int]], *, streams: Iterable[str], limit: int
) -> list[SentDocument]:
    """Return records that share one of the block tokens; args: tokens: kind and token."""
    sharing = [and_(ChildBlockRow.kind == kind, ChildBlockRow.token == token) for kind, token in tokens]
    if not sharing:
        return []
    ids = select(ChildBlockRow.child_id).where(or_(*sharing))
    return _fetch(transaction, _standing(streams).where(ChildRow.child_id.in_(ids)).limit(limit))


def by_codes(
    transaction: Transaction, *, sex: str | None, years: tuple[int, int] | None, streams: Iterable[str], limit: int
) -> list[SentDocument]:
    """Return records by what stands in clear; None: any. A birth year that is not known is none of a range."""
    query = _standing(streams).limit(limit)
    if sex is not None:
        query = query.where(ChildRow.sex == sex)
    if years is not None:
        query = query.where(ChildRow.birth_year.between(*years))
    return _fetch(transaction, query)


def hidden_among(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Return those of some identities that named officers alone may know of."""
    query = select(ChildSealRow.child_id).where(
        among(ChildSealRow.child_id, child_ids), ChildSealRow.lifted_at.is_(None)
    )
    with transaction.as_engine():
        return frozenset(transaction.connection.scalars(query))
