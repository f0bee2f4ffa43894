"""Moves rows from an older version of a key to a newer one; the state of a rotation is the rows themselves.

Data keys are wrapped anew in their place. Keyed hashes are written beside the older ones, which go when no transaction
is left that knows the older version alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Integer, SmallInteger, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import LargeBinary, Uuid

from registry.store.session import Transaction
from registry.store.tables.keys import KeyVersionRow

# Where the versions of a domain are written: table and column.
_PLACES: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "identity_wrap": [("child_key", "epoch")],
    "case_wrap": [("child_key", "epoch")],
    "extract_wrap": [("shared_key", "epoch")],
    "quarantine_wrap": [("shared_key", "epoch")],
    "staff_wrap": [("shared_key", "epoch")],
    "index": [
        ("identifier_lookup", "key_version"),
        ("source_key_lookup", "key_version"),
        ("extract_number_lookup", "key_version"),
    ],
    "search": [("child_search", "key_version")],
    "block": [("child_block", "key_version"), ("extract_block", "key_version")],
    "session_wrap": [
        ("search_memo", "get_byte(sealed_query, 2) * 256 + get_byte(sealed_query, 3)"),
        ("export_list", "get_byte(sealed_list, 2) * 256 + get_byte(sealed_list, 3)"),
    ],
}
_OF_ONE_DOMAIN: Final = {"child_key", "shared_key"}


def referring(transaction: Transaction, domain: str) -> dict[int, int]:
    """Return how many rows refer to each version of a key."""
    found: dict[int, int] = {}
    for table, column in _PLACES.get(domain, ()):
        where = "WHERE domain = :domain" if table in _OF_ONE_DOMAIN else ""
        # tables and columns are named above, nothing else
        query = text(f"SELECT {column}, count(*) FROM {table} {where} GROUP BY 1")  # noqa: S608
        for version, number in transaction.connection.execute(query, {"domain": domain} if where else {}):
            found[version] = found.get(version, 0) + number
    return found


def has_older(transaction: Transaction, domain: str, version: int) -> bool:
    """Say whether a row still refers to a version of the key before `version`."""
    for table, column in _PLACES.get(domain, ()):
        where = "domain = :domain AND" if table in _OF_ONE_DOMAIN else ""
        bound: dict[str, object] = {"version": version, **({"domain": domain} if where else {})}
        query = text(f"SELECT EXISTS (SELECT FROM {table} WHERE {where} {column} < :version)")  # noqa: S608  as above
        if transaction.connection.scalar(query, bound):
            return True
    return False


# -- versions ------------------------------------------------------------------------------------------------------


def set_state(transaction: Transaction, domain: str, version: int, state: str) -> None:
    """Change the state of a version; the database refuses to retire one that a row refers to.

    Raises: IntegrityError: it is in use (`Store.begin` turns it into a Conflict).
    """
    place = (KeyVersionRow.domain == domain, KeyVersionRow.version == version)
    # whoever is writing a row of this version holds it: wait for them before the rows are looked at
    transaction.connection.execute(select(KeyVersionRow.state).where(*place).with_for_update())
    transaction.connection.execute(update(KeyVersionRow).where(*place).values(state=state))


def newest_moment(transaction: Transaction) -> datetime | None:
    """Return the newest moment that keys, signed heads of the log and erasures bear; None: there is none."""
    query = text(
        "SELECT greatest((SELECT max(since) FROM key_version), (SELECT max(signed_at) FROM checkpoint),"
        " (SELECT max(erased_at) FROM erasure))"
    )
    found: datetime | None = transaction.connection.scalar(query)
    return found


Running = frozenset[tuple[int, datetime]]


def running(transaction: Transaction) -> Running:
    """Return the other transactions of this account that are open now."""
    query = text(
        "SELECT pid, xact_start FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND usename = session_user AND xact_start IS NOT NULL"
    )
    return frozenset((pid, began) for pid, began in transaction.connection.execute(query))


# -- data keys -----------------------------------------------------------------------------------------------------

Place = tuple[uuid.UUID, uuid.UUID]  # child and owner; for a shared key twice the owner


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A wrapped data key where it stands."""

    child_id: uuid.UUID
    owner_id: uuid.UUID
    generation: int
    epoch: int
    wrapped_key: bytes


def older_keys(
    transaction: Transaction, domain: str, epoch: int, *, after: Place | None, limit: int
) -> list[StoredKey]:
    """Return the next data keys under an older epoch, and hold them; those that somebody else holds are left out."""
    child, table = ("child_id", "child_key") if _of_a_child(domain) else ("owner_id", "shared_key")
    onward = f"AND ({child}, owner_id) > (:child, :owner)" if after else ""
    query = text(
        f"SELECT {child}, owner_id, generation, epoch, wrapped_key FROM {table}"  # noqa: S608  two tables, named here
        f" WHERE domain = :domain AND epoch < :epoch {onward}"
        f" ORDER BY {child}, owner_id LIMIT :limit FOR UPDATE SKIP LOCKED"
    )
    bound: dict[str, object] = {"domain": domain, "epoch": epoch, "limit": limit}
    if after:
        bound |= {"child": after[0], "owner": after[1]}
    return [StoredKey(*row) for row in transaction.connection.execute(query, bound)]


def write_rewrapped(
    transaction: Transaction, domain: str, epoch: int, *, keys: Sequence[tuple[StoredKey, bytes]]
) -> int:
    """Put data keys wrapped anew in the place of the older, unless somebody was faster; return how many there were."""
    child, table = ("child_id", "child_key") if _of_a_child(domain) else ("owner_id", "shared_key")
    statement = text(
        f"UPDATE {table} k SET epoch = :epoch, wrapped_key = u.wrapped"  # noqa: S608  two tables, named here
        " FROM unnest(:children, :owners, :before, :wrapped) AS u(child, owner, before, wrapped)"
        f" WHERE k.{child} = u.child AND k.owner_id = u.owner AND k.epoch = u.before"
    ).bindparams(
        bindparam("children", type_=ARRAY(Uuid())),
        bindparam("owners", type_=ARRAY(Uuid())),
        bindparam("before", type_=ARRAY(SmallInteger())),
        bindparam("wrapped", type_=ARRAY(LargeBinary())),
    )
    bound = {
        "epoch": epoch,
        "children": [key.child_id for key, _ in keys],
        "owners": [key.owner_id for key, _ in keys],
        "before": [key.epoch for key, _ in keys],
        "wrapped": [wrapped for _, wrapped in keys],
    }
    return _changed(transaction.connection, statement, bound)


def _of_a_child(domain: str) -> bool:
    return _PLACES[domain][0][0] == "child_key"


# -- keyed hashes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HashTable:
    """A table of keyed hashes, and whom its rows lead to."""

    name: str
    owner: str  # the column that names whom a row is about
    kinds: bool = False  # an owner may have rows of several kinds, written at different times


IDENTIFIERS: Final = HashTable(name="identifier_lookup", owner="leads_to", kinds=True)
SOURCE_KEYS: Final = HashTable(name="source_key_lookup", owner="leads_to")
EXTRACT_NUMBERS: Final = HashTable(name="extract_number_lookup", owner="person_id")
CHILD_BLOCKS: Final = HashTable(name="child_block", owner="child_id")
EXTRACT_BLOCKS: Final = HashTable(name="extract_block", owner="person_id")


def owners_waiting(
    transaction: Transaction, table: HashTable, version: int, *, after: uuid.UUID | None, limit: int
) -> list[uuid.UUID]:
    """Return the next owners who have hashes of an older version and none of this one beside them."""
    same_kind = "AND n.kind = o.kind" if table.kinds else ""
    query = text(
        f"SELECT DISTINCT o.{table.owner} FROM {table.name} o"  # noqa: S608  the five tables above
        " WHERE o.key_version < :version AND (cast(:after AS uuid) IS NULL OR "
        f"o.{table.owner} > :after) AND NOT EXISTS (SELECT FROM {table.name} n"
        f" WHERE n.{table.owner} = o.{table.owner} {same_kind} AND n.key_version = :version)"
        f" ORDER BY o.{table.owner} LIMIT :limit"
    )
    return list(transaction.connection.scalars(query, {"version": version, "after": after, "limit": limit}))


def drop_older(transaction: Transaction, table: HashTable, version: int, *, limit: int) -> int:
    """Delete some hashes of older versions whose owner has those of this one; return how many."""
    same_kind = "AND n.kind = o.kind" if table.kinds else ""
    statement = text(
        f"DELETE FROM {table.name} WHERE ctid = ANY (ARRAY(SELECT o.ctid FROM {table.name} o"  # noqa: S608  as above
        f" WHERE o.key_version < :version AND EXISTS (SELECT FROM {table.name} n"
        f" WHERE n.{table.owner} = o.{table.owner} {same_kind} AND n.key_version = :version)"
        " LIMIT :limit FOR UPDATE SKIP LOCKED))"
    ).bindparams(bindparam("version", type_=Integer()))
    return _changed(transaction.connection, statement, {"version": version, "limit": limit})


def drop_of_owners(transaction: Transaction, table: HashTable, version: int, *, owners: Sequence[uuid.UUID]) -> None:
    """Delete the hashes of older versions of owners who have nothing left to make them from."""
    statement = text(f"DELETE FROM {table.name} WHERE {table.owner} = ANY (:owners) AND key_version < :version")  # noqa: S608
    transaction.connection.execute(statement, {"owners": list(owners), "version": version})


def drop_linked(transaction: Transaction, version: int, *, owners: Sequence[uuid.UUID]) -> None:
    """Delete the older look-ups of links that identities no longer have."""
    statement = text(
        "DELETE FROM identifier_lookup WHERE leads_to = ANY (:owners) AND kind = 'linked' AND key_version < :version"
    )
    transaction.connection.execute(statement, {"owners": list(owners), "version": version})


def drop_searches(transaction: Transaction, version: int, *, made_before: datetime) -> int:
    """Delete the searches that were sealed under an older version and are no longer gone back to."""
    statement = text(
        "DELETE FROM search_memo WHERE made_at < :before"
        " AND get_byte(sealed_query, 2) * 256 + get_byte(sealed_query, 3) < :version"
    )
    return _changed(transaction.connection, statement, {"before": made_before, "version": version})


def _changed(connection: Connection, statement: object, bound: Mapping[str, object]) -> int:
    return int(connection.execute(statement, bound).rowcount)  # type: ignore[call-overload]  # any statement
