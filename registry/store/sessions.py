"""Sessions beyond the one that asks: those of an account, a fresh proof, those of the identity provider, the sweep."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select, update

from registry.model.signing_in import Method
from registry.store.session import Transaction
from registry.store.tables.sign_in import ProviderLogoutRow, ProviderQuestionRow
from registry.store.tables.supporting import SearchMemoRow, StaffSessionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A session that was not ended; limits of time are the caller's."""

    token_digest: bytes
    started_at: datetime
    last_seen_at: datetime
    method: Method


def of_account(transaction: Transaction, staff_id: uuid.UUID) -> list[StoredSession]:
    """Return the sessions of an account that were not ended, the last used first."""
    query = (
        select(
            StaffSessionRow.token_digest,
            StaffSessionRow.started_at,
            StaffSessionRow.last_seen_at,
            StaffSessionRow.method,
        )
        .where(StaffSessionRow.staff_id == staff_id, StaffSessionRow.ended_at.is_(None))
        .order_by(StaffSessionRow.last_seen_at.desc(), StaffSessionRow.token_digest)
    )
    rows = transaction.connection.execute(query).mappings()
    return [StoredSession(**{**row, "method": Method(row["method"])}) for row in rows]


def renew(transaction: Transaction, before: bytes, *, token_digest: bytes, csrf_token: str, method: Method) -> bool:
    """Give a session another token, and note that its holder proved who they are; False: it has ended meanwhile."""
    at = transaction.access.at
    changed = transaction.connection.execute(
        update(StaffSessionRow)
        .where(StaffSessionRow.token_digest == before, StaffSessionRow.ended_at.is_(None))
        .values(token_digest=token_digest, csrf_token=csrf_token, method=method.value, proven_at=at, last_seen_at=at)
    )
    return changed.rowcount == 1


def end_of_provider(transaction: Transaction, *, staff_id: uuid.UUID | None, provider_session: str | None) -> int:
    """End what the identity provider opened: one session of its own, or all of an account; return how many."""
    which = [
        *([] if staff_id is None else [StaffSessionRow.staff_id == staff_id]),
        *([] if provider_session is None else [StaffSessionRow.provider_session == provider_session]),
    ]
    if not which:
        return 0
    changed = transaction.connection.execute(
        update(StaffSessionRow)
        .where(StaffSessionRow.ended_at.is_(None), StaffSessionRow.method == Method.PROVIDER.value, *which)
        .values(ended_at=transaction.access.at)
    )
    return changed.rowcount


def sweep(transaction: Transaction, *, before: datetime) -> int:
    """Delete sessions, searches and questions to the identity provider that are older; return how many rows it was."""
    old = (
        delete(StaffSessionRow).where(or_(StaffSessionRow.started_at < before, StaffSessionRow.ended_at < before)),
        delete(SearchMemoRow).where(SearchMemoRow.made_at < before),
        delete(ProviderQuestionRow).where(ProviderQuestionRow.asked_at < before),
        delete(ProviderLogoutRow).where(ProviderLogoutRow.told_at < before),
    )
    return sum(transaction.connection.execute(statement).rowcount for statement in old)
