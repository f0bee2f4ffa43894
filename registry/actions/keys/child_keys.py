"""The keys and the age of a child whom a transaction has reached: for what families decide and ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from registry.actions.keys.sealing import Vault, open_group
from registry.model.errors import NotFound
from registry.protect.keys.data_key import DataKey
from registry.store import consents
from registry.store.consents import SealedIdentity
from registry.store.session import Transaction

_FULL_DATE: Final = ("year", "month", "day")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownChild:
    """A child's open keys, and the earliest day on which she may have been born."""

    keys: Mapping[UUID, DataKey] = field(repr=False)
    born_on: date | None = field(repr=False)  # None: nobody knows

    def key(self, child_id: UUID) -> DataKey:
        """Return the key of one identity.

        Raises:
            NotFound: she has none any more.
        """
        found = self.keys.get(child_id)
        if found is None:
            raise NotFound
        return found

    def may_be(self, years: int, *, on: date) -> bool:
        """Say whether she may be so old on a day: if nobody knows, she may be."""
        return self.born_on is None or _birthday(self.born_on, years) <= on


def known_child(transaction: Transaction, vault: Vault, members: Iterable[UUID]) -> KnownChild:
    """Open the keys of a child's identities and read when she may have been born."""
    rows = consents.identities(transaction, members)
    keys = {row.child_id: vault.child_key(row) for row in rows}
    births = [_earliest(_who(keys[row.child_id], row)["birth"]) for row in rows]
    known = [birth for birth in births if birth is not None]
    return KnownChild(keys=keys, born_on=min(known, default=None))


def _who(key: DataKey, row: SealedIdentity) -> dict[str, Any]:
    return open_group(key, "identity", group="identity", row=row.child_id, token=row.sealed_identity)


def _earliest(birth: Mapping[str, Any] | None) -> date | None:
    """Return the earliest day that a birth date known in part leaves open."""
    if birth is None:
        return None
    year, month, day = (birth[part] for part in _FULL_DATE)
    return date(year - birth["tolerance_years"], month or 1, day or 1)


def _birthday(born_on: date, years: int) -> date:
    if (born_on.month, born_on.day) == (2, 29):
        return date(born_on.year + years, 3, 1)
    return date(born_on.year + years, born_on.month, born_on.day)
