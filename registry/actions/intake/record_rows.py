"""Turns one understood source record into the rows that are stored: sealed groups, keyed hashes, codes in clear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from connectors.records import CaseFacts, Operation, PersonFacts, SourceRecord
from matching.blocking import block_keys
from matching.identity import Identity
from registry.actions.finding.search_rows import search_row
from registry.actions.keys.sealing import NUMBER, Vault, seal_group
from registry.model.identity_groups import family_document, identity_document
from registry.protect.blind_index import BlindIndex
from registry.protect.cipher import seal_documents
from registry.protect.keys.data_key import DataKey, WrappedKey
from registry.protect.keys.keyring_file import Domain
from registry.store.quarantine import Entry
from registry.store.sources import RecordBatch, SourceState

CLAIMED = "claimed"  # kind of an identifier that a source gave, beside the 'linked' ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A row that was read and understood, ready to be compared with what is stored."""

    ordinal: int  # place in the reading, from 0
    record: SourceRecord = field(repr=False)
    identity: Identity = field(repr=False)
    key_index: bytes
    index_version: int  # of the key that made `key_index`
    content_digest: bytes
    waited: Entry | None = None  # in quarantine, until now or once before; None: it came just now
    erased: bool = False  # its child was erased: nothing of it may come back

    def seen_at(self, stamp: Stamp) -> datetime:
        """Return when the row was first delivered."""
        return self.waited.first_seen_at if self.waited else stamp.at


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenKeys:
    """The open keys of one source record: the child's and, where there is a case, the case's."""

    child_id: UUID
    child: DataKey
    case_id: UUID | None
    case: DataKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOwner:
    """Columns of the data keys of what a batch opens for the first time; None: it was there before."""

    child: Mapping[str, Any] | None = None
    case: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What every row of a batch is stamped with."""

    run_id: UUID
    at: datetime
    mapping_version: int
    source: str | None = None  # the connection that the rows were read from; None: a file or a form


def new_keys(vault: Vault, record: SourceRecord, *, child_id: UUID | None = None) -> tuple[OpenKeys, NewOwner]:
    """Return the keys of a child opened for a source record seen for the first time, and their wrapped columns.

    Args:
        child_id: None for a new one.
    """
    child_id = child_id or uuid4()
    key, wrapped = vault.new_key(Domain.IDENTITY_WRAP, child_id)
    keys = OpenKeys(child_id=child_id, child=key, case_id=None, case=None)
    return with_case_key(vault, record, keys=keys, new=NewOwner(child=_columns(Domain.IDENTITY_WRAP, wrapped)))


def with_case_key(vault: Vault, record: SourceRecord, *, keys: OpenKeys, new: NewOwner) -> tuple[OpenKeys, NewOwner]:
    """Return `keys` with the key of the case that `record` holds, made on first sight."""
    if record.case is None or keys.case is not None:
        return keys, new
    case_id = uuid4()
    key, wrapped = vault.new_key(Domain.CASE_WRAP, case_id)
    keys = OpenKeys(child_id=keys.child_id, child=keys.child, case_id=case_id, case=key)
    return keys, NewOwner(child=new.child, case=_columns(Domain.CASE_WRAP, wrapped))


def _columns(domain: Domain, wrapped: WrappedKey) -> Mapping[str, Any]:
    return {"domain": domain.value, "generation": 1, "epoch": wrapped.epoch, "wrapped_key": wrapped.wrapped}


def stored_keys(vault: Vault, state: SourceState) -> OpenKeys | None:
    """Open the keys of a stored source record; None if the child was erased, for then nothing may come back."""
    if state.wrapped_key is None:
        return None
    key = vault.key(
        Domain.IDENTITY_WRAP,
        state.child_id,
        wrapped=state.wrapped_key,
        epoch=state.key_epoch or 1,
        generation=state.key_generation or 1,
    )
    case = None
    if state.case_id is not None and state.case_wrapped_key is not None:
        case = vault.key(
            Domain.CASE_WRAP,
            state.case_id,
            wrapped=state.case_wrapped_key,
            epoch=state.case_key_epoch or 1,
            generation=state.case_key_generation or 1,
        )
    return OpenKeys(child_id=state.child_id, child=key, case_id=state.case_id, case=case)


def add_current(
    vault: Vault,
    batch: RecordBatch,
    delivered: Delivered,
    *,
    keys: OpenKeys,
    new: NewOwner,
    version: tuple[int, int],
    stamp: Stamp,
) -> None:
    """Add the rows that make `delivered` the current version of its record.

    A withdrawn record keeps its sealed identity, and is no longer found, matched or counted.

    Args:
        version: number of the version, and of the write of the identity.
    """
    version_no, row_version = version
    withdrawn = delivered.record.operation is Operation.DELETE
    batch.records.append(_record_row(delivered, keys.child_id, version_no=version_no, stamp=stamp))
    add_understood(vault, batch, delivered, keys=keys, new=new, row_version=row_version, stamp=stamp)
    kind = "record.withdrawn" if withdrawn else "record.received"
    batch.events.append({"child_id": keys.child_id, "kind": kind, "at": stamp.at})


def add_reread(
    vault: Vault, batch: RecordBatch, delivered: Delivered, *, keys: OpenKeys, row_version: int, stamp: Stamp
) -> None:
    """Add the rows that understand the current version of a record anew; the version itself stays.

    Args:
        row_version: number of the write of the identity.
    """
    keys, new = with_case_key(vault, delivered.record, keys=keys, new=NewOwner())
    add_understood(vault, batch, delivered, keys=keys, new=new, row_version=row_version, stamp=stamp)
    batch.events.append({"child_id": keys.child_id, "kind": "record.reread", "at": stamp.at})


def add_understood(
    vault: Vault,
    batch: RecordBatch,
    delivered: Delivered,
    *,
    keys: OpenKeys,
    new: NewOwner,
    row_version: int,
    stamp: Stamp,
) -> None:
    """Add what was understood of a row: codes in clear, sealed groups, look-ups, and the case."""
    withdrawn = delivered.record.operation is Operation.DELETE
    codes = {} if withdrawn and new.child is None else _codes(delivered)
    child = {"child_id": keys.child_id, **codes, "withdrawn_at": stamp.at if withdrawn else None}
    if new.child is not None:
        batch.children.append({**child, "created_at": stamp.at})
        batch.data_keys.append({"child_id": keys.child_id, "owner_id": keys.child_id, **new.child})
        version = delivered.index_version
        batch.keys.append({"key_index": delivered.key_index, "leads_to": keys.child_id, "key_version": version})
    else:
        (batch.withdrawn_children if withdrawn else batch.changed_children).append(child)
    if new.child is not None or not withdrawn:
        batch.identities.append(_identity_row(delivered, keys, row_version=row_version, stamp=stamp))
    if not withdrawn:
        _add_lookups(vault, batch, delivered, keys=keys)
    if delivered.record.case is not None or new.case is not None:
        add_case(batch, delivered.record.case or CaseFacts(), keys=keys, new=new, row_version=row_version, stamp=stamp)


def add_case(
    batch: RecordBatch, case: CaseFacts, *, keys: OpenKeys, new: NewOwner, row_version: int, stamp: Stamp
) -> None:
    """Add the row of a protection case under its own key."""
    if keys.case is None or keys.case_id is None:
        return
    row = {
        "child_id": keys.child_id,
        "case_id": keys.case_id,
        **_case_columns(case, keys.case, keys.case_id),
        "row_version": row_version,
        "updated_at": stamp.at,
    }
    if new.case is None:
        batch.changed_cases.append(row)
    else:
        batch.cases.append(row)
        batch.data_keys.append({"child_id": keys.child_id, "owner_id": keys.case_id, **new.case})


def add_version(batch: RecordBatch, delivered: Delivered, *, keys: OpenKeys, version_no: int, stamp: Stamp) -> None:
    """Keep the row as it was written, for ever, sealed under the key of the case where it holds one."""
    if delivered.record.case is not None and keys.case is not None and keys.case_id is not None:
        kind, key, owner = "case", keys.case, keys.case_id
    else:
        kind, key, owner = "child", keys.child, keys.child_id
    document = dict(delivered.record.written)
    batch.versions.append(
        {
            "child_id": keys.child_id,
            "version_no": version_no,
            "version_at": delivered.record.version_at,
            "content_digest": delivered.content_digest,
            "key_kind": kind,
            "sealed_written": seal_group(
                key, "source_version", group=f"written:{version_no}", row=owner, document=document
            ),
            "run_id": stamp.run_id,
            "row_number": delivered.record.row,
        }
    )


def _codes(delivered: Delivered) -> dict[str, Any]:
    identity = delivered.identity
    unit = identity.unit
    return {
        "system": delivered.record.system,
        "commune_code": unit.code if unit and unit.code else None,  # an address names a unit, not its code
        "commune_scheme": unit.scheme.value if unit and unit.code else None,
        "communes": list(unit.communes) if unit else [],
        "province_code": unit.province if unit else None,
        "sex": identity.sex.value if identity.sex else None,
        "birth_year": identity.birth.year if identity.birth else None,
    }


def _identity_row(delivered: Delivered, keys: OpenKeys, *, row_version: int, stamp: Stamp) -> Mapping[str, Any]:
    record = delivered.record
    services = dict(record.services)
    group = services.pop("group", None)
    documents: Mapping[str, Mapping[str, Any]] = {
        "identity": identity_document(delivered.identity),
        "family": {**family_document(delivered.identity), "carer": _carer(record.facts.carer)},
        "contact": {"address": record.facts.address},
        "services": services,
        "welfare": {"groups": [] if group is None else [group]},
        "source": _source_document(record),
    }
    sealed = seal_documents(keys.child, "identity", row=keys.child_id, documents=documents)
    return {
        "child_id": keys.child_id,
        **{f"sealed_{name}": token for name, token in sealed.items()},
        "mapping_version": stamp.mapping_version,
        "row_version": row_version,
        "updated_at": stamp.at,
    }


def _source_document(record: SourceRecord) -> Mapping[str, Any]:
    others = {"identifiers": [list(each) for each in record.identifiers]} if record.identifiers else {}
    return {"stream": record.stream, "key": record.key, **others}


def _carer(carer: PersonFacts | None) -> dict[str, Any] | None:
    return None if carer is None else {"name": carer.name, "relation": carer.relation}


def _record_row(delivered: Delivered, child_id: UUID, *, version_no: int, stamp: Stamp) -> Mapping[str, Any]:
    record = delivered.record
    return {
        "child_id": child_id,
        "system": record.system,
        "stream": record.stream,
        "version_no": version_no,
        "version_at": record.version_at,
        "content_digest": delivered.content_digest,
        "run_id": stamp.run_id,
        "row_number": record.row,
        "withdrawn": record.operation is Operation.DELETE,
        "seen_at": delivered.seen_at(stamp),
        "said_version": record.version,
        "source": stamp.source,
    }


def _add_lookups(vault: Vault, batch: RecordBatch, delivered: Delivered, *, keys: OpenKeys) -> None:
    identity, child_id, index = delivered.identity, keys.child_id, vault.index
    if identity.number is not None:
        number = index.identifier(NUMBER, identity.number)
        batch.identifiers.append(
            {"number_index": number, "leads_to": child_id, "kind": CLAIMED, "key_version": index.version}
        )
    batch.identifiers.extend(other_rows(index, child_id, delivered.record.identifiers))
    batch.blocks.extend(block_rows(index, child_id, identity))
    batch.searches.append(search_row(vault, identity, child_id=child_id, key=keys.child))


def other_rows(index: BlindIndex, child_id: UUID, others: Iterable[tuple[str, str]]) -> list[Mapping[str, Any]]:
    """Return the look-ups by the other identifiers that a source gave; args: others: domain and value."""
    return [
        {"number_index": hashed, "leads_to": child_id, "kind": CLAIMED, "key_version": index.version}
        for hashed in sorted({other_identifier(index, domain, value) for domain, value in others})
    ]


def other_identifier(index: BlindIndex, domain: str, value: str) -> bytes:
    """Return the keyed hash of an identifier that is neither a record's own key nor a personal number."""
    return index.identifier(f"other {domain}", value)


def block_rows(index: BlindIndex, child_id: UUID, identity: Identity) -> list[Mapping[str, Any]]:
    """Return the tokens by which an identity meets citizens and other records."""
    keys = {(key.kind, key.text) for key in block_keys(identity)}
    tokens = {(kind, token, version) for kind, text in keys for version, token in index.block_tokens(kind, text)}
    return [
        {"child_id": child_id, "kind": kind, "token": token, "key_version": version}
        for kind, token, version in sorted(tokens)
    ]


def _case_columns(case: CaseFacts, key: DataKey, case_id: UUID) -> dict[str, bytes | None]:
    documents: dict[str, Mapping[str, Any]] = {
        "case": {"groups": list(case.groups), "harm_level": case.harm_level, **case.details},
        "case_notes": {"notes": case.notes},
        "reporter": {"reporter": case.reporter},
    }
    if case.suspect is not None:
        documents["suspect"] = {"suspect": case.suspect}
    sealed = seal_documents(key, "protection_case", row=case_id, documents=documents)
    return {"sealed_suspect": None, **{f"sealed_{name}": token for name, token in sealed.items()}}
