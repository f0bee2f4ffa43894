"""Which identities are one child: pointers computed from the links that stand, and again after each change."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select

from registry.store.base import among
from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables import ChildRow, LinkRow, MemberRow, PersonLookupRow, PointerRow


def regroup(transaction: Transaction, person_ids: Iterable[uuid.UUID], *, at: datetime) -> None:
    """Let all identities linked to one citizen point to the first of them; those no longer linked stand alone.

    The first is the oldest identity, so that the id of a child as people see it changes as seldom as can be.
    """
    wanted = sorted(set(person_ids))
    if not wanted:
        return
    connection = transaction.connection
    before = list(connection.scalars(select(PersonLookupRow.leads_to).where(among(PersonLookupRow.person_id, wanted))))
    linked = connection.execute(
        select(LinkRow.person_id, ChildRow.child_id)
        .join(ChildRow, ChildRow.child_id == LinkRow.child_id)
        .where(among(LinkRow.person_id, wanted), LinkRow.undone_at.is_(None), ChildRow.withdrawn_at.is_(None))
        .order_by(LinkRow.person_id, ChildRow.created_at, ChildRow.child_id)
    ).all()
    touched = [*before, *(child for _, child in linked)]
    connection.execute(delete(PersonLookupRow).where(among(PersonLookupRow.person_id, wanted)))
    connection.execute(delete(PointerRow).where(among(PointerRow.child_id, touched)))
    connection.execute(delete(MemberRow).where(among(MemberRow.child_id, touched)))
    heads: dict[uuid.UUID, uuid.UUID] = {}
    for person, child in linked:
        heads.setdefault(person, child)
    insert_rows(transaction, PersonLookupRow, [{"person_id": p, "leads_to": c} for p, c in linked])
    insert_rows(
        transaction,
        PointerRow,
        [{"child_id": c, "head_id": heads[p], "person_id": p, "since": at} for p, c in linked],
    )
    insert_rows(transaction, MemberRow, [{"child_id": heads[p], "member_id": c} for p, c in linked])


def people_of_withdrawn(transaction: Transaction) -> list[uuid.UUID]:
    """Return the citizens to whom an identity still points though its source withdrew the record."""
    query = (
        select(PointerRow.person_id)
        .join(ChildRow, ChildRow.child_id == PointerRow.child_id)
        .where(ChildRow.withdrawn_at.is_not(None))
        .distinct()
    )
    return list(transaction.connection.scalars(query))


def people_of_returned(transaction: Transaction) -> list[uuid.UUID]:
    """Return the citizens to whom an identity is linked but does not point: its source brought the record back."""
    query = (
        select(LinkRow.person_id)
        .join(ChildRow, ChildRow.child_id == LinkRow.child_id)
        .outerjoin(PointerRow, PointerRow.child_id == LinkRow.child_id)
        .where(
            LinkRow.undone_at.is_(None),
            ChildRow.withdrawn_at.is_(None),
            ChildRow.erased_at.is_(None),
            PointerRow.child_id.is_(None),
        )
        .distinct()
    )
    return list(transaction.connection.scalars(query))


def linked_to(transaction: Transaction, person_id: uuid.UUID) -> list[uuid.UUID]:
    """Return the identities that are linked to a citizen, whoever may see them."""
    query = select(PersonLookupRow.leads_to).where(PersonLookupRow.person_id == person_id)
    return list(transaction.connection.scalars(query))


def heads(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Return for each identity the one that stands for its child; an identity that points nowhere stands for itself."""
    ids = list(child_ids)
    query = select(PointerRow.child_id, PointerRow.head_id).where(among(PointerRow.child_id, ids))
    pointed = {row[0]: row[1] for row in transaction.connection.execute(query)}
    return {child: pointed.get(child, child) for child in ids}


def members(transaction: Transaction, child_id: uuid.UUID) -> list[uuid.UUID]:
    """Return all identities of the child for whom `child_id` stands."""
    ids = list(
        transaction.connection.scalars(
            select(MemberRow.member_id).where(MemberRow.child_id == child_id).order_by(MemberRow.member_id)
        )
    )
    return ids or [child_id]
