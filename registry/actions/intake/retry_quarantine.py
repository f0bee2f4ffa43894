"""Reads quarantined rows again after their connector's mapping has changed, and takes in those that it now reads.

A retried row goes the way of a delivered one and ends in one outcome; where its source gives no time stamp, it counts
from the moment at which it was first delivered, so that what came after it stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from connectors.contract import FileFormat, FileReader
from connectors.records import Rejected, SourceRecord
from registry.actions.intake.ingest import ingest_batch
from registry.actions.intake.quarantine_rows import seal_of
from registry.actions.keys.damage import tell_shared
from registry.actions.keys.sealing import Vault
from registry.model.errors import Tampered
from registry.protect.authorize import Action, authorize
from registry.store import quarantine, sources
from registry.store.quarantine import Delivery, WaitingRow
from registry.store.session import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlace:
    """Where the next batch of a retry begins."""

    ordinal: int  # of its first row, in the run of the retry
    after_row: int = 0  # rows of the delivery up to this one are done


def retry_batch(
    transaction: Transaction,
    vault: Vault,
    connector: FileReader,
    *,
    delivery: Delivery,
    run_id: UUID,
    place: RetryPlace,
    today: date,
    limit: int = 500,
) -> RetryPlace | None:
    """Retry the next waiting rows of a delivery, in the caller's transaction; None when there are none left.

    Args:
        run_id: of the retry.

    Raises:
        Refused: the access may not take in deliveries.
        Tampered: the key of the system's rows is not what was wrapped.
    """
    authorize(transaction.access, Action.INGEST)
    form = connector.format
    sources.lock_system(transaction, form.system)
    waiting = quarantine.waiting_rows(
        transaction, delivery.run_id, below_mapping=form.mapping_version, after_row=place.after_row, limit=limit
    )
    if not waiting:
        return None
    readable = _readable(transaction, vault, form, waiting)
    elements = [
        (ordinal, _read_again(connector, raw, row=row.row_number, encodings=delivery.encodings))
        for ordinal, (row, raw) in enumerate(readable, start=place.ordinal)
    ]
    if elements:
        ingest_batch(transaction, vault, elements, file_format=form, run_id=run_id, today=today)
    return RetryPlace(ordinal=place.ordinal + len(elements), after_row=waiting[-1].row_number)


def _readable(
    transaction: Transaction, vault: Vault, form: FileFormat, waiting: Sequence[WaitingRow]
) -> list[tuple[WaitingRow, bytes]]:
    """Return the rows that can be read; the others wait for a newer mapping under a rule that says what they are."""
    seal = seal_of(transaction, vault, form.system)
    found: list[tuple[WaitingRow, bytes]] = []
    damaged: dict[UUID, Tampered] = {}
    for row in waiting:
        try:
            found.append((row, seal.open(row)))
        except Tampered as error:
            damaged[row.quarantine_id] = error
    if damaged:
        quarantine.mark_damaged(transaction, damaged, mapping_version=form.mapping_version)
        tell_shared(transaction, vault, next(iter(damaged.values())), unreadable=len(damaged), of=len(waiting))
    return found


def _read_again(
    connector: FileReader, raw: bytes, *, row: int, encodings: Mapping[str, Any]
) -> SourceRecord | Rejected:
    # whatever a connector makes of them, the row is known by the bytes and the place that it was delivered with
    return replace(connector.reread(raw, row=row, encodings=encodings), raw=raw, row=row)
