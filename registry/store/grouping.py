"""Which identities are one child: pointers computed from the links and joins that stand, and again after each change.

Identities linked to one citizen are one child. Beyond that, joins of records stand: those that a person made bind, and
those that the engine made hold only between identities without a citizen, so that nobody is given a citizen silently.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select, union

from registry.store import seals
from registry.store.bulk import insert_rows
from registry.store.calls import called
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import ChildRow, LinkRow, MemberRow, PersonLookupRow, PointerRow
from registry.store.tables.pairs import RecordJoinRow

PERSON = "person"  # reason of a join that a person made, beside 'evidence'


def regroup(transaction: Transaction, person_ids: Iterable[uuid.UUID], *, at: datetime) -> None:
    """Let all identities linked to one citizen point to the first of them; those no longer linked stand alone.

    The first is the oldest identity, so that the id of a child as people see it changes as seldom as can be.
    """
    wanted = sorted(set(person_ids))
    if wanted:
        _regroup(transaction, touched(transaction, wanted), wanted, at=at)


def regroup_identities(transaction: Transaction, child_ids: Iterable[uuid.UUID], *, at: datetime) -> None:
    """Compute anew which child these identities, and all that hang together with them, are."""
    _regroup(transaction, together_with(transaction, child_ids), (), at=at)


def touched(
    transaction: Transaction, person_ids: Iterable[uuid.UUID], child_ids: Iterable[uuid.UUID] = ()
) -> set[uuid.UUID]:
    """Return the identities whose child changes with the links to citizens, as far as ids tell it.

    Args:
        child_ids: identities that are about to change as well.
    """
    wanted = list(person_ids)
    linked = select(LinkRow.child_id).where(among(LinkRow.person_id, wanted), LinkRow.undone_at.is_(None))
    before = select(PersonLookupRow.leads_to).where(among(PersonLookupRow.person_id, wanted))
    found = set(transaction.connection.scalars(union(before, linked)))
    return together_with(transaction, found | set(child_ids))


def together_with(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Return identities with all that are of one child with them now, or joined to them."""
    found = set(child_ids)
    fresh = found
    while fresh:
        fresh = (_of_one_child(transaction, fresh) | _joined(transaction, fresh)) - found
        found = found | fresh
    return found


def _of_one_child(transaction: Transaction, child_ids: set[uuid.UUID]) -> set[uuid.UUID]:
    firsts = {*child_ids, *heads(transaction, child_ids).values()}
    query = select(MemberRow.member_id).where(among(MemberRow.child_id, firsts))
    return firsts | set(transaction.connection.scalars(query))


def _joined(transaction: Transaction, child_ids: set[uuid.UUID]) -> set[uuid.UUID]:
    stands = RecordJoinRow.ended_at.is_(None)
    onward = select(RecordJoinRow.other_id).where(among(RecordJoinRow.child_id, child_ids), stands)
    back = select(RecordJoinRow.child_id).where(among(RecordJoinRow.other_id, child_ids), stands)
    return set(transaction.connection.scalars(union(onward, back)))


def _regroup(
    transaction: Transaction, child_ids: set[uuid.UUID], person_ids: Sequence[uuid.UUID], *, at: datetime
) -> None:
    if not child_ids and not person_ids:
        return
    connection = transaction.connection
    pointed = select(PointerRow.person_id).where(
        among(PointerRow.child_id, child_ids), PointerRow.person_id.is_not(None)
    )
    citizens = {*person_ids, *connection.scalars(pointed)}
    linked = citizens_of(transaction, child_ids)
    groups = groups_of(transaction, child_ids, linked)
    connection.execute(delete(PersonLookupRow).where(among(PersonLookupRow.person_id, citizens | {*linked.values()})))
    connection.execute(delete(PointerRow).where(among(PointerRow.child_id, child_ids)))
    connection.execute(delete(MemberRow).where(among(MemberRow.child_id, child_ids)))
    living = [child for group in groups for child in group]
    insert_rows(
        transaction,
        PersonLookupRow,
        [{"person_id": linked[child], "leads_to": child} for child in living if child in linked],
    )
    shown = [group for group in groups if len(group) > 1 or group[0] in linked]
    insert_rows(
        transaction,
        PointerRow,
        [
            {"child_id": child, "head_id": group[0], "person_id": linked.get(child), "since": at}
            for group in shown
            for child in group
        ],
    )
    insert_rows(
        transaction, MemberRow, [{"child_id": group[0], "member_id": child} for group in shown for child in group]
    )
    seals.spread(transaction, groups, at=at)


def citizens_of(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Return the citizens whom identities are linked to."""
    query = select(LinkRow.child_id, LinkRow.person_id).where(
        among(LinkRow.child_id, child_ids), LinkRow.undone_at.is_(None)
    )
    rows = transaction.connection.execute(query).all()
    return {row[0]: row[1] for row in rows}


def groups_of(
    transaction: Transaction, child_ids: Iterable[uuid.UUID], linked: Mapping[uuid.UUID, uuid.UUID]
) -> list[list[uuid.UUID]]:
    """Return the living ones of these identities by the child that they are, the oldest first.

    Args:
        linked: the citizens whom they are linked to.
    """
    ids = set(child_ids)
    query = select(ChildRow.child_id).where(
        among(ChildRow.child_id, ids), ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None)
    )
    living = list(transaction.connection.scalars(query.order_by(ChildRow.created_at, ChildRow.child_id)))
    first: dict[uuid.UUID, uuid.UUID] = {child: child for child in living}  # child → one of its group
    citizen: dict[uuid.UUID, uuid.UUID | None] = {child: linked.get(child) for child in living}
    by_citizen: dict[uuid.UUID, uuid.UUID] = {}
    for child in living:
        if child in linked:
            _unite(first, citizen, by_citizen.setdefault(linked[child], child), child)
    for a, b, reason in _standing_joins(transaction, ids):
        if a in first and b in first:
            one, other = _root(first, a), _root(first, b)
            either, both = citizen[one] or citizen[other], citizen[one] and citizen[other]
            if (reason == PERSON and (not both or citizen[one] == citizen[other])) or not either:
                _unite(first, citizen, a, b)
    groups: dict[uuid.UUID, list[uuid.UUID]] = {}
    for child in living:
        groups.setdefault(_root(first, child), []).append(child)
    return list(groups.values())


def _standing_joins(transaction: Transaction, ids: set[uuid.UUID]) -> list[tuple[uuid.UUID, uuid.UUID, str]]:
    """Return the joins among identities, those that a person made first."""
    query = (
        select(RecordJoinRow.child_id, RecordJoinRow.other_id, RecordJoinRow.reason)
        .where(among(RecordJoinRow.child_id, ids), RecordJoinRow.ended_at.is_(None))
        .order_by(RecordJoinRow.reason != PERSON, RecordJoinRow.made_at, RecordJoinRow.join_id)
    )
    return [(a, b, reason) for a, b, reason in transaction.connection.execute(query)]


def _root(first: dict[uuid.UUID, uuid.UUID], child: uuid.UUID) -> uuid.UUID:
    while first[child] != child:
        first[child] = first[first[child]]
        child = first[child]
    return child


def _unite(
    first: dict[uuid.UUID, uuid.UUID], citizen: dict[uuid.UUID, uuid.UUID | None], a: uuid.UUID, b: uuid.UUID
) -> None:
    one, other = _root(first, a), _root(first, b)
    first[other] = one
    citizen[one] = citizen[one] or citizen[other]


def people_of_withdrawn(transaction: Transaction) -> list[uuid.UUID]:
    """Return the citizens to whom an identity still points though its source withdrew the record."""
    query = (
        select(PointerRow.person_id)
        .join(ChildRow, ChildRow.child_id == PointerRow.child_id)
        .where(ChildRow.withdrawn_at.is_not(None), PointerRow.person_id.is_not(None))
        .distinct()
    )
    return [person for person in transaction.connection.scalars(query) if person is not None]


def regroup_withdrawn(transaction: Transaction, *, at: datetime) -> None:
    """Let the records that were joined to one whose source withdrew it stand without it."""
    query = (
        select(PointerRow.child_id)
        .join(ChildRow, ChildRow.child_id == PointerRow.child_id)
        .where(ChildRow.withdrawn_at.is_not(None), PointerRow.person_id.is_(None))
    )
    withdrawn = list(transaction.connection.scalars(query))
    if withdrawn:
        regroup_identities(transaction, withdrawn, at=at)


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


def heads(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Return for each identity the one that stands for its child; an identity that points nowhere stands for itself."""
    ids = list(child_ids)
    query = select(PointerRow.child_id, PointerRow.head_id).where(among(PointerRow.child_id, ids))
    pointed = {row[0]: row[1] for row in transaction.connection.execute(query)}
    return {child: pointed.get(child, child) for child in ids}


def identities(transaction: Transaction, child_id: uuid.UUID) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """Return the identity that stands for the child of whom `child_id` is one, and all identities of hers."""
    head, found = called(transaction, "identities_of", child_id)[0]
    return head, found


def members(transaction: Transaction, child_id: uuid.UUID) -> list[uuid.UUID]:
    """Return all identities of the child for whom `child_id` stands."""
    ids = list(
        transaction.connection.scalars(
            select(MemberRow.member_id).where(MemberRow.child_id == child_id).order_by(MemberRow.member_id)
        )
    )
    return ids or [child_id]
