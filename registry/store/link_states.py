"""The states of links and the queue of those to be asked about: claimed under a lease, kept once they are answered."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from registry.model.link_state import LONGEST_WAIT, Failure, LinkState, Priority, Standing
from registry.store.bulk import insert_rows, update_rows
from registry.store.keys import IDENTITY_KEY, of_identity
from registry.store.session import Transaction
from registry.store.tables.base import among
from registry.store.tables.children import (
    ChildRow,
    IdentifierLookupRow,
    IdentityRow,
    LinkRow,
    OutboxEventRow,
    VerificationRow,
)
from registry.store.tables.keys import ChildKeyRow
from registry.store.tables.link_states import LinkStateRow

Row = Mapping[str, Any]
Key = tuple[uuid.UUID, uuid.UUID]  # child, link
_SLACK: Final = timedelta(days=1)
_STANDING: Final = tuple(one.name for one in fields(Standing))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """A link with its state, and what is needed to ask about it."""

    child_id: uuid.UUID
    link_id: uuid.UUID
    person_id: uuid.UUID
    standing: Standing
    request_id: str | None
    question_digest: bytes | None
    sealed_number: bytes = field(repr=False)
    wrapped_key: bytes = field(repr=False)
    key_epoch: int
    key_generation: int

    @property
    def key(self) -> Key:
        """Which link it is."""
        return self.child_id, self.link_id


def _living(*columns: InstrumentedAttribute[bytes]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            LinkStateRow.child_id,
            LinkStateRow.link_id,
            LinkRow.person_id,
            LinkStateRow.request_id,
            LinkStateRow.question_digest,
            LinkRow.sealed_number,
            *IDENTITY_KEY,
            *(getattr(LinkStateRow, name) for name in _STANDING),
            *columns,
        )
        .join(LinkRow, and_(LinkRow.child_id == LinkStateRow.child_id, LinkRow.link_id == LinkStateRow.link_id))
        .join(ChildRow, ChildRow.child_id == LinkStateRow.child_id)
        .join(ChildKeyRow, of_identity())
        .where(ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None))
    )


def _stored(row: Mapping[Any, Any]) -> StoredState:
    told = dict(row)
    standing = {name: told.pop(name) for name in _STANDING}
    standing["state"] = LinkState(standing["state"])
    standing["priority"] = Priority(standing["priority"])
    standing["failure"] = None if standing["failure"] is None else Failure(standing["failure"])
    return StoredState(standing=Standing(**standing), **told)


def is_due(at: datetime, *, lasts: timedelta) -> ColumnElement[bool]:
    """Say that a link is to be asked about; a time that no waiting explains is that of a clock that went back."""
    return or_(
        LinkStateRow.due_at <= at,
        LinkStateRow.due_at > at + lasts + _SLACK,
        and_(LinkStateRow.attempts > 0, LinkStateRow.due_at > at + LONGEST_WAIT),
    )


def _is_free(at: datetime, *, lease: timedelta) -> ColumnElement[bool]:
    return or_(
        LinkStateRow.lease.is_(None), LinkStateRow.leased_until <= at, LinkStateRow.leased_until > at + lease + _SLACK
    )


def claim(transaction: Transaction, *, limit: int, again: int, lasts: timedelta, lease: timedelta) -> list[StoredState]:
    """Hold the links that are to be asked about next, the most urgent and then the oldest first.

    Args:
        again: how many of them may be links about which was asked before.
        lasts: how long a confirmation lasts.
        lease: how long another process has for those that it asks about.
    """
    at = transaction.access.at
    rows = _claimed(transaction, LinkStateRow.priority < Priority.AGAIN, limit, at=at, lasts=lasts, lease=lease)
    left = min(limit - len(rows), again)
    if left > 0:
        rows += _claimed(transaction, LinkStateRow.priority >= Priority.AGAIN, left, at=at, lasts=lasts, lease=lease)
    return rows


def _claimed(
    transaction: Transaction,
    which: ColumnElement[bool],
    limit: int,
    *,
    at: datetime,
    lasts: timedelta,
    lease: timedelta,
) -> list[StoredState]:
    query = (
        _living()
        .where(LinkStateRow.due_at.is_not(None), is_due(at, lasts=lasts), _is_free(at, lease=lease), which)
        .order_by(LinkStateRow.priority, LinkStateRow.due_at, LinkStateRow.child_id)
        .limit(limit)
        .with_for_update(of=LinkStateRow, skip_locked=True)
    )
    return [_stored(row) for row in transaction.connection.execute(query).mappings()]


def leased(transaction: Transaction, lease: uuid.UUID) -> dict[Key, StoredState]:
    """Return the links that a batch still holds, and keep others from changing them."""
    query = _living().where(LinkStateRow.lease == lease).order_by(LinkStateRow.child_id)
    rows = transaction.connection.execute(query.with_for_update(of=LinkStateRow)).mappings()
    return {stored.key: stored for stored in map(_stored, rows)}


def some(transaction: Transaction, keys: Iterable[Key]) -> list[StoredState]:
    """Return links that are known and not revoked, and keep others from changing them."""
    wanted = set(keys)
    query = (
        _living()
        .where(among(LinkStateRow.link_id, [link for _, link in wanted]), LinkStateRow.due_at.is_not(None))
        .where(among(LinkStateRow.child_id, [child for child, _ in wanted]))
        .order_by(LinkStateRow.child_id)
        .with_for_update(of=LinkStateRow)
    )
    return [_stored(row) for row in transaction.connection.execute(query).mappings()]


def hold(transaction: Transaction, lease: uuid.UUID, asked: Sequence[Row], *, until: datetime) -> None:
    """Let a batch ask about links; args: asked: child_id, link_id, request_id and question_digest of each."""
    at = transaction.access.at
    update_rows(
        transaction, LinkStateRow, [{**row, "lease": lease, "leased_until": until, "asked_at": at} for row in asked]
    )


def release(transaction: Transaction, lease: uuid.UUID) -> None:
    """Give back the links of a batch that were not asked about; their questions go on under the same names."""
    transaction.connection.execute(
        update(LinkStateRow).where(LinkStateRow.lease == lease).values(lease=None, leased_until=None)
    )


def keep(transaction: Transaction, standings: Mapping[Key, Standing], *, answered: Mapping[Key, str]) -> None:
    """Keep what is known of links now, and give back their leases.

    Args:
        answered: by what connector those were answered whose question is over; the others keep theirs.
    """
    for done in (True, False):
        rows = [
            {
                "child_id": child,
                "link_id": link,
                **_columns(standing),
                "lease": None,
                "leased_until": None,
                **({"request_id": None, "question_digest": None, "connector": answered[child, link]} if done else {}),
            }
            for (child, link), standing in sorted(standings.items())
            if ((child, link) in answered) is done
        ]
        update_rows(transaction, LinkStateRow, rows)


def _columns(standing: Standing) -> dict[str, Any]:
    return {
        "state": standing.state.value,
        "reason": standing.reason,
        "since": standing.since,
        "due_at": standing.due_at,
        "priority": int(standing.priority),
        "confirmed_at": standing.confirmed_at,
        "answered_at": standing.answered_at,
        "attempts": standing.attempts,
        "failure": None if standing.failure is None else standing.failure.value,
    }


def add_answers(transaction: Transaction, rows: Sequence[Row]) -> None:
    """Keep what was said about links, for ever."""
    insert_rows(transaction, VerificationRow, rows)


def tell(transaction: Transaction, events: Sequence[tuple[uuid.UUID, str]]) -> None:
    """Write thin events of identities in the transaction of what they tell."""
    insert_rows(transaction, OutboxEventRow, [{"child_id": child, "kind": kind} for child, kind in events])


def grown_old(transaction: Transaction, *, lasts: timedelta, limit: int) -> list[StoredState]:
    """Return links that were confirmed too long ago to count as verified, and hold them."""
    query = (
        _living()
        .where(
            LinkStateRow.state == LinkState.VERIFIED.value, LinkStateRow.confirmed_at < transaction.access.at - lasts
        )
        .order_by(LinkStateRow.confirmed_at)
        .limit(limit)
        .with_for_update(of=LinkStateRow, skip_locked=True)
    )
    return [_stored(row) for row in transaction.connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRecord:
    """A link whose record has come anew since it was looked at for doubts."""

    state: StoredState
    sealed_identity: bytes = field(repr=False)
    sealed_family: bytes = field(repr=False)


def changed_records(transaction: Transaction, *, limit: int) -> list[ChangedRecord]:
    """Return verified links whose record came anew since they were answered, and were not looked at since."""
    query = (
        _living(IdentityRow.sealed_identity, IdentityRow.sealed_family)
        .join(IdentityRow, IdentityRow.child_id == LinkStateRow.child_id)
        .where(
            LinkStateRow.state == LinkState.VERIFIED.value,
            IdentityRow.updated_at > func.coalesce(LinkStateRow.looked_at, LinkStateRow.confirmed_at),
        )
        .order_by(LinkStateRow.child_id)
        .limit(limit)
        .with_for_update(of=LinkStateRow, skip_locked=True)
    )
    found = []
    for row in transaction.connection.execute(query).mappings():
        told = dict(row)
        sealed = {name: told.pop(name) for name in ("sealed_identity", "sealed_family")}
        found.append(ChangedRecord(state=_stored(told), **sealed))
    return found


def looked_at(transaction: Transaction, keys: Iterable[Key]) -> None:
    """Note that the records of links were looked at."""
    at = transaction.access.at
    rows = [{"child_id": child, "link_id": link, "looked_at": at} for child, link in sorted(keys)]
    update_rows(transaction, LinkStateRow, rows)


def rivalled(transaction: Transaction, *, limit: int) -> list[StoredState]:
    """Return verified links whose number another child's record claims since they were answered."""
    mine, theirs = IdentifierLookupRow.__table__.alias("mine"), IdentifierLookupRow.__table__.alias("theirs")
    other, their_link = IdentityRow.__table__.alias("other"), LinkRow.__table__.alias("their_link")
    claimed = (
        select(1)
        .select_from(mine)
        .join(theirs, theirs.c.number_index == mine.c.number_index)
        .join(other, other.c.child_id == theirs.c.leads_to)
        .outerjoin(their_link, and_(their_link.c.child_id == theirs.c.leads_to, their_link.c.undone_at.is_(None)))
        .where(
            mine.c.leads_to == LinkStateRow.child_id,
            mine.c.kind == "linked",
            theirs.c.kind == "claimed",
            theirs.c.leads_to != LinkStateRow.child_id,
            other.c.updated_at > LinkStateRow.answered_at,
            their_link.c.person_id.is_distinct_from(LinkRow.person_id),
        )
        .exists()
    )
    query = (
        _living()
        .where(LinkStateRow.state == LinkState.VERIFIED.value, claimed)
        .order_by(LinkStateRow.child_id)
        .limit(limit)
        .with_for_update(of=LinkStateRow, skip_locked=True)
    )
    return [_stored(row) for row in transaction.connection.execute(query).mappings()]


def by_numbers(transaction: Transaction, number_indexes: Sequence[bytes]) -> list[StoredState]:
    """Return the links to citizens who bear or bore numbers, found by their keyed hashes, and hold them."""
    children = select(IdentifierLookupRow.leads_to).where(
        among(IdentifierLookupRow.number_index, number_indexes), IdentifierLookupRow.kind == "linked"
    )
    query = (
        _living()
        .where(LinkStateRow.due_at.is_not(None), LinkStateRow.child_id.in_(children))
        .order_by(LinkStateRow.child_id)
        .with_for_update(of=LinkStateRow)
    )
    return [_stored(row) for row in transaction.connection.execute(query).mappings()]


def make_due(transaction: Transaction) -> int:
    """Let every verified link be asked about, those never asked about first; return how many that are."""
    statement = (
        update(LinkStateRow)
        .where(LinkStateRow.state == LinkState.VERIFIED.value)
        .values(due_at=transaction.access.at, priority=int(Priority.AGAIN))
    )
    return int(transaction.connection.execute(statement).rowcount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What stands and what waits."""

    states: Mapping[str, int]
    due: int
    oldest_due: datetime | None
    failing: int  # of those that stand, how many had no answer the last time


def waiting(transaction: Transaction, *, lasts: timedelta) -> Waiting:
    """Count the states of links and those that are to be asked about now."""
    at = transaction.access.at
    living = (ChildRow.withdrawn_at.is_(None), ChildRow.erased_at.is_(None))
    query = (
        select(
            LinkStateRow.state,
            func.count(),
            func.count().filter(is_due(at, lasts=lasts)),
            func.min(LinkStateRow.due_at).filter(is_due(at, lasts=lasts)),
            func.count().filter(LinkStateRow.failure.is_not(None)),
        )
        .join(ChildRow, ChildRow.child_id == LinkStateRow.child_id)
        .where(*living)
        .group_by(LinkStateRow.state)
    )
    found = {row[0]: row[1:] for row in transaction.connection.execute(query)}
    oldest = [row[2] for row in found.values() if row[2] is not None]
    return Waiting(
        states={state.value: int(found[state.value][0]) if state.value in found else 0 for state in LinkState},
        due=sum(int(row[1]) for row in found.values()),
        oldest_due=min(oldest, default=None),
        failing=sum(int(row[3]) for row in found.values()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownState:
    """The state of a link as people read it."""

    child_id: uuid.UUID
    link_id: uuid.UUID
    state: str
    reason: str
    since: datetime
    confirmed_at: datetime | None
    connector: str | None
    due_at: datetime | None
    failure: str | None


def of_children(transaction: Transaction, child_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, ShownState]:
    """Return the state of the link that stands of each identity, as far as the transaction sees them."""
    query = select(*(getattr(LinkStateRow, one.name) for one in fields(ShownState))).where(
        among(LinkStateRow.child_id, child_ids), LinkStateRow.due_at.is_not(None)
    )
    rows = transaction.connection.execute(query).mappings()
    return {row["child_id"]: ShownState(**dict(row)) for row in rows}
