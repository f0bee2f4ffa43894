"""Records of a source as they were written, sealed, to be read again by a newer mapping."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import and_, select

from registry.store.keys import IDENTITY_KEY, CaseKeyRow, of_case, of_identity
from registry.store.session import Transaction
from registry.store.tables.children import IdentityRow, ProtectionCaseRow, SourceRecordRow, SourceVersionRow
from registry.store.tables.keys import ChildKeyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRecord:
    """The current version of a record, and the wrapped keys that may open it."""

    child_id: uuid.UUID
    version_no: int
    row_number: int
    key_kind: str  # 'child' or 'case'
    sealed_written: bytes
    key_epoch: int
    wrapped_key: bytes
    key_generation: int
    case_id: uuid.UUID | None
    case_key_epoch: int | None
    case_wrapped_key: bytes | None
    case_key_generation: int | None


_CASE_KEY = (
    ProtectionCaseRow.case_id,
    CaseKeyRow.epoch.label("case_key_epoch"),
    CaseKeyRow.wrapped_key.label("case_wrapped_key"),
    CaseKeyRow.generation.label("case_key_generation"),
)
_IS_CURRENT = and_(
    SourceVersionRow.child_id == SourceRecordRow.child_id, SourceVersionRow.version_no == SourceRecordRow.version_no
)


def kept(
    transaction: Transaction,
    source: str,
    stream: str,
    *,
    below_mapping: int,
    after: uuid.UUID | None,
    limit: int,
) -> list[KeptRecord]:
    """Return the next standing records of a stream that an older mapping has understood, by id.

    Args:
        after: identities up to this one are left out.
    """
    query = (
        select(
            SourceRecordRow.child_id,
            SourceRecordRow.version_no,
            SourceVersionRow.row_number,
            SourceVersionRow.key_kind,
            SourceVersionRow.sealed_written,
            *IDENTITY_KEY,
            *_CASE_KEY,
        )
        .join(SourceVersionRow, _IS_CURRENT)
        .join(IdentityRow, IdentityRow.child_id == SourceRecordRow.child_id)
        .join(ChildKeyRow, of_identity(SourceRecordRow.child_id))
        .outerjoin(ProtectionCaseRow, ProtectionCaseRow.child_id == SourceRecordRow.child_id)
        .outerjoin(CaseKeyRow, of_case())
        .where(
            SourceRecordRow.source == source,
            SourceRecordRow.stream == stream,
            SourceRecordRow.withdrawn.is_(False),
            IdentityRow.mapping_version < below_mapping,
        )
        .order_by(SourceRecordRow.child_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(SourceRecordRow.child_id > after)
    return [KeptRecord(**dict(row)) for row in transaction.connection.execute(query).mappings()]
