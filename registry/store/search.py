"""Search rows: what a search compares, by commune or by tokens; derived from sealed identities, so they can be rebuilt.

A search reads thousands of rows. They come as plain tuples, straight from the driver, ids as bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import sql
from sqlalchemy import not_, or_, select

from registry.protect.authorize import Grant
from registry.store.bulk import insert_rows
from registry.store.links import SealedIdentity, living_identities
from registry.store.session import Transaction, driver_of
from registry.store.tables.children import ChildRow, ChildSearchRow, DamagedValueRow

SealedFacts = tuple[bytes, int, int, bytes, bytes]  # id, generation, epoch, wrapped key, sealed facts

_OF_COMMUNES = b"""
SELECT uuid_send(s.child_id), k.generation, k.epoch, k.wrapped_key, s.sealed_finding
FROM child_search s JOIN child_key k ON k.child_id = s.child_id AND k.owner_id = s.child_id
"""
_OF_YEARS = b"WHERE (s.birth_year BETWEEN %b AND %b OR s.birth_year IS NULL)"
_OF_TOKENS = b"""
WITH best AS MATERIALIZED (
    SELECT child_id, sealed_finding FROM child_search
    ORDER BY icount(tokens & %b::int4[]) DESC, child_id LIMIT %b)
SELECT uuid_send(b.child_id), k.generation, k.epoch, k.wrapped_key, b.sealed_finding
FROM best b JOIN child_key k ON k.child_id = b.child_id AND k.owner_id = b.child_id
"""
# What is looked for is told to the policy of the table, which alone can use an index. Compiling a plan takes longer
# than running it, and a table of which a few rows are wanted is never read through.
_LOOKING = sql.SQL(
    "SET LOCAL jit = off; SET LOCAL enable_seqscan = off; SET LOCAL max_parallel_workers_per_gather = 0;"
    "SET LOCAL app.tokens = {}; SET LOCAL app.looked_in = {}"
)


def in_communes(
    transaction: Transaction, grant: Grant, communes: Sequence[str], *, years: tuple[int, int] | None
) -> list[SealedFacts]:
    """Return every identity that may live in one of `communes`; unknown birth years are never filtered out.

    Args:
        years: first and last year of birth to look at.
    """
    transaction.hold(grant)
    _tell(transaction, communes=communes)
    if years is None:
        return _fetch(transaction, _OF_COMMUNES, ())
    return _fetch(transaction, _OF_COMMUNES + _OF_YEARS, years)


def by_tokens(
    transaction: Transaction, grant: Grant, deciding: Sequence[int], every: Sequence[int], *, limit: int
) -> list[SealedFacts]:
    """Return identities that share one of the deciding tokens: those that share most of `every`."""
    transaction.hold(grant)
    _tell(transaction, tokens=deciding)
    return _fetch(transaction, _OF_TOKENS, [list(every), limit])


def _tell(transaction: Transaction, *, tokens: Iterable[int] = (), communes: Iterable[str] = ()) -> None:
    values = ["{" + ",".join(map(str, one)) + "}" for one in (tokens, communes)]
    driver_of(transaction).execute(_LOOKING.format(*map(sql.Literal, values)))


def _fetch(transaction: Transaction, statement: bytes, values: Sequence[object]) -> list[SealedFacts]:
    with driver_of(transaction).cursor(binary=True) as cursor:
        return cursor.execute(statement, values).fetchall()


def unfit(transaction: Transaction, *, key_version: int, limit: int) -> list[SealedIdentity]:
    """Return living identities whose search row is missing, damaged, or made with another key; locked till the end.

    Those that somebody else holds are left for the next time; those that cannot be read themselves are left alone.
    """
    noted = select(DamagedValueRow.child_id).where(DamagedValueRow.child_id == ChildRow.child_id)
    own = DamagedValueRow.table_name == ChildSearchRow.__tablename__
    query = (
        living_identities()
        .outerjoin(ChildSearchRow, ChildSearchRow.child_id == ChildRow.child_id)
        .where(
            or_(
                ChildSearchRow.child_id.is_(None),
                ChildSearchRow.key_version != key_version,
                noted.where(own).exists(),
            ),
            not_(noted.where(not_(own)).exists()),
        )
        .limit(limit)
        .with_for_update(of=ChildRow, skip_locked=True)
    )
    return [SealedIdentity(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def write(transaction: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write search rows in place of those that are there."""
    insert_rows(transaction, ChildSearchRow, rows, replacing=True)
