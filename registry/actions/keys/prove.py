"""Proves that nothing was lost: every sealed value opens in its place, and every look-up leads to whom it should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from matching.blocking import block_keys
from matching.identity import Identity
from registry.actions.keys.sealing import NUMBER, Vault, open_group, open_identity
from registry.model.errors import KeyUnavailable, Tampered
from registry.protect.authorize import Action, Grant, authorize
from registry.protect.cipher import Place, unseal
from registry.protect.keys.data_key import DataKey
from registry.protect.keys.keyring_file import Domain
from registry.store import children, sealed
from registry.store.children import SealedGroups
from registry.store.sealed import SealedValue
from registry.store.session import Transaction

AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was opened and looked up, by table and group or kind of look-up, and what failed."""

    opened: Mapping[str, int]
    failed: Mapping[str, int]

    @property
    def sound(self) -> bool:
        """Whether nothing failed."""
        return not self.failed


def prove(transaction: Transaction, vault: Vault) -> Proof:
    """Open everything and look everybody up; nothing is shown or kept."""
    grant = authorize(transaction.access, Action.CHECK)
    opened: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for place in sealed.PLACES:
        keys: dict[UUID, DataKey] = {}
        for value in sealed.values(transaction, place):
            (opened if _opens(vault, keys, place, value) else failed)[place] += 1
    found, missed = _look_ups(transaction, vault, grant)
    return Proof(opened=dict(opened + found), failed=dict(failed + missed))


def _opens(vault: Vault, keys: dict[UUID, DataKey], place: str, value: SealedValue) -> bool:
    try:
        key = keys.get(value.owner_id)
        if key is None:
            if value.wrapped_key is None or value.domain is None:
                return False
            key = vault.key(
                Domain(value.domain),
                value.owner_id,
                wrapped=value.wrapped_key,
                epoch=value.epoch or 0,
                generation=value.generation or 0,
            )
            keys[value.owner_id] = key
        table = place.partition(".")[0]
        unseal(key, Place(table, value.group, value.row, key.generation), value.token)
    except (Tampered, KeyUnavailable):
        return False
    return True


def _look_ups(transaction: Transaction, vault: Vault, grant: Grant) -> tuple[Counter[str], Counter[str]]:
    """Look every living identity up by all that leads to it."""
    found: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    ids = sealed.living(transaction)
    for start in range(0, len(ids), AT_ONCE):
        _look_up(transaction, vault, grant, ids=ids[start : start + AT_ONCE], found=found, missed=missed)
    return found, missed


def _look_up(
    transaction: Transaction,
    vault: Vault,
    grant: Grant,
    *,
    ids: Sequence[UUID],
    found: Counter[str],
    missed: Counter[str],
) -> None:
    index = vault.index
    leads = sealed.found_by(transaction, ids, block_versions=index.block_versions[-1:])
    for row in children.groups(transaction, grant, ids):
        try:
            identity, source = _read(vault, row)
        except (Tampered, KeyUnavailable):
            continue  # counted among the sealed values
        hashes = vault.source_key_indexes(row.system, source["stream"], source["key"])
        tells = {"source key": any(leads.source_keys.get(one) == row.child_id for one in hashes)}
        if identity.number:
            numbers = [one.identifier(NUMBER, identity.number) for one in vault.indexes()]
            tells["number"] = any((one, row.child_id) in leads.numbers for one in numbers)
        if block_keys(identity):
            tells["block"] = row.child_id in leads.blocks
        tells["search row"] = row.child_id in leads.searches
        for kind, ok in tells.items():
            (found if ok else missed)[f"look-up by {kind}"] += 1


def _read(vault: Vault, row: SealedGroups) -> tuple[Identity, dict[str, str]]:
    key = vault.child_key(row)
    identity = open_identity(key, row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family)
    source = open_group(key, "identity", group="source", row=row.child_id, token=row.sealed_source)
    return identity, source
