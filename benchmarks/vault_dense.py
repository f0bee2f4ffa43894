"""The same nation with every child in one province: a copy of the store whose search rows are made anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import make_url

from matching.identity import Identity, Unit
from registry.actions.finding.search_rows import search_row
from registry.actions.keys.sealing import Vault, open_identity
from registry.model.access import Access, Purpose
from registry.protect.keys.keyring import Keyring
from registry.store.bulk import insert_rows
from registry.store.links import SealedIdentity, living_identities
from registry.store.server.embedded import EmbeddedServer
from registry.store.session import Store, Transaction
from registry.store.tables.children import ChildRow, ChildSearchRow

PROVINCE: Final = "01"
COMMUNE: Final = "00004"
DATABASE: Final = "dense"
_AT_ONCE: Final = 4_000
_PARTS: Final = 2
_NOT_NEEDED: Final = "child_search, child_block, source_version, outbox_event, ingest_row, access_leaf"


def make_dense(server: EmbeddedServer, keys: Path) -> None:
    """Make the database beside the store's own; nobody may be connected to that one."""
    source = str(make_url(server.url).database)
    with psycopg.connect(_libpq(server.url_for("postgres", superuser=True)), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)".encode())
        owner = str(make_url(server.url).username)
        connection.execute(f"CREATE DATABASE {DATABASE} OWNER {owner} TEMPLATE {source} STRATEGY file_copy".encode())
    admin = _libpq(server.url_for(DATABASE, superuser=True))
    with psycopg.connect(admin, autocommit=True) as connection:
        indexes = [
            row[0]
            for row in connection.execute(
                "SELECT indexdef FROM pg_indexes WHERE tablename = 'child_search' AND indexdef NOT LIKE '%UNIQUE%'"
            )
        ]
        connection.execute(f"TRUNCATE {_NOT_NEEDED} CASCADE".encode())
        for definition in indexes:
            name = definition.split(" ON ")[0].split()[-1]
            connection.execute(f'DROP INDEX "{name}"'.encode())
        connection.execute("DROP INDEX IF EXISTS ix_child_communes, ix_child_system, ix_child_province_code")
        moved = "UPDATE child SET province_code = %s, communes = ARRAY[%s], commune_code = %s, commune_scheme = '2025'"
        connection.execute(moved, [PROVINCE, COMMUNE, COMMUNE])
    with get_context("spawn").Pool(_PARTS) as pool:
        pool.starmap(_fill, [(server.url_for(DATABASE), str(keys), part) for part in range(_PARTS)])
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '1GB'")
        for definition in indexes:
            connection.execute(definition.encode())
        connection.execute("VACUUM (ANALYZE)")


def _fill(url: str, keys: str, part: int) -> None:
    """Make the search rows of one share of the ids."""
    store, vault = Store(url, connections=2), Vault(Keyring.open(Path(keys)))
    bounds = [UUID(int=(1 << 128) // _PARTS * place) for place in range(_PARTS)] + [UUID(int=(1 << 128) - 1)]
    after, last = bounds[part], bounds[part + 1]
    while True:
        access = Access.of_engine(Purpose.LINKAGE, at=datetime.now(UTC), request_id=uuid4())
        with store.begin(access) as transaction:
            found = list(_sealed(transaction, after, last))
            rows = [_moved(vault, row) for row in found]
            insert_rows(transaction, ChildSearchRow, rows)
        if len(found) < _AT_ONCE:
            break
        after = max(row.child_id for row in found)
    store.close()


def _sealed(transaction: Transaction, after: UUID, last: UUID) -> Iterator[SealedIdentity]:
    query = (
        living_identities()
        .where(ChildRow.child_id > after, ChildRow.child_id <= last)
        .order_by(ChildRow.child_id)
        .limit(_AT_ONCE)
    )
    for row in transaction.connection.execute(query).mappings():
        yield SealedIdentity(**dict(row))


def _moved(vault: Vault, row: SealedIdentity) -> dict[str, Any]:
    key = vault.child_key(row)
    identity = open_identity(key, row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family)
    return dict(search_row(vault, _in_the_province(identity), child_id=row.child_id, key=key))


def _in_the_province(identity: Identity) -> Identity:
    unit = identity.unit
    if unit is None:
        return identity
    moved: Unit = replace(unit, code=COMMUNE, communes=(COMMUNE,), province=PROVINCE)
    return replace(identity, unit=moved)


def _libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
