"""Sealed values of real rows, moved to every other place of a sample: each must be refused.

The places are rows, columns and tables of the store as it stands. Every value of every sealed column of the sampled
identities is opened at the place of every other value under that place's own key, and at its own place under its own
key as another generation. Wrapped data keys are moved between owners, domains, epochs and generations as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from vault_figures import Figure, load
from vault_load import Loaded, libpq

from registry.actions.finding.search_rows import GROUP, TABLE
from registry.model.errors import KeyUnavailable, Tampered
from registry.protect.cipher import DataKey, Place, unseal, unseal_documents
from registry.protect.column_opening import ColumnOpening
from registry.protect.keys.data_key import WrappedKey
from registry.protect.keys.keyring import Keyring
from registry.protect.keys.keyring_file import Domain

IDENTITIES: Final = 60
GROUPS: Final = ("identity", "family", "contact", "services", "welfare", "source")
_QUERY: Final = (
    "SELECT i.*, f.sealed_finding, v.sealed_written, v.version_no,"
    " k.epoch, k.generation, k.wrapped_key FROM identity i JOIN child_search f USING (child_id)"
    " JOIN source_version v USING (child_id) JOIN child_key k ON k.child_id = i.child_id AND k.owner_id = i.child_id"
    " ORDER BY md5(i.child_id::text) LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A sealed value in its place, with what its owner's key is wrapped in."""

    place: Place
    token: bytes = field(repr=False)
    wrapped: WrappedKey = field(repr=False)


@dataclass(slots=True)
class Count:
    """Attempts, and those that were not refused."""

    tried: int = 0
    opened: int = 0

    def add(self, *, refused: bool) -> None:
        """Count one attempt."""
        self.tried += 1
        self.opened += not refused


def figure(loaded: Loaded) -> Figure:
    """Move every value of a sample to every other place."""
    keyring = loaded.vault.keyring
    cells = list(_cells(loaded))
    _at_home(keyring, cells)
    counts = {
        "places": _places(keyring, cells),
        "generations": _generations(keyring, cells),
        "data keys": _data_keys(keyring, cells),
        "the quick opening of a search": _quick(keyring, cells),
    }
    tried, opened = (sum(getattr(one, name) for one in counts.values()) for name in ("tried", "opened"))
    parts = ", ".join(f"{name} {one.tried:,}" for name, one in counts.items())
    return Figure(
        name="ciphertext moved between rows, columns, identities, generations",
        goal="100 % refused",
        measured=f"{100 * (1 - opened / tried):.4f} % refused, {opened} opened",
        n=tried,
        how=f"every ordered pair of {len(cells)} values of {IDENTITIES} identities, all opened at home: {parts}",
        met=opened == 0,
        load=load(),
    )


def _cells(loaded: Loaded) -> Iterator[Cell]:
    with psycopg.connect(libpq(loaded.server.superuser_url), row_factory=dict_row) as connection:
        for row in connection.execute(_QUERY, [IDENTITIES]):
            yield from _of_row(row)


def _of_row(row: dict[str, Any]) -> Iterator[Cell]:
    owner, generation = row["child_id"], row["generation"]
    wrapped = WrappedKey(row["epoch"], bytes(row["wrapped_key"]))
    for group in GROUPS:
        yield Cell(Place("identity", group, owner, generation), bytes(row[f"sealed_{group}"]), wrapped)
    yield Cell(Place(TABLE, GROUP, owner, generation), bytes(row["sealed_finding"]), wrapped)
    written = Place("source_version", f"written:{row['version_no']}", owner, generation)
    yield Cell(written, bytes(row["sealed_written"]), wrapped)


def _at_home(keyring: Keyring, cells: Sequence[Cell]) -> None:
    """See that every value opens where it belongs: a refusal elsewhere would prove nothing otherwise."""
    for cell in cells:
        unseal(_key(keyring, cell), cell.place, cell.token)


def _key(keyring: Keyring, cell: Cell) -> DataKey:
    return keyring.open_data_key(Domain.IDENTITY_WRAP, cell.wrapped, cell.place.row, cell.place.generation)


def _places(keyring: Keyring, cells: Sequence[Cell]) -> Count:
    """Open every value at every other value's place; documents through the opening of many at once too."""
    count = Count()
    keys = [_key(keyring, cell) for cell in cells]
    for key, target in zip(keys, cells, strict=True):
        for cell in cells:
            if cell is target:
                continue
            count.add(refused=_refused(key, target.place, cell.token))
            if target.place.table == "identity":
                count.add(refused=_documents_refused(key, target.place, cell.token))
    return count


def _generations(keyring: Keyring, cells: Sequence[Cell]) -> Count:
    """Open values at home as another generation of the same key, with the header as it was and with a forged one."""
    count = Count()
    for cell in cells:
        later = cell.place.generation + 1
        key = _key(keyring, cell)
        key.generation = later
        place = cell.place._replace(generation=later)
        forged = cell.token[:2] + later.to_bytes(2, "big") + cell.token[4:]
        count.add(refused=_refused(key, place, cell.token))
        count.add(refused=_refused(key, place, forged))
    return count


def _data_keys(keyring: Keyring, cells: Sequence[Cell]) -> Count:
    """Open every wrapped key for every other owner, in other domains, as other epochs and generations."""
    count = Count()
    own: dict[UUID, Cell] = {cell.place.row: cell for cell in cells}
    for owner, cell in own.items():
        for other in own:
            if other != owner:
                count.add(refused=_key_refused(keyring, Domain.IDENTITY_WRAP, cell.wrapped, other, 1))
        for domain in (Domain.CASE_WRAP, Domain.EXTRACT_WRAP, Domain.QUARANTINE_WRAP):
            count.add(refused=_key_refused(keyring, domain, cell.wrapped, owner, cell.place.generation))
        for epoch in {*keyring.usable(Domain.IDENTITY_WRAP), cell.wrapped.epoch + 1} - {cell.wrapped.epoch}:
            moved = replace(cell.wrapped, epoch=epoch)
            count.add(refused=_key_refused(keyring, Domain.IDENTITY_WRAP, moved, owner, cell.place.generation))
        later = cell.place.generation + 1
        count.add(refused=_key_refused(keyring, Domain.IDENTITY_WRAP, cell.wrapped, owner, later))
    return count


def _quick(keyring: Keyring, cells: Sequence[Cell]) -> Count:
    """Give the search's own opening every row with another row's value, and with another row's key and value."""
    count = Count()
    findings = [cell for cell in cells if cell.place.table == TABLE]
    opening = ColumnOpening(keyring, TABLE, GROUP)
    for target in findings:
        others = [cell for cell in cells if cell is not target]
        rows = [_row(target, key=target.wrapped, token=cell.token) for cell in others]
        rows += [
            _row(target, key=cell.wrapped, token=cell.token) for cell in others if cell.place.row != target.place.row
        ]
        told = opening.open(rows, keep=lambda _: True)
        count.tried += len(rows)
        count.opened += len(rows) - len(told.damaged)
    return count


def _row(target: Cell, *, key: WrappedKey, token: bytes) -> tuple[bytes, int, int, bytes, bytes]:
    return target.place.row.bytes, target.place.generation, key.epoch, key.wrapped, token


def _refused(key: DataKey, place: Place, token: bytes) -> bool:
    try:
        unseal(key, place, token)
    except Tampered:
        return True
    return False


def _documents_refused(key: DataKey, place: Place, token: bytes) -> bool:
    try:
        unseal_documents(key, place.table, row=place.row, tokens={place.group: token})
    except Tampered:
        return True
    return False


def _key_refused(keyring: Keyring, domain: Domain, wrapped: WrappedKey, owner: UUID, generation: int) -> bool:
    try:
        keyring.open_data_key(domain, wrapped, owner, generation)
    except (Tampered, KeyUnavailable):
        return True
    return False
