"""Loads the population extract into the sealed store: people under a key per load, found by keyed hashes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from connectors.contract import CitizenSnapshot
from connectors.records import Rejected
from matching.blocking import block_keys
from matching.frequencies import Frequencies
from matching.identity import Identity
from registry.actions.intake.normalise import RuleBroken, identity_of_citizen
from registry.actions.keys.damage import tell_shared
from registry.actions.keys.sealing import NUMBER, Vault, open_group, seal_group
from registry.actions.oversight.log import log
from registry.model.errors import Tampered
from registry.model.identity_groups import family_document, identity_document, identity_from
from registry.protect.authorize import Action, authorize
from registry.protect.blind_index import BlindIndex
from registry.protect.keys.data_key import DataKey
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Event
from registry.store import extract
from registry.store.extract import ExtractBatch, SealedPerson
from registry.store.session import Transaction

Person = tuple[CitizenSnapshot, Identity]


def open_load(transaction: Transaction, vault: Vault, file_digest: bytes) -> ExtractBatch:
    """Begin a load, or return the unfinished or finished one of the same file."""
    authorize(transaction.access, Action.LINK)
    for known in extract.batches(transaction):
        if known.file_digest == file_digest:
            return known
    batch_id = uuid4()
    _, wrapped = vault.new_key(Domain.EXTRACT_WRAP, batch_id)
    batch = ExtractBatch(
        batch_id=batch_id,
        wrapped_key=wrapped.wrapped,
        key_epoch=wrapped.epoch,
        file_digest=file_digest,
        rows_done=0,
        finished_at=None,
    )
    extract.open_batch(transaction, batch, at=transaction.access.at)
    return batch


def load_people(
    transaction: Transaction,
    vault: Vault,
    rows: Sequence[tuple[int, CitizenSnapshot | Rejected]],
    *,
    batch: ExtractBatch,
    today: date,
) -> None:
    """Store some people of an extract and move the checkpoint.

    Args:
        rows: consecutive rows of the file with their places.
        today: a birth after this day breaks a rule.
    """
    authorize(transaction.access, Action.LINK)
    key = batch_key(vault, batch)
    refused: Counter[str] = Counter()
    people: dict[str, Person] = {}
    for _, row in rows:
        if isinstance(row, Rejected):
            refused[row.rule] += 1
            continue
        try:
            people[row.personal_number] = (row, identity_of_citizen(row, on=today))
        except RuleBroken as broken:
            refused[broken.rule] += 1
    _store(transaction, vault, key, batch.batch_id, people)
    extract.advance(transaction, batch.batch_id, rows_done=rows[-1][0] + 1, refused=refused)
    log(transaction, vault, Event(action="load_extract", counts={"people": len(people), "refused": refused.total()}))


def finish_load(transaction: Transaction, vault: Vault, batch: ExtractBatch) -> None:
    """End a load: count the frequencies over everybody in the extract, and seal them."""
    key = batch_key(vault, batch)
    frequencies = Frequencies.counting(_everybody(transaction, vault))
    sealed = seal_group(
        key, "extract_batch", group="frequencies", row=batch.batch_id, document=frequencies.to_document()
    )
    extract.finish(transaction, batch.batch_id, sealed_frequencies=sealed, at=transaction.access.at)


def _everybody(transaction: Transaction, vault: Vault) -> Iterator[Identity]:
    keys = {batch.batch_id: batch_key(vault, batch) for batch in extract.batches(transaction)}
    for stored in extract.everybody(transaction):
        yield _identity(keys[stored.batch_id], stored)


def _identity(key: DataKey, stored: SealedPerson) -> Identity:
    document = open_group(key, "extract_person", group="person", row=stored.person_id, token=stored.sealed_person)
    return identity_from(document["identity"], document["family"])


def batch_key(vault: Vault, batch: ExtractBatch) -> DataKey:
    """Open the key of a load."""
    return vault.key(Domain.EXTRACT_WRAP, batch.batch_id, wrapped=batch.wrapped_key, epoch=batch.key_epoch)


def _store(transaction: Transaction, vault: Vault, key: DataKey, batch_id: UUID, people: Mapping[str, Person]) -> None:
    index = vault.index
    known = _known(transaction, vault, people)
    rows: list[Mapping[str, Any]] = []
    numbers: list[Mapping[str, Any]] = []
    blocks: list[Mapping[str, Any]] = []
    for number, (snapshot, identity) in people.items():
        digest = index.content_digest(_written(snapshot))
        person_id, old_digest = known.get(number, (uuid4(), None))
        if old_digest == digest:
            continue
        document = {
            "written": _written(snapshot),
            "identity": identity_document(identity),
            "family": family_document(identity),
        }
        sealed = seal_group(key, "extract_person", group="person", row=person_id, document=document)
        rows.append({"person_id": person_id, "batch_id": batch_id, "content_digest": digest, "sealed_person": sealed})
        numbers.extend(number_rows(index, person_id, number=number, former=identity.former_numbers))
        blocks.extend(block_rows(index, person_id, identity))
    extract.write_people(transaction, people=rows, numbers=numbers, blocks=blocks)


def number_rows(index: BlindIndex, person_id: UUID, *, number: str, former: Iterable[str]) -> list[Mapping[str, Any]]:
    """Return the look-ups of a citizen by the number of today and those that it has replaced."""
    made_with = {"person_id": person_id, "key_version": index.version}
    return [
        {"number_index": index.identifier(NUMBER, one), "former": one != number, **made_with}
        for one in [number, *sorted(set(former) - {number})]
    ]


def block_rows(index: BlindIndex, person_id: UUID, identity: Identity) -> list[Mapping[str, Any]]:
    """Return the tokens by which a citizen is met."""
    keys = {(key.kind, key.text) for key in block_keys(identity)}
    tokens = {(kind, token, version) for kind, text in keys for version, token in index.block_tokens(kind, text)}
    return [
        {"kind": kind, "token": token, "person_id": person_id, "key_version": version}
        for kind, token, version in sorted(tokens)
    ]


def _known(transaction: Transaction, vault: Vault, people: Mapping[str, Person]) -> dict[str, tuple[UUID, bytes]]:
    """Return who of `people` is stored, by their number of today: under it, or under one that it has replaced."""
    former = {number: identity.former_numbers for number, (_, identity) in people.items()}
    numbers = {*people, *(old for olds in former.values() for old in olds)}
    indexes = {number: vault.number_indexes(number) for number in numbers}
    found = extract.by_number(transaction, [index for many in indexes.values() for index in many])
    stored = {number: found[index] for number, many in indexes.items() for index in many if index in found}
    known = {number: stored[number] for number in people if number in stored}
    taken = {person_id for person_id, _ in known.values()}
    for number in [number for number in people if number not in known]:
        before = next((stored[old] for old in former[number] if old in stored), None)
        if before is not None and before[0] not in taken:
            known[number] = before
            taken.add(before[0])
    return known


def _written(snapshot: CitizenSnapshot) -> dict[str, Any]:
    updated: datetime | None = snapshot.updated_at
    return {
        "personal_number": snapshot.personal_number,
        "former_numbers": list(snapshot.former_numbers),
        "full_name": snapshot.full_name,
        "sex": snapshot.sex,
        "birth_date": snapshot.birth_date,
        "commune_code": snapshot.commune_code,
        "old_commune_code": snapshot.old_commune_code,
        "address": snapshot.address,
        "ethnicity": snapshot.ethnicity,
        "mother_name": snapshot.mother_name,
        "mother_number": snapshot.mother_number,
        "father_name": snapshot.father_name,
        "father_number": snapshot.father_number,
        "status": snapshot.status,
        "updated_at": updated.isoformat() if updated else None,
    }


class People:
    """Citizens of the extract, opened when asked for and kept while one run lasts; at most `capacity` of them."""

    def __init__(self, vault: Vault, *, capacity: int = 200_000) -> None:
        self._vault = vault
        self._capacity = capacity
        self._keys: dict[UUID, DataKey] = {}
        self._open: dict[UUID, Identity] = {}
        self.unreadable: set[UUID] = set()  # those met whose sealed values were changed

    def __repr__(self) -> str:
        return f"People({len(self._open)} open)"

    def get(self, transaction: Transaction, person_ids: Sequence[UUID]) -> dict[UUID, Identity]:
        """Return identities by person id; people who are no longer in the extract, or unreadable, are left out."""
        missing = [person for person in person_ids if person not in self._open]
        if missing:
            if len(self._open) + len(missing) > self._capacity:
                self._open.clear()
                missing = list(person_ids)
            self._load(transaction, missing)
        return {person: self._open[person] for person in person_ids if person in self._open}

    def written(self, transaction: Transaction, person_id: UUID) -> dict[str, Any] | None:
        """Return one citizen as the extract wrote them; None: not in the extract, or unreadable."""
        self._read_keys(transaction)
        for stored in extract.people(transaction, [person_id]).values():
            key = self._keys[stored.batch_id]
            try:
                document = open_group(key, "extract_person", group="person", row=person_id, token=stored.sealed_person)
            except Tampered as error:
                tell_shared(transaction, self._vault, error, unreadable=1, of=1)
                return None
            return dict(document["written"])
        return None

    def _load(self, transaction: Transaction, person_ids: Sequence[UUID]) -> None:
        self._read_keys(transaction)
        found = extract.people(transaction, [one for one in person_ids if one not in self.unreadable]).values()
        damaged = {}
        for stored in found:
            try:
                self._open[stored.person_id] = _identity(self._keys[stored.batch_id], stored)
            except Tampered as error:
                damaged[stored.person_id] = error
        if damaged:
            self.unreadable |= damaged.keys()
            tell_shared(transaction, self._vault, next(iter(damaged.values())), unreadable=len(damaged), of=len(found))

    def _read_keys(self, transaction: Transaction) -> None:
        for batch in extract.batches(transaction):
            if batch.batch_id not in self._keys:
                self._keys[batch.batch_id] = batch_key(self._vault, batch)


def frequencies(transaction: Transaction, vault: Vault) -> Frequencies | None:
    """Return the frequencies of the newest finished load, or None before the first."""
    found = extract.frequencies(transaction)
    if found is None:
        return None
    batch, sealed = found
    document = open_group(
        batch_key(vault, batch), "extract_batch", group="frequencies", row=batch.batch_id, token=sealed
    )
    return Frequencies.from_document(document)
