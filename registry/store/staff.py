"""Accounts and the sessions of those who signed in."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, func, insert, select, update

from registry.model.access import Area, Role
from registry.model.signing_in import Method
from registry.store.session import Transaction
from registry.store.tables.supporting import SearchMemoRow, StaffRow, StaffSessionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person's account."""

    staff_id: uuid.UUID
    login: str
    role: Role
    office: str
    area: Area
    password_hash: str = field(repr=False)
    password_is_one_time: bool
    failed_sign_ins: int
    locked_until: datetime | None
    disabled_at: datetime | None
    rights: frozenset[str] = frozenset()  # field groups that only accounts with a right of their own are shown
    code_enrolled_at: datetime | None = None  # None: signing in takes the password alone
    supervisor_id: uuid.UUID | None = None  # who is told of emergencies; None: the account breaks no glass
    suspended_at: datetime | None = None  # locked for want of a review; None: not locked so far
    review_due_at: datetime | None = None  # the earliest review that the account waits for

    def is_suspended(self, at: datetime) -> bool:
        """Say whether the account is locked because nobody has judged an emergency of it in time."""
        return self.suspended_at is not None or (self.review_due_at is not None and self.review_due_at <= at)


_COLUMNS = (
    StaffRow.staff_id,
    StaffRow.login,
    StaffRow.role,
    StaffRow.office,
    StaffRow.nation,
    StaffRow.provinces,
    StaffRow.communes,
    StaffRow.password_hash,
    StaffRow.password_is_one_time,
    StaffRow.failed_sign_ins,
    StaffRow.locked_until,
    StaffRow.disabled_at,
    StaffRow.rights,
    StaffRow.code_enrolled_at,
    StaffRow.supervisor_id,
    StaffRow.suspended_at,
    func.review_due(StaffRow.staff_id, type_=DateTime(timezone=True)).label("review_due_at"),
)


def _account(row: Mapping[str, Any]) -> Account:
    area = Area(nation=row["nation"], provinces=frozenset(row["provinces"]), communes=frozenset(row["communes"]))
    rest = {name: row[name] for name in row if name not in {"role", "nation", "provinces", "communes", "rights"}}
    return Account(role=Role(row["role"]), area=area, rights=frozenset(row["rights"]), **rest)


def by_login(transaction: Transaction, login: str) -> Account | None:
    """Return the account of a login, or None."""
    row = transaction.connection.execute(select(*_COLUMNS).where(StaffRow.login == login)).mappings().one_or_none()
    return None if row is None else _account(dict(row))


def by_id(transaction: Transaction, staff_id: uuid.UUID) -> Account | None:
    """Return an account, or None."""
    row = (
        transaction.connection.execute(select(*_COLUMNS).where(StaffRow.staff_id == staff_id)).mappings().one_or_none()
    )
    return None if row is None else _account(dict(row))


def all_accounts(transaction: Transaction) -> list[Account]:
    """Return all accounts by login."""
    rows = transaction.connection.execute(select(*_COLUMNS).order_by(StaffRow.login)).mappings()
    return [_account(dict(row)) for row in rows]


def add(transaction: Transaction, account: Account) -> None:
    """Add an account."""
    transaction.connection.execute(
        insert(StaffRow).values(
            staff_id=account.staff_id,
            login=account.login,
            role=account.role.value,
            office=account.office,
            nation=account.area.nation,
            provinces=sorted(account.area.provinces),
            communes=sorted(account.area.communes),
            rights=sorted(account.rights),
            password_hash=account.password_hash,
            password_is_one_time=account.password_is_one_time,
            created_at=transaction.access.at,
            supervisor_id=account.supervisor_id,
        )
    )


def suspended(transaction: Transaction, account: Account) -> bool:
    """Say whether an account is locked for want of a review; the lock is kept, so that no other clock lifts it."""
    at = transaction.access.at
    if account.suspended_at is None and account.is_suspended(at):
        change(transaction, account.staff_id, suspended_at=at)
        end_sessions_of(transaction, account.staff_id)
    return account.is_suspended(at)


def change(transaction: Transaction, staff_id: uuid.UUID, **columns: object) -> None:
    """Change columns of an account: password, lock, disabling."""
    transaction.connection.execute(update(StaffRow).where(StaffRow.staff_id == staff_id).values(**columns))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session that stands, and whose it is."""

    token_digest: bytes
    csrf_token: str = field(repr=False)
    started_at: datetime
    last_seen_at: datetime
    account: Account
    proven_at: datetime | None = None  # when whoever holds the session last proved who they are
    method: Method = Method.PASSWORD  # how they proved it


def start_session(
    transaction: Transaction,
    *,
    token_digest: bytes,
    staff_id: uuid.UUID,
    csrf_token: str,
    method: Method,
    provider_session: str | None = None,
) -> None:
    """Keep a new session.

    Args:
        provider_session: what the identity provider calls it; None: it has no part in it.
    """
    at = transaction.access.at
    transaction.connection.execute(
        insert(StaffSessionRow).values(
            token_digest=token_digest,
            staff_id=staff_id,
            csrf_token=csrf_token,
            started_at=at,
            last_seen_at=at,
            proven_at=at,
            method=method.value,
            provider_session=provider_session,
        )
    )


def session(transaction: Transaction, token_digest: bytes) -> SignedIn | None:
    """Return the session of a cookie if it was not ended; limits of time are the caller's."""
    query = (
        select(
            *_COLUMNS,
            StaffSessionRow.csrf_token,
            StaffSessionRow.started_at,
            StaffSessionRow.last_seen_at,
            StaffSessionRow.proven_at,
            StaffSessionRow.method,
        )
        .join(StaffRow, StaffRow.staff_id == StaffSessionRow.staff_id)
        .where(StaffSessionRow.token_digest == token_digest, StaffSessionRow.ended_at.is_(None))
    )
    row = transaction.connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    values = dict(row)
    own = {name: values.pop(name) for name in ("csrf_token", "started_at", "last_seen_at", "proven_at")}
    method = Method(values.pop("method"))
    return SignedIn(token_digest=token_digest, account=_account(values), method=method, **own)


def touch_session(transaction: Transaction, token_digest: bytes) -> None:
    """Note that a session is in use."""
    _change_session(transaction, token_digest, last_seen_at=transaction.access.at)


def end_session(transaction: Transaction, token_digest: bytes) -> None:
    """End a session."""
    _change_session(transaction, token_digest, ended_at=transaction.access.at)


def end_sessions_of(transaction: Transaction, staff_id: uuid.UUID) -> None:
    """End every session of an account: it was disabled, or its password changed."""
    transaction.connection.execute(
        update(StaffSessionRow)
        .where(StaffSessionRow.staff_id == staff_id, StaffSessionRow.ended_at.is_(None))
        .values(ended_at=transaction.access.at)
    )


def end_other_sessions_of(transaction: Transaction, staff_id: uuid.UUID, *, but: bytes) -> None:
    """End every session of an account but one: how it signs in has changed."""
    transaction.connection.execute(
        update(StaffSessionRow)
        .where(
            StaffSessionRow.staff_id == staff_id,
            StaffSessionRow.ended_at.is_(None),
            StaffSessionRow.token_digest != but,
        )
        .values(ended_at=transaction.access.at)
    )


def _change_session(transaction: Transaction, token_digest: bytes, **columns: object) -> None:
    transaction.connection.execute(
        update(StaffSessionRow).where(StaffSessionRow.token_digest == token_digest).values(**columns)
    )


def remember_search(transaction: Transaction, *, staff_id: uuid.UUID, search_id: uuid.UUID, sealed: bytes) -> None:
    """Keep a search, sealed, under an address of its own."""
    transaction.connection.execute(
        insert(SearchMemoRow).values(
            search_id=search_id, staff_id=staff_id, sealed_query=sealed, made_at=transaction.access.at
        )
    )


def search(transaction: Transaction, *, staff_id: uuid.UUID, search_id: uuid.UUID) -> bytes | None:
    """Return a search of this person, sealed, or None."""
    return transaction.connection.scalar(
        select(SearchMemoRow.sealed_query).where(
            SearchMemoRow.search_id == search_id, SearchMemoRow.staff_id == staff_id
        )
    )
