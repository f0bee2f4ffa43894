"""Reads the records of a source again by a newer mapping: first those in quarantine, then those that stand.

What is read again goes the way of what is read for the first time, and ends in one outcome. A record that stands and
that the newer mapping refuses keeps what was understood of it, and its bytes wait in quarantine as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Final
from uuid import UUID

from connectors.listening import Failure
from connectors.records import Rejected, SourceRecord
from connectors.understanding import bytes_of
from registry.actions.intake.ingest import ingest_batch
from registry.actions.intake.quarantine_rows import Seal, seal_of
from registry.actions.keys.damage import Damage, tell_shared
from registry.actions.keys.sealing import Vault, open_group
from registry.actions.sources.land_page import Form
from registry.actions.sources.run import Place, current_place
from registry.model.errors import Tampered
from registry.protect.authorize import Action, authorize
from registry.protect.keys.keyring_file import Domain
from registry.store import kept_records, quarantine, source_streams, sources, sync_runs
from registry.store.kept_records import KeptRecord
from registry.store.quarantine import WaitingRow
from registry.store.session import Transaction
from registry.store.sync_runs import WaitingRecord

AT_ONCE: Final = 200

Again = Callable[[Sequence[tuple[bytes, int]]], Sequence[SourceRecord | Rejected | None] | Failure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What one step of a replay came to."""

    records: int
    accepted: int  # of them, those that left the quarantine or were understood anew
    done: bool
    after: UUID | None = None  # where the next step begins
    failure: Failure | None = None


def replay_waiting(
    transaction: Transaction,
    vault: Vault,
    place: Place,
    again: Again,
    *,
    after: UUID | None,
    today: date,
    whatever_mapping: bool = False,
) -> Replayed:
    """Read the next records in quarantine again, in the caller's transaction.

    Args:
        again: reads kept bytes by today's mapping.
        after: where the step before ended.
        whatever_mapping: also those that this mapping has refused before.

    Raises:
        Refused: the access may not take in records.
        PageOvertaken: the run has ended.
    """
    authorize(transaction.access, Action.SYNC)
    now = current_place(transaction, place)
    sources.lock_system(transaction, place.system)
    below = place.mapping_version + (1 if whatever_mapping else 0)
    waiting = sync_runs.waiting(
        transaction, place.source, place.stream.name, below_mapping=below, after=after, limit=AT_ONCE
    )
    if not waiting:
        return Replayed(records=0, accepted=0, done=True)
    rows = _opened(transaction, vault, now, waiting)
    said = again(rows)
    if isinstance(said, Failure):
        return Replayed(records=0, accepted=0, done=False, after=after, failure=said)
    number = _take_in(transaction, vault, now, rows, said, today=today)
    return Replayed(records=len(rows), accepted=number, done=False, after=waiting[-1].quarantine_id)


def replay_kept(transaction: Transaction, vault: Vault, place: Place, again: Again, *, today: date) -> Replayed:
    """Read the next standing records again; how far it has come is kept, so that it goes on there.

    Raises:
        Refused: the access may not take in records.
        PageOvertaken: the run has ended.
    """
    authorize(transaction.access, Action.SYNC)
    now = current_place(transaction, place)
    source, stream = place.source, place.stream.name
    standing = kept_records.kept(
        transaction,
        source,
        stream,
        below_mapping=place.mapping_version,
        after=now.state.replayed_to,
        limit=AT_ONCE,
    )
    if not standing:
        source_streams.change(transaction, source, stream, mapping_version=place.mapping_version, replayed_to=None)
        return Replayed(records=0, accepted=0, done=True)
    met = Damage(transaction, vault)
    written = [(met.tried(one.child_id, partial(_written, vault, one)), one.row_number) for one in standing]
    met.settle(of=len(standing))
    rows = [(raw, row) for raw, row in written if raw is not None]
    said = again(rows)
    if isinstance(said, Failure):
        return Replayed(records=0, accepted=0, done=False, failure=said)
    number = _take_in(transaction, vault, now, rows, said, today=today)
    source_streams.change(transaction, source, stream, replayed_to=standing[-1].child_id)
    return Replayed(records=len(rows), accepted=number, done=False)


def _opened(
    transaction: Transaction, vault: Vault, place: Place, waiting: Sequence[WaitingRecord]
) -> list[tuple[bytes, int]]:
    """Return the bytes that can be opened; the others wait under a rule that says what they are."""
    seal, found, damaged = seal_of(transaction, vault, place.system), [], dict[UUID, Tampered]()
    for row in waiting:
        try:
            found.append((_raw(seal, row), row.row_number))
        except Tampered as error:
            damaged[row.quarantine_id] = error
    if damaged:
        quarantine.mark_damaged(transaction, damaged, mapping_version=place.mapping_version)
        tell_shared(transaction, vault, next(iter(damaged.values())), unreadable=len(damaged), of=len(waiting))
    return found


def _raw(seal: Seal, row: WaitingRecord) -> bytes:
    return seal.open(WaitingRow(quarantine_id=row.quarantine_id, row_number=row.row_number, sealed_raw=row.sealed_raw))


def _written(vault: Vault, record: KeptRecord) -> bytes:
    owner, wrapped, epoch, generation = record.child_id, record.wrapped_key, record.key_epoch, record.key_generation
    domain = Domain.IDENTITY_WRAP
    if record.key_kind == "case" and record.case_id is not None and record.case_wrapped_key is not None:
        owner, wrapped, domain = record.case_id, record.case_wrapped_key, Domain.CASE_WRAP
        epoch, generation = record.case_key_epoch or 1, record.case_key_generation or 1
    key = vault.key(domain, owner, wrapped=wrapped, epoch=epoch, generation=generation)
    group = f"written:{record.version_no}"
    document = open_group(key, "source_version", group=group, row=owner, token=record.sealed_written)
    return bytes_of(document)


def _take_in(
    transaction: Transaction,
    vault: Vault,
    place: Place,
    rows: Sequence[tuple[bytes, int]],
    said: Sequence[SourceRecord | Rejected | None],
    *,
    today: date,
) -> int:
    """Take in what was read again, and return how many records are understood now."""
    elements = [
        (number, one if isinstance(one, SourceRecord) else replace(one, raw=raw, row=row))
        for number, ((raw, row), one) in enumerate(zip(rows, said, strict=True))
        if one is not None
    ]
    if not elements:
        return 0
    verdicts = ingest_batch(
        transaction,
        vault,
        elements,
        file_format=Form(system=place.system, stream=place.stream.name, mapping_version=place.mapping_version),
        run_id=place.run.run_id,
        today=today,
        source=place.source,
    )
    sync_runs.add(transaction, place.run.run_id, {"replayed": len(verdicts)})
    return sum(verdict.outcome != "quarantined" for verdict in verdicts)
