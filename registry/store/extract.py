"""The population extract: citizens sealed batch by batch, found by keyed numbers and keyed blocks."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update

from connectors.contract import Candidate, CandidatePage, CandidateQuery
from registry.store import keys
from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.keys import SharedKeyRow
from registry.store.tables.supporting import (
    ExtractBatchRow,
    ExtractBlockRow,
    ExtractNumberLookupRow,
    ExtractPersonRow,
)

Row = Mapping[str, Any]
DOMAIN = "extract_wrap"  # of the keys of all loads


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractBatch:
    """One load of an extract and the wrapped key of its people."""

    batch_id: uuid.UUID
    wrapped_key: bytes
    key_epoch: int
    file_digest: bytes
    rows_done: int
    finished_at: datetime | None


def batches(transaction: Transaction) -> list[ExtractBatch]:
    """Return all loads, oldest first."""
    query = (
        select(
            ExtractBatchRow.batch_id,
            SharedKeyRow.wrapped_key,
            SharedKeyRow.epoch.label("key_epoch"),
            ExtractBatchRow.file_digest,
            ExtractBatchRow.rows_done,
            ExtractBatchRow.finished_at,
        )
        .join(SharedKeyRow, SharedKeyRow.owner_id == ExtractBatchRow.batch_id)
        .order_by(ExtractBatchRow.started_at)
    )
    return [ExtractBatch(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def open_batch(transaction: Transaction, batch: ExtractBatch, *, at: datetime) -> None:
    """Begin a load."""
    keys.add_shared(transaction, batch.batch_id, domain=DOMAIN, wrapped_key=batch.wrapped_key, epoch=batch.key_epoch)
    transaction.connection.execute(
        insert(ExtractBatchRow).values(
            batch_id=batch.batch_id,
            file_digest=batch.file_digest,
            rows_done=0,
            refused={},
            started_at=at,
        )
    )


def advance(transaction: Transaction, batch_id: uuid.UUID, *, rows_done: int, refused: Mapping[str, int]) -> None:
    """Move the checkpoint of a load and add to its refused rows, in the transaction that stores the people."""
    so_far = transaction.connection.scalar(select(ExtractBatchRow.refused).where(ExtractBatchRow.batch_id == batch_id))
    total = dict(so_far or {})
    for rule, number in refused.items():
        total[rule] = total.get(rule, 0) + number
    transaction.connection.execute(
        update(ExtractBatchRow).where(ExtractBatchRow.batch_id == batch_id).values(rows_done=rows_done, refused=total)
    )


def finish(transaction: Transaction, batch_id: uuid.UUID, *, sealed_frequencies: bytes, at: datetime) -> None:
    """End a load with the frequencies that were counted over it."""
    transaction.connection.execute(
        update(ExtractBatchRow)
        .where(ExtractBatchRow.batch_id == batch_id)
        .values(sealed_frequencies=sealed_frequencies, finished_at=at)
    )


def refused(transaction: Transaction, batch_id: uuid.UUID) -> dict[str, int]:
    """Return the number of refused rows of a load by rule."""
    rows = transaction.connection.scalar(select(ExtractBatchRow.refused).where(ExtractBatchRow.batch_id == batch_id))
    return dict(rows or {})


def frequencies(transaction: Transaction) -> tuple[ExtractBatch, bytes] | None:
    """Return the newest finished load and its sealed frequencies, or None before the first."""
    newest = [batch for batch in batches(transaction) if batch.finished_at is not None]
    if not newest:
        return None
    sealed = transaction.connection.scalar(
        select(ExtractBatchRow.sealed_frequencies).where(ExtractBatchRow.batch_id == newest[-1].batch_id)
    )
    return None if sealed is None else (newest[-1], sealed)


def by_number(transaction: Transaction, number_indexes: Iterable[bytes]) -> dict[bytes, tuple[uuid.UUID, bytes]]:
    """Return person and content digest of those whose current number is known."""
    query = (
        select(ExtractNumberLookupRow.number_index, ExtractPersonRow.person_id, ExtractPersonRow.content_digest)
        .join(ExtractPersonRow, ExtractPersonRow.person_id == ExtractNumberLookupRow.person_id)
        .where(among(ExtractNumberLookupRow.number_index, number_indexes), ~ExtractNumberLookupRow.former)
    )
    return {index: (person_id, digest) for index, person_id, digest in transaction.connection.execute(query)}


def write_people(
    transaction: Transaction, *, people: Sequence[Row], numbers: Sequence[Row], blocks: Sequence[Row]
) -> None:
    """Store people, replacing those that came before with their numbers and blocks."""
    ids = [row["person_id"] for row in people]
    if not ids:
        return
    insert_rows(transaction, ExtractPersonRow, people, replacing=True)  # first: its rows lock out a rotation
    transaction.connection.execute(delete(ExtractBlockRow).where(among(ExtractBlockRow.person_id, ids)))
    transaction.connection.execute(delete(ExtractNumberLookupRow).where(among(ExtractNumberLookupRow.person_id, ids)))
    insert_rows(transaction, ExtractNumberLookupRow, numbers)
    insert_rows(transaction, ExtractBlockRow, blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPerson:
    """A citizen as stored, and whose key opens them."""

    person_id: uuid.UUID
    batch_id: uuid.UUID
    sealed_person: bytes


def people(transaction: Transaction, person_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, SealedPerson]:
    """Return sealed people by id."""
    query = select(ExtractPersonRow.person_id, ExtractPersonRow.batch_id, ExtractPersonRow.sealed_person).where(
        among(ExtractPersonRow.person_id, person_ids)
    )
    rows = transaction.connection.execute(query).mappings()
    return {row["person_id"]: SealedPerson(**dict(row)) for row in rows}


def everybody(transaction: Transaction) -> Iterator[SealedPerson]:
    """Return all sealed people, without holding them all."""
    query = select(
        ExtractPersonRow.person_id, ExtractPersonRow.batch_id, ExtractPersonRow.sealed_person
    ).execution_options(yield_per=5000)
    for row in transaction.connection.execute(query).mappings():
        yield SealedPerson(**dict(row))


def size(transaction: Transaction) -> int:
    """Return the number of people."""
    return int(transaction.connection.scalar(select(func.count()).select_from(ExtractPersonRow)) or 0)


# One row for each person met, with the kinds of token that met her; kinds that meet too many stand under no person.
_SHARING = """
WITH met AS (
    SELECT q.query_id, q.kind, b.person_id, count(*) OVER (PARTITION BY q.query_id, q.kind) > :limit AS broad
    FROM unnest(cast(:ids AS text[]), cast(:kinds AS text[]), cast(:tokens AS bigint[])) AS q(query_id, kind, token)
    JOIN extract_block b ON b.kind = q.kind AND b.token = q.token
)
SELECT query_id, CASE WHEN NOT broad THEN person_id END AS person, array_agg(DISTINCT kind ORDER BY kind)
FROM met GROUP BY query_id, person
"""


def people_sharing(
    transaction: Transaction, queries: Sequence[CandidateQuery], *, limit: int
) -> Iterable[CandidatePage]:
    """Return for each query the people who share a token with it.

    A kind that alone brings more than `limit` people to a query is left out and named in `too_broad`.
    """
    flat = [(query.query_id, kind, token) for query in queries for kind, many in query.tokens.items() for token in many]
    if not flat:
        return [CandidatePage(query_id=query.query_id, candidates=()) for query in queries]
    ids, kinds, tokens = zip(*flat, strict=True)
    rows = transaction.connection.execute(
        text(_SHARING), {"ids": list(ids), "kinds": list(kinds), "tokens": list(tokens), "limit": limit}
    )
    shared: dict[str, dict[uuid.UUID, list[str]]] = {}
    broad: dict[str, list[str]] = {}
    for query_id, person_id, kinds_shared in rows:
        if person_id is None:
            broad[query_id] = kinds_shared
        else:
            shared.setdefault(query_id, {})[person_id] = kinds_shared
    return [_page(query.query_id, shared.get(query.query_id, {}), broad.get(query.query_id, ())) for query in queries]


def _page(query_id: str, shared: Mapping[uuid.UUID, Sequence[str]], broad: Sequence[str]) -> CandidatePage:
    candidates = [
        Candidate(person_ref=str(person_id), shared=tuple(kinds)) for person_id, kinds in sorted(shared.items())
    ]
    return CandidatePage(query_id=query_id, candidates=tuple(candidates), too_broad=tuple(broad))
