"""What is stored of the records of a batch, and which of two contents of a record is the newer one.

The source's own version number decides where both contents have one, then its time stamp, then the order of arrival.
Two contents of one version are a conflict: the later stamp wins, and if there is none, what stood first stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from connectors.records import Operation, SourceRecord
from registry.actions.intake import record_rows
from registry.actions.intake.record_rows import Delivered, NewOwner, OpenKeys, Stamp
from registry.actions.keys.damage import Damage, unread_records
from registry.actions.keys.sealing import Vault
from registry.protect.blind_index import BlindIndex
from registry.store import erasures, sources
from registry.store.session import Transaction


@dataclass(slots=True)
class Current:
    """The current version of one record while a batch is worked through."""

    version_at: datetime | None
    said_version: int | None
    content_digest: bytes
    withdrawn: bool
    run_id: UUID
    row_number: int
    seen_at: datetime
    version_no: int
    mapping_version: int  # by which its identity was understood
    row_version: int
    known: dict[bytes, int]  # digests of all versions, and their numbers
    keys: OpenKeys | None  # None: erased, or unreadable
    new: NewOwner  # what this batch opens for the first time
    unreadable: bool = False  # its data key was changed: nothing can be added to it

    @property
    def highest(self) -> int:
        """The highest number of a version; it may be above the current one."""
        return max(self.known.values(), default=self.version_no)

    def needs_rereading(self, record: SourceRecord, digest: bytes, *, mapping_version: int) -> bool:
        """Tell whether `record` is this version, as an older mapping understood it; a tombstone holds nothing."""
        return (
            self.mapping_version < mapping_version
            and self.content_digest == digest
            and self.keys is not None
            and record.operation is not Operation.DELETE
        )

    def may_come_back(self, record: SourceRecord, stamp: Stamp) -> bool:
        """Tell whether a content that is known may be news: its record was missed, or nothing tells old from new.

        A delivered file may be an old one, so that what was superseded stays so. What an engine reads from a source is
        what the source says now.
        """
        return (self.withdrawn and record.operation is not Operation.DELETE) or _is_said_now(record, stamp)

    def comes_back(self, record: SourceRecord, digest: bytes, stamp: Stamp) -> bool:
        """Tell whether a known content becomes the current one again."""
        if digest == self.content_digest:
            return self.withdrawn and record.operation is not Operation.DELETE
        return digest in self.known and _is_said_now(record, stamp)


def _is_said_now(record: SourceRecord, stamp: Stamp) -> bool:
    return stamp.source is not None and record.version is None and record.version_at is None


def outcome_of(row: Delivered, now: Current | None, stamp: Stamp) -> str:
    """Return what becomes of a row: accepted, unchanged or superseded."""
    if now is None:
        return "superseded" if row.erased else "accepted"
    if now.keys is not None and now.comes_back(row.record, row.content_digest, stamp):
        return "accepted"
    if row.content_digest == now.content_digest:
        return "unchanged"
    if now.keys is None or row.content_digest in now.known:
        return "superseded"
    return "superseded" if _is_older(row, now) else "accepted"


def is_conflict(row: Delivered, now: Current | None) -> bool:
    """Tell whether a row has the version number of the current one, and another content."""
    return (
        now is not None
        and row.record.version is not None
        and row.record.version == now.said_version
        and row.content_digest not in now.known
    )


def _is_older(row: Delivered, now: Current) -> bool:
    """Tell whether the source said `row` before `now`; without different stamps, whether it delivered it before."""
    version, at = row.record.version, row.record.version_at
    if version is not None and now.said_version is not None:
        if version != now.said_version:
            return version < now.said_version
        return at is None or now.version_at is None or at <= now.version_at
    if at is not None and now.version_at is not None and at != now.version_at:
        return at < now.version_at
    waited = row.waited  # only a row that waited can have come before what is stored
    return waited is not None and (waited.first_seen_at, waited.row_number) < (now.seen_at, now.row_number)


def stored(
    transaction: Transaction, vault: Vault, records: Sequence[SourceRecord], indexes: Sequence[BlindIndex]
) -> dict[bytes, Current]:
    """Return what is stored of records, by their keys under the first of the indexes."""
    names = {(record.system, record.stream, record.key) for record in records}
    hashes = [[index.source_key(*name) for index in indexes] for name in names]
    found = sources.states(transaction, {one for many in hashes for one in many})
    states = {many[0]: found[one] for many in hashes for one in reversed(many) if one in found}
    if not states:
        return {}
    children = [state.child_id for state in states.values()]
    known = sources.known_versions(transaction, children)
    damaged, met = unread_records(transaction, children), Damage(transaction, vault)
    current = {
        index: Current(
            version_at=state.version_at,
            said_version=state.said_version,
            content_digest=state.content_digest,
            withdrawn=state.withdrawn,
            run_id=state.run_id,
            row_number=state.row_number,
            seen_at=state.seen_at,
            version_no=state.version_no,
            mapping_version=0
            if state.child_id in damaged
            else state.mapping_version,  # sealed afresh if it comes again
            row_version=state.row_version,
            known=known.get(state.child_id, {}),
            keys=met.tried(state.child_id, partial(record_rows.stored_keys, vault, state)),
            unreadable=state.child_id in met.children,
            new=NewOwner(),
        )
        for index, state in states.items()
    }
    met.settle(of=len(states))
    return current


def erased(
    transaction: Transaction, records: Sequence[SourceRecord], index: BlindIndex, *, known: Mapping[bytes, Current]
) -> frozenset[bytes]:
    """Return the keys of those records whose child was erased."""
    digests = {}
    for record in records:
        key_index = index.source_key(record.system, record.stream, record.key)
        if key_index not in known:
            digests[index.erased_record(record.system, record.stream, record.key)] = key_index
    return frozenset(digests[digest] for digest in erasures.erased_among(transaction, digests))
