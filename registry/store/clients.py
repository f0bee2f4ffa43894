"""Clients, the tokens they were given, and the assertions they have used."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_once

from registry.store.session import Transaction
from registry.store.tables.clients import ClientAssertionRow, ClientRow, ClientTokenRow

KEPT: Final = timedelta(days=1)  # for so long what has ended is kept, lest a clock that goes back should forget it


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A program of a sector system."""

    client_id: uuid.UUID
    system: str
    name: str
    streams: tuple[str, ...]
    keys: Mapping[str, Mapping[str, str]]  # public JSON Web Keys by name
    certificates: frozenset[str]  # SHA-256, hexadecimal
    created_at: datetime
    keys_changed_at: datetime
    disabled_at: datetime | None
    rights: frozenset[str] = frozenset()  # what it may read of its own records beyond their states


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientToken:
    """A token that was given to a client, and whose it is."""

    token_digest: bytes
    client: Client
    streams: tuple[str, ...]
    certificate: str | None  # SHA-256 of what must be shown with it
    issued_at: datetime
    expires_at: datetime


_COLUMNS = (
    ClientRow.client_id,
    ClientRow.system,
    ClientRow.name,
    ClientRow.streams,
    ClientRow.keys,
    ClientRow.certificates,
    ClientRow.created_at,
    ClientRow.keys_changed_at,
    ClientRow.disabled_at,
    ClientRow.rights,
)


def _client(row: Mapping[str, Any]) -> Client:
    columns = {column.key: row[column.key] for column in _COLUMNS}
    columns["streams"] = tuple(columns["streams"])
    columns["certificates"] = frozenset(columns["certificates"])
    columns["rights"] = frozenset(columns["rights"])
    return Client(**columns)


def by_id(transaction: Transaction, client_id: uuid.UUID) -> Client | None:
    """Return a client, or None."""
    query = select(*_COLUMNS).where(ClientRow.client_id == client_id)
    row = transaction.connection.execute(query).mappings().one_or_none()
    return None if row is None else _client(dict(row))


def all_clients(transaction: Transaction) -> list[Client]:
    """Return all clients by system and name."""
    rows = transaction.connection.execute(select(*_COLUMNS).order_by(ClientRow.system, ClientRow.name)).mappings()
    return [_client(dict(row)) for row in rows]


def add(transaction: Transaction, client: Client) -> None:
    """Add a client."""
    transaction.connection.execute(
        insert(ClientRow).values(
            client_id=client.client_id,
            system=client.system,
            name=client.name,
            streams=list(client.streams),
            keys=dict(client.keys),
            certificates=sorted(client.certificates),
            created_at=client.created_at,
            keys_changed_at=client.keys_changed_at,
            disabled_at=client.disabled_at,
            rights=sorted(client.rights),
        )
    )


def change(transaction: Transaction, client_id: uuid.UUID, **columns: object) -> None:
    """Change columns of a client."""
    transaction.connection.execute(update(ClientRow).where(ClientRow.client_id == client_id).values(**columns))


def drop_tokens(transaction: Transaction, client_id: uuid.UUID) -> None:
    """Forget every token of a client."""
    transaction.connection.execute(delete(ClientTokenRow).where(ClientTokenRow.client_id == client_id))


def newest_token(transaction: Transaction, client_id: uuid.UUID) -> datetime | None:
    """Return when a client was last given a token."""
    query = select(func.max(ClientTokenRow.issued_at)).where(ClientTokenRow.client_id == client_id)
    found: datetime | None = transaction.connection.scalar(query)
    return found


def use_up(transaction: Transaction, client_id: uuid.UUID, digest: bytes, *, expires_at: datetime) -> bool:
    """Use an assertion up; False if it was used before, or is in the same moment by another process."""
    statement = (
        insert_once(ClientAssertionRow)
        .values(client_id=client_id, assertion_digest=digest, expires_at=expires_at)
        .on_conflict_do_nothing()
        .returning(ClientAssertionRow.client_id)
    )
    return transaction.connection.execute(statement).first() is not None


def keep_token(transaction: Transaction, token: ClientToken) -> None:
    """Keep a new token's digest, and forget what has ended long ago."""
    ended = transaction.access.at - KEPT
    transaction.connection.execute(delete(ClientTokenRow).where(ClientTokenRow.expires_at < ended))
    transaction.connection.execute(delete(ClientAssertionRow).where(ClientAssertionRow.expires_at < ended))
    transaction.connection.execute(
        insert(ClientTokenRow).values(
            token_digest=token.token_digest,
            client_id=token.client.client_id,
            streams=list(token.streams),
            certificate=token.certificate,
            issued_at=token.issued_at,
            expires_at=token.expires_at,
        )
    )


def token(transaction: Transaction, token_digest: bytes) -> ClientToken | None:
    """Return a token that was given; its limits are the caller's."""
    query = (
        select(
            *_COLUMNS,
            ClientTokenRow.streams.label("granted"),
            ClientTokenRow.certificate,
            ClientTokenRow.issued_at,
            ClientTokenRow.expires_at,
        )
        .join(ClientRow, ClientRow.client_id == ClientTokenRow.client_id)
        .where(ClientTokenRow.token_digest == token_digest)
    )
    row = transaction.connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    return ClientToken(
        token_digest=token_digest,
        client=_client(dict(row)),
        streams=tuple(row["granted"]),
        certificate=row["certificate"],
        issued_at=row["issued_at"],
        expires_at=row["expires_at"],
    )
