"""Takes in one batch of delivered rows: checked, normalised, sealed and stored, each row with exactly one outcome.

A row is *accepted* when it becomes the current version of its record, *unchanged* when it already is,
*superseded* when a newer version is known, *quarantined* when it breaks a rule. Which of two versions is the newer
one, whatever the order of the rows, is decided in `standing`. A content once superseded does not come back by being
delivered again, so a second reading of a file changes nothing.

A newer mapping understands anew what comes again: an unchanged record is normalised by it, and a row that waited in
quarantine leaves it once it is understood, in the place that it had when it first came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from connectors.records import CaseFacts, Operation, Rejected, SourceRecord
from matching.identity import Identity
from registry.actions.intake import quarantine_rows, record_rows, standing
from registry.actions.intake.normalise import RuleBroken, check_texts, identity_of
from registry.actions.intake.quarantine_rows import Form
from registry.actions.intake.record_rows import Delivered, NewOwner, Stamp
from registry.actions.intake.standing import Current
from registry.actions.keys.damage import heal_records
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.protect.authorize import Action, authorize
from registry.protect.blind_index import BlindIndex
from registry.protect.log.access_log import Event
from registry.store import quarantine, runs, sources
from registry.store.quarantine import Entry
from registry.store.session import Transaction
from registry.store.sources import RecordBatch

Element = tuple[int, SourceRecord | Rejected]  # place in the reading, and what was read there
CONFLICT: Final = "version_conflict"  # noted of a row whose version number is another content's


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one element of a batch."""

    ordinal: int
    row: int
    outcome: str  # accepted, unchanged, superseded or quarantined
    rule: str | None  # that it breaks; or `CONFLICT`
    field: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    """A row that breaks a rule, and what the quarantine knows of it."""

    ordinal: int
    rejected: Rejected
    digest: bytes
    entry: Entry | None


def ingest_batch(
    transaction: Transaction,
    vault: Vault,
    elements: Sequence[Element],
    *,
    file_format: Form,
    run_id: UUID,
    today: date,
    source: str | None = None,
) -> list[Verdict]:
    """Store a batch of rows in the caller's transaction, and return what became of each, in their order.

    Args:
        elements: consecutive elements of the reading.
        file_format: which system's records they are, of which stream, by which mapping.
        run_id: of a run of the intake, whose checkpoint is moved; with a `source`, whatever the caller counts by.
        today: a birth after this day breaks a rule.
        source: the connection that they were read from; None: a file or a form, whose verdicts are kept row by row.

    Raises:
        Refused: the access may not take in deliveries.
    """
    authorize(transaction.access, Action.INGEST)
    sources.lock_system(transaction, file_format.system)
    stamp = Stamp(run_id=run_id, at=transaction.access.at, mapping_version=file_format.mapping_version, source=source)
    batch = RecordBatch()
    indexes = vault.indexes()
    digests = [indexes[0].bytes_digest(element.raw) for _, element in elements]
    entries = quarantine.entries(transaction, file_format.system, file_format.stream, digests)
    records = [element for _, element in elements if isinstance(element, SourceRecord)]
    current = standing.stored(transaction, vault, records, indexes)
    known = _Known(
        index=indexes[0],
        current=current,
        erased=standing.erased(transaction, records, indexes[0], known=current),
        entries=entries,
        stamp=stamp,
    )
    delivered, refused = _understand(elements, digests, known=known, today=today)
    _settle(vault, batch, delivered, current=current, stamp=stamp)
    _refuse(transaction, vault, batch, refused, file_format=file_format, stamp=stamp)
    verdicts = _in_order(batch.verdicts)
    if source is not None:
        batch.verdicts, batch.overtaken = [], []
    sources.write(transaction, batch, run_id=run_id)
    heal_records(transaction, [row["child_id"] for row in batch.identities])
    if source is None:
        runs.advance_ingest(transaction, run_id, rows_done=elements[-1][0] + 1)
    log(transaction, vault, Event(action=Action.INGEST, counts=_counts(verdicts, released=len(batch.released))))
    return verdicts


def _in_order(rows: Sequence[Mapping[str, Any]]) -> list[Verdict]:
    verdicts = [
        Verdict(
            ordinal=row["ordinal"],
            row=row["row_number"],
            outcome=row["outcome"],
            rule=row["rule"],
            field=row["field"],
        )
        for row in rows
    ]
    return sorted(verdicts, key=lambda verdict: verdict.ordinal)


def _counts(verdicts: Sequence[Verdict], *, released: int) -> Mapping[str, int]:
    counts = Counter(verdict.outcome for verdict in verdicts)
    return {**counts, "released": released} if released else counts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of the rows of a batch before it is worked through."""

    index: BlindIndex
    current: Mapping[bytes, Current]
    erased: frozenset[bytes]  # keys whose child was erased
    entries: Mapping[bytes, Entry]  # of the quarantine
    stamp: Stamp


def _understand(
    elements: Sequence[Element], digests: Sequence[bytes], *, known: _Known, today: date
) -> tuple[list[Delivered], list[_Refused]]:
    """Normalise what can be read and is new, or new to this mapping; return it, and what breaks a rule.

    Args:
        digests: of the elements' bytes.
    """
    understood: list[Delivered] = []
    refused: list[_Refused] = []
    for (ordinal, element), row_digest in zip(elements, digests, strict=True):
        entry = known.entries.get(row_digest)
        if isinstance(element, Rejected):
            refused.append(_Refused(ordinal=ordinal, rejected=element, digest=row_digest, entry=entry))
            continue
        key_index, digest = _fingerprints(known.index, element)
        try:
            identity = _new_identity(element, digest, key_index, known=known, on=today)
        except RuleBroken as broken:
            rejected = Rejected(row=element.row, rule=broken.rule, field=broken.field, raw=element.raw)
            refused.append(_Refused(ordinal=ordinal, rejected=rejected, digest=row_digest, entry=entry))
            continue
        understood.append(
            Delivered(
                ordinal=ordinal,
                record=element,
                identity=identity,
                key_index=key_index,
                index_version=known.index.version,
                content_digest=digest,
                waited=entry,
                erased=key_index in known.erased,
            )
        )
    return understood, refused


def _fingerprints(index: BlindIndex, record: SourceRecord) -> tuple[bytes, bytes]:
    return index.source_key(record.system, record.stream, record.key), index.content_digest(record.written)


def _new_identity(record: SourceRecord, digest: bytes, key_index: bytes, *, known: _Known, on: date) -> Identity:
    """Return what is understood of a row; of a version that was understood before only its digest matters now."""
    stored = known.current.get(key_index)
    if stored is not None and stored.unreadable:
        raise RuleBroken("record_damaged", "record")
    if stored is not None and digest in stored.known and not _is_news(stored, record, digest, stamp=known.stamp):
        return Identity()
    if record.operation is Operation.DELETE or key_index in known.erased:
        return Identity()
    check_texts((name, value) for name, value in record.services.items() if isinstance(value, str))
    return identity_of(record.facts, on=on)


def _is_news(stored: Current, record: SourceRecord, digest: bytes, *, stamp: Stamp) -> bool:
    """Tell whether a version that is known is to be understood all the same."""
    return stored.may_come_back(record, stamp) or stored.needs_rereading(
        record, digest, mapping_version=stamp.mapping_version
    )


def _settle(
    vault: Vault,
    batch: RecordBatch,
    delivered: Sequence[Delivered],
    *,
    current: dict[bytes, Current],
    stamp: Stamp,
) -> None:
    """Decide for each row, in the order of the file, whether it is newer than what is known; keep the last of each."""
    winners: dict[bytes, Delivered] = {}
    reread: dict[bytes, Delivered] = {}  # unchanged rows that an older mapping had understood
    accepted: dict[bytes, int] = {}  # key → index of its accepted verdict in this batch
    for row in delivered:
        now = current.get(row.key_index)
        outcome, conflict = standing.outcome_of(row, now, stamp), standing.is_conflict(row, now)
        if now and now.needs_rereading(row.record, row.content_digest, mapping_version=stamp.mapping_version):
            now.mapping_version = stamp.mapping_version
            now.row_version += 1
            reread[row.key_index] = row
        if outcome == "accepted":
            _overtake(batch, stamp, now, verdict=accepted.get(row.key_index))
            accepted[row.key_index] = len(batch.verdicts)
            current[row.key_index] = _accept(vault, batch, row, now=now, stamp=stamp)
            winners[row.key_index] = row
        elif outcome == "superseded" and now is not None and row.content_digest not in now.known:
            _keep_older(vault, batch, row, now=now, stamp=stamp)
        _verdict(batch, stamp, row.ordinal, row.record.row, outcome=outcome, rule=CONFLICT if conflict else None)
        if row.waited and row.waited.resolved_at is None:
            quarantine_rows.add_released(batch, row.waited, stamp=stamp)
    for key_index, row in winners.items():
        _make_current(vault, batch, row, now=current[key_index], stamp=stamp)
    for key_index in reread.keys() - winners.keys():
        _understand_anew(vault, batch, reread[key_index], now=current[key_index], stamp=stamp)


def _accept(vault: Vault, batch: RecordBatch, row: Delivered, *, now: Current | None, stamp: Stamp) -> Current:
    """Take a row as the newest so far: open its child on first sight, keep what was written."""
    if now is None:
        keys, new = record_rows.new_keys(vault, row.record)
        highest, row_version, known = 0, 0, dict[bytes, int]()
    else:
        if now.keys is None:
            raise RuntimeError("an erased record accepts nothing")
        keys, new = record_rows.with_case_key(vault, row.record, keys=now.keys, new=now.new)
        highest, row_version, known = now.highest, now.row_version, now.known
    version_no = known.get(row.content_digest, highest + 1)
    if row.content_digest not in known:
        record_rows.add_version(batch, row, keys=keys, version_no=version_no, stamp=stamp)
    return Current(
        version_at=row.record.version_at,
        said_version=row.record.version,
        content_digest=row.content_digest,
        withdrawn=row.record.operation is Operation.DELETE,
        run_id=stamp.run_id,
        row_number=row.record.row,
        seen_at=row.seen_at(stamp),
        version_no=version_no,
        mapping_version=stamp.mapping_version,
        row_version=row_version + 1,
        known=known | {row.content_digest: version_no},
        keys=keys,
        new=new,
    )


def _keep_older(vault: Vault, batch: RecordBatch, row: Delivered, *, now: Current, stamp: Stamp) -> None:
    """Keep an older version that comes late as it was written; it overwrites nothing."""
    if now.keys is None:
        return
    keys, new = record_rows.with_case_key(vault, row.record, keys=now.keys, new=NewOwner())
    if new.case is not None:  # a case of which only the tombstone was known: its key must outlive this batch
        record_rows.add_case(batch, CaseFacts(), keys=keys, new=new, row_version=now.row_version, stamp=stamp)
    now.keys = keys
    now.known[row.content_digest] = now.highest + 1
    record_rows.add_version(batch, row, keys=keys, version_no=now.known[row.content_digest], stamp=stamp)


def _make_current(vault: Vault, batch: RecordBatch, row: Delivered, *, now: Current, stamp: Stamp) -> None:
    if now.keys is not None:
        version = (now.version_no, now.row_version)
        record_rows.add_current(vault, batch, row, keys=now.keys, new=now.new, version=version, stamp=stamp)


def _understand_anew(vault: Vault, batch: RecordBatch, row: Delivered, *, now: Current, stamp: Stamp) -> None:
    if now.keys is not None:
        record_rows.add_reread(vault, batch, row, keys=now.keys, row_version=now.row_version, stamp=stamp)


def _overtake(batch: RecordBatch, stamp: Stamp, now: Current | None, *, verdict: int | None) -> None:
    """The row that was accepted before, in this run, is now superseded: each row ends in exactly one outcome."""
    if verdict is not None:
        batch.verdicts[verdict] = {**batch.verdicts[verdict], "outcome": "superseded"}
    elif now is not None and now.run_id == stamp.run_id:
        batch.overtaken.append((now.run_id, now.row_number))


def _verdict(
    batch: RecordBatch,
    stamp: Stamp,
    ordinal: int,
    row_number: int,
    *,
    outcome: str,
    rule: str | None = None,
    field: str | None = None,
) -> None:
    batch.verdicts.append(
        {
            "run_id": stamp.run_id,
            "ordinal": ordinal,
            "row_number": row_number,
            "outcome": outcome,
            "rule": rule,
            "field": field,
        }
    )


def _refuse(
    transaction: Transaction,
    vault: Vault,
    batch: RecordBatch,
    refused: Sequence[_Refused],
    *,
    file_format: Form,
    stamp: Stamp,
) -> None:
    """Keep each broken row in quarantine once; the same bytes again are the same row, seen again."""
    if not refused:
        return
    seal = quarantine_rows.seal_of(transaction, vault, file_format.system)
    first_of = {row.digest: row for row in reversed(refused)}
    for row in first_of.values():
        if row.entry is None:
            quarantine_rows.add_quarantined(
                batch, seal, row.rejected, digest=row.digest, file_format=file_format, stamp=stamp
            )
        else:
            quarantine_rows.add_refused_again(batch, seal, row.rejected, entry=row.entry, stamp=stamp)
    for row in refused:
        broken = row.rejected
        _verdict(batch, stamp, row.ordinal, broken.row, outcome="quarantined", rule=broken.rule, field=broken.field)
