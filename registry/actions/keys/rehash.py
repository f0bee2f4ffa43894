"""Makes keyed hashes anew from the sealed rows, beside those of an older version, and lets the older ones go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from matching.identity import Identity
from registry.actions.intake import load_extract, record_rows
from registry.actions.keys.rotate_keys import Moved
from registry.actions.keys.sealing import NUMBER, Vault, open_group, open_identity
from registry.model.errors import Tampered
from registry.model.identity_groups import identity_from
from registry.protect.authorize import Action, authorize
from registry.protect.blind_index import BlindIndex
from registry.protect.keys.data_key import DataKey
from registry.protect.keys.keyring_file import Domain
from registry.store import extract, rehash, rotation
from registry.store.links import LINKED
from registry.store.rehash import HeldChild, HeldLink, HeldPerson
from registry.store.rotation import CHILD_BLOCKS, EXTRACT_BLOCKS, EXTRACT_NUMBERS, IDENTIFIERS, SOURCE_KEYS, HashTable
from registry.store.session import Transaction

AT_ONCE: Final = 1000  # identities or citizens
DROPPED_AT_ONCE: Final = 20_000  # rows
TABLES: Final[Mapping[Domain, Sequence[HashTable]]] = {
    Domain.INDEX: (SOURCE_KEYS, IDENTIFIERS, EXTRACT_NUMBERS),
    Domain.BLOCK: (EXTRACT_BLOCKS, CHILD_BLOCKS),
}
_OF_CITIZENS: Final = (EXTRACT_NUMBERS, EXTRACT_BLOCKS)

Rows = list[Mapping[str, Any]]
H = TypeVar("H")


def rehash_some(
    transaction: Transaction, vault: Vault, table: HashTable, *, after: UUID | None, limit: int = AT_ONCE
) -> Moved:
    """Write the hashes of the next owners under the active version, beside the older; hold the owners meanwhile."""
    authorize(transaction.access, Action.KEYS)
    domain = next(domain for domain, tables in TABLES.items() if table in tables)
    version = vault.keyring.active(domain)
    owners = rotation.owners_waiting(transaction, table, version, after=after, limit=limit)
    if not owners:
        return Moved(rows=0)
    if table in _OF_CITIZENS:
        rows, unreadable = _of_citizens(transaction, vault, table, owners=owners)
    else:
        rows, unreadable = _of_children(transaction, vault, table, owners=owners, version=version)
    written = rehash.write(transaction, table, rows)
    return Moved(rows=written, unreadable=unreadable, after=owners[-1] if len(owners) == limit else None)


def drop_some(transaction: Transaction, vault: Vault, table: HashTable, *, limit: int = DROPPED_AT_ONCE) -> int:
    """Let some older hashes go whose owner has those of the active version; return how many went."""
    authorize(transaction.access, Action.KEYS)
    domain = next(domain for domain, tables in TABLES.items() if table in tables)
    return rotation.drop_older(transaction, table, vault.keyring.active(domain), limit=limit)


def _of_children(
    transaction: Transaction, vault: Vault, table: HashTable, *, owners: Sequence[UUID], version: int
) -> tuple[Rows, int]:
    held = rehash.held_children(transaction, owners)
    lost = [child.child_id for child in held if child.wrapped_key is None or child.sealed_identity is None]
    if lost:  # nothing is left to make a hash from, and what it led to can be opened by nobody
        rotation.drop_of_owners(transaction, table, version, owners=lost)
    readable = [child for child in held if child.child_id not in set(lost)]
    if table is SOURCE_KEYS:
        return _each(readable, partial(_source_keys, vault, vault.index))
    if table is CHILD_BLOCKS:
        return _each(readable, partial(_blocks, vault, vault.index))
    ids = [child.child_id for child in readable]
    kinds = rehash.older_kinds(transaction, ids, version=version)
    links = rehash.held_links(transaction, [child for child, found in kinds.items() if LINKED in found])
    _drop_stale(transaction, kinds, links, version=version)
    return _each(readable, partial(_numbers, vault, vault.index, kinds, links))


def _drop_stale(
    transaction: Transaction, kinds: Mapping[UUID, set[str]], links: Mapping[UUID, HeldLink | None], *, version: int
) -> None:
    """Let look-ups of links go that stand no longer; there is nothing to make them from."""
    stale = [child for child, found in kinds.items() if LINKED in found and child not in links]
    if stale:
        rotation.drop_linked(transaction, version, owners=stale)


def _each(held: Sequence[H], make: Callable[[H], Rows]) -> tuple[Rows, int]:
    """Return what is made of each, and how many could not be read."""
    rows: Rows = []
    unreadable = 0
    for one in held:
        try:
            rows.extend(make(one))
        except Tampered:
            unreadable += 1
    return rows, unreadable


def _key(vault: Vault, child: HeldChild) -> DataKey:
    return vault.key(
        Domain.IDENTITY_WRAP,
        child.child_id,
        wrapped=child.wrapped_key or b"",
        epoch=child.key_epoch or 0,
        generation=child.key_generation or 1,
    )


def _source_keys(vault: Vault, index: BlindIndex, child: HeldChild) -> Rows:
    key = _key(vault, child)
    source = open_group(key, "identity", group="source", row=child.child_id, token=child.sealed_source or b"")
    hashed = index.source_key(child.system, source["stream"], source["key"])
    return [{"key_index": hashed, "leads_to": child.child_id, "key_version": index.version}]


def _blocks(vault: Vault, index: BlindIndex, child: HeldChild) -> Rows:
    return record_rows.block_rows(index, child.child_id, _identity(vault, child))


def _numbers(
    vault: Vault,
    index: BlindIndex,
    kinds: Mapping[UUID, set[str]],
    links: Mapping[UUID, HeldLink | None],
    child: HeldChild,
) -> Rows:
    numbers: dict[str, str | None] = {}
    wanted = kinds.get(child.child_id, set())
    if record_rows.CLAIMED in wanted:
        numbers[record_rows.CLAIMED] = _identity(vault, child).number
    link = links.get(child.child_id)
    if LINKED in wanted and link is not None:
        key, token = _key(vault, child), link.sealed_number
        numbers[LINKED] = open_group(key, "link", group="number", row=link.link_id, token=token)["number"]
    rows: Rows = [
        {
            "number_index": index.identifier(NUMBER, number),
            "leads_to": child.child_id,
            "kind": kind,
            "key_version": index.version,
        }
        for kind, number in numbers.items()
        if number
    ]
    return rows + (_others(vault, index, child) if record_rows.CLAIMED in wanted else [])


def _others(vault: Vault, index: BlindIndex, child: HeldChild) -> Rows:
    key = _key(vault, child)
    source = open_group(key, "identity", group="source", row=child.child_id, token=child.sealed_source or b"")
    return record_rows.other_rows(index, child.child_id, [(one, value) for one, value in source.get("identifiers", ())])


def _identity(vault: Vault, child: HeldChild) -> Identity:
    return open_identity(
        _key(vault, child),
        child.child_id,
        sealed_identity=child.sealed_identity or b"",
        sealed_family=child.sealed_family or b"",
    )


def _of_citizens(
    transaction: Transaction, vault: Vault, table: HashTable, *, owners: Sequence[UUID]
) -> tuple[Rows, int]:
    held = rehash.held_people(transaction, owners)
    keys = {batch.batch_id: load_extract.batch_key(vault, batch) for batch in extract.batches(transaction)}
    return _each(held, partial(_citizen, table, keys, vault.index))


def _citizen(table: HashTable, keys: Mapping[UUID, DataKey], index: BlindIndex, person: HeldPerson) -> Rows:
    key = keys[person.batch_id]
    document = open_group(key, "extract_person", group="person", row=person.person_id, token=person.sealed_person)
    identity = identity_from(document["identity"], document["family"])
    if table is EXTRACT_BLOCKS:
        return load_extract.block_rows(index, person.person_id, identity)
    number = document["written"]["personal_number"]
    return load_extract.number_rows(index, person.person_id, number=number, former=identity.former_numbers)
