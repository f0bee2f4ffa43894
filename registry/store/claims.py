"""Who is linked, or would be, to one citizen twice by a source that holds one record per child."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import CompoundSelect, any_, bindparam, false, func, literal, select, true, union_all, update
from sqlalchemy.dialects.postgresql import ARRAY

from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import ChildRow, LinkRow, MatchResultRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredClaim:
    """An identity and the citizen to whom it is linked, or would be were it not held back."""

    child_id: uuid.UUID
    system: str
    person_id: uuid.UUID
    bound: bool  # a person linked it
    held: bool  # it waits for a person


def claims(transaction: Transaction, person_ids: Iterable[uuid.UUID], systems: Iterable[str]) -> list[StoredClaim]:
    """Return the claims of identities that stand to some citizens: links of some systems, and what any holds back."""
    every = _every(systems).subquery()
    wanted = bindparam(None, list(person_ids), type_=ARRAY(LinkRow.person_id.type), unique=True)
    query = select(every).where(every.c.person_id == any_(wanted)).order_by(every.c.child_id)
    return [StoredClaim(**dict(row)) for row in transaction.connection.execute(query).mappings()]


def _every(systems: Iterable[str]) -> CompoundSelect[*tuple[object, ...]]:
    standing = (ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None))
    linked = (
        select(
            ChildRow.child_id,
            ChildRow.system,
            LinkRow.person_id.label("person_id"),
            LinkRow.made_by.is_not(None).label("bound"),
            false().label("held"),
        )
        .join(LinkRow, LinkRow.child_id == ChildRow.child_id)
        .where(LinkRow.undone_at.is_(None), among(ChildRow.system, systems), *standing)
    )
    held = (
        select(
            ChildRow.child_id,
            ChildRow.system,
            MatchResultRow.held_person_id.label("person_id"),
            false().label("bound"),
            true().label("held"),
        )
        .join(MatchResultRow, MatchResultRow.child_id == ChildRow.child_id)
        .where(MatchResultRow.held_person_id.is_not(None), *standing)
    )
    return union_all(linked, held)


def unsettled(
    transaction: Transaction, systems: Sequence[str], *, after: uuid.UUID | None, limit: int
) -> list[uuid.UUID]:
    """Return the next citizens, by id, whose claims are not as the rule has them.

    Several records of one source claim them and one is linked by the engine, or one is held back without a rival, or
    is of a source that may now hold a child twice.
    """
    every = _every(systems).subquery()
    declared = every.c.system.in_(systems) if systems else literal(value=False)
    rivals = func.count() > 1
    query = (
        select(every.c.person_id)
        .group_by(every.c.system, every.c.person_id)
        .having(
            (rivals & declared & func.bool_or(~every.c.bound & ~every.c.held))
            | ((~rivals | ~declared) & func.bool_or(every.c.held))
        )
        .order_by(every.c.person_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(every.c.person_id > after)
    return sorted(set(transaction.connection.scalars(query)))


def hold(transaction: Transaction, held: Mapping[uuid.UUID, uuid.UUID], *, information: float) -> None:
    """Let identities wait for a person, though the engine would link them; args: held: child id → citizen."""
    for child_id, person_id in held.items():
        transaction.connection.execute(
            update(MatchResultRow)
            .where(MatchResultRow.child_id == child_id, MatchResultRow.decided_by.is_(None))
            .values(decision="review", held_person_id=person_id, pattern=None, information=information)
        )


def let_go(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> None:
    """Hold identities back no longer; they go on waiting for a person until something else is decided."""
    transaction.connection.execute(
        update(MatchResultRow).where(among(MatchResultRow.child_id, child_ids)).values(held_person_id=None)
    )
