"""Accounts and the sessions of those who signed in."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from registry.model.access import Area, Role
from registry.store.session import Transaction
from registry.store.supporting_tables import SearchMemoRow, StaffRow, StaffSessionRow


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
)


def _account(row: Mapping[str, Any]) -> Account:
    area = Area(nation=row["nation"], provinces=frozenset(row["provinces"]), communes=frozenset(row["communes"]))
    rest = {name: row[name] for name in row if name not in {"role", "nation", "provinces", "communes"}}
    return Account(role=Role(row["role"]), area=area, **rest)


def by_login(transaction: Transaction, login: str) -> Account | None:
    """Return the account of a login, or None."""
    row = transaction.connection.execute(select(*_COLUMNS).where(StaffRow.login == login)).mappings().one_or_none()
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
            password_hash=account.password_hash,
            password_is_one_time=account.password_is_one_time,
            created_at=transaction.access.at,
        )
    )


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


def start_session(transaction: Transaction, *, token_digest: bytes, staff_id: uuid.UUID, csrf_token: str) -> None:
    """Keep a new session."""
    at = transaction.access.at
    transaction.connection.execute(
        insert(StaffSessionRow).values(
            token_digest=token_digest, staff_id=staff_id, csrf_token=csrf_token, started_at=at, last_seen_at=at
        )
    )


def session(transaction: Transaction, token_digest: bytes) -> SignedIn | None:
    """Return the session of a cookie if it was not ended; limits of time are the caller's."""
    query = (
        select(*_COLUMNS, StaffSessionRow.csrf_token, StaffSessionRow.started_at, StaffSessionRow.last_seen_at)
        .join(StaffRow, StaffRow.staff_id == StaffSessionRow.staff_id)
        .where(StaffSessionRow.token_digest == token_digest, StaffSessionRow.ended_at.is_(None))
    )
    row = transaction.connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    values = dict(row)
    own = {name: values.pop(name) for name in ("csrf_token", "started_at", "last_seen_at")}
    return SignedIn(token_digest=token_digest, account=_account(values), **own)


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
