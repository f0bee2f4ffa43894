"""Seals of children: written by the engine on behalf of whoever may, and carried on to each record that joins."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from registry.model.access import Area, Role
from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.seals import ChildSealRow
from registry.store.tables.supporting import StaffRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """An account that may be named as keeper of a child."""

    staff_id: uuid.UUID
    login: str
    role: Role
    area: Area


def officers(transaction: Transaction, logins: Collection[str]) -> list[Officer]:
    """Return the open accounts of these logins, by login."""
    query = (
        select(StaffRow.staff_id, StaffRow.login, StaffRow.role, StaffRow.nation, StaffRow.provinces, StaffRow.communes)
        .where(among(StaffRow.login, logins), StaffRow.disabled_at.is_(None))
        .order_by(StaffRow.login)
    )
    return [
        Officer(
            staff_id=staff_id,
            login=login,
            role=Role(role),
            area=Area(nation=nation, provinces=frozenset(provinces), communes=frozenset(communes)),
        )
        for staff_id, login, role, nation, provinces, communes in transaction.connection.execute(query)
    ]


def place(transaction: Transaction, child_ids: Iterable[uuid.UUID], *, keepers: Sequence[uuid.UUID]) -> None:
    """Seal identities, or give sealed ones other keepers."""
    access = transaction.access
    _write(transaction, dict.fromkeys(child_ids, keepers), by=access.staff_id, at=access.at)


def lift(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> int:
    """Lift the seals of identities and return how many stood."""
    access = transaction.access
    lifted = transaction.connection.execute(
        update(ChildSealRow)
        .where(among(ChildSealRow.child_id, child_ids), ChildSealRow.lifted_at.is_(None))
        .values(lifted_at=access.at, lifted_by=access.staff_id)
    )
    return lifted.rowcount


def keepers_of(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> list[str]:
    """Return the logins of those who keep a child; none: she is not sealed."""
    keepers = {one for kept in _standing(transaction, child_ids).values() for one in kept}
    query = select(StaffRow.login).where(among(StaffRow.staff_id, keepers)).order_by(StaffRow.login)
    return list(transaction.connection.scalars(query))


def spread(transaction: Transaction, groups: Iterable[Sequence[uuid.UUID]], *, at: datetime) -> None:
    """Let all identities of a child be sealed if one of them is, with the keepers of all; args: groups: by child."""
    several = [group for group in groups if len(group) > 1]
    standing = _standing(transaction, [child for group in several for child in group]) if several else {}
    changed: dict[uuid.UUID, Sequence[uuid.UUID]] = {}
    for group in several if standing else ():
        keepers = sorted({one for child in group for one in standing.get(child, ())})
        changed |= {child: keepers for child in group if keepers and standing.get(child) != set(keepers)}
    _write(transaction, changed, by=None, at=at)


def _standing(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    query = select(ChildSealRow.child_id, ChildSealRow.keepers).where(
        among(ChildSealRow.child_id, child_ids), ChildSealRow.lifted_at.is_(None)
    )
    return {child: set(keepers) for child, keepers in transaction.connection.execute(query)}


def _write(
    transaction: Transaction,
    keepers: dict[uuid.UUID, Sequence[uuid.UUID]],
    *,
    by: uuid.UUID | None,
    at: datetime,
) -> None:
    rows = [
        {
            "child_id": child,
            "keepers": sorted(set(kept)),
            "placed_at": at,
            "placed_by": by,
            "lifted_at": None,
            "lifted_by": None,
        }
        for child, kept in keepers.items()
    ]
    insert_rows(transaction, ChildSealRow, rows, replacing=True)
