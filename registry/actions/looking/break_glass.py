"""One child beyond the own area is opened in an emergency: for half an hour, and a supervisor hears of it at once.

What is told and what is opened stand in one transaction: neither is there without the other. Nobody is shown anything
by breaking the glass; the child's record is opened afterwards, as long as the emergency lasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from registry.actions.keys.damage import refusing
from registry.actions.keys.sealing import Vault, seal_group
from registry.actions.looking.reach import Reached, reach, reached
from registry.actions.oversight.alarms import AlarmKind, raise_alarm
from registry.actions.oversight.log import log
from registry.model.access import Purpose
from registry.model.errors import ClockBack, Conflict, Refused
from registry.protect.authorize import Action, Grant, authorize, still_permitted
from registry.protect.log.access_log import Event
from registry.store import children, emergencies
from registry.store.emergencies import BREAK_GLASS, OWN_AREA, Emergency
from registry.store.session import Transaction

TABLE: Final = "emergency"
LASTS: Final = timedelta(minutes=30)
REVIEWED_WITHIN: Final = timedelta(hours=72)
OFTEN: Final = 3  # more of them in a day raise an alarm of their own
TOLD_FOR: Final = timedelta(hours=12)  # within the own area the supervisor is told once a working day for a child
_A_DAY: Final = timedelta(days=1)


class NoSupervisor(Refused):
    """The account has no supervisor with an open account, so nobody could judge what it does."""

    title = "Your account has no supervisor who could judge an emergency"


class AnotherRuns(Conflict):
    """One emergency of an account runs at a time."""

    title = "Another emergency of yours still runs: end it first"


class OwnArea(Conflict):
    """The child is in the own area, where no glass has to be broken."""

    title = "This child is in your own area: open the record as usual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An emergency that runs."""

    emergency_id: UUID
    child_id: UUID  # the identity that stands for the child
    ends_at: datetime
    review_due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An emergency under which a child is opened now."""

    emergency_id: UUID
    ends_at: datetime
    grant: Grant
    reached: Reached


def break_glass(transaction: Transaction, vault: Vault, child_id: UUID) -> Begun:
    """Open one child beyond the own area for half an hour, and tell the supervisor.

    Raises:
        FreshSignInNeeded: who asks has not proved a moment ago who they are.
        ReasonNeeded: the sentence is missing.
        NoSupervisor: nobody could judge it.
        AnotherRuns: an emergency for another child has not ended.
        OwnArea: the child needs no emergency to be opened.
        NotFound: there is no such child, or not for this access: both look the same.
        ClockBack: the clock stands before the last emergency of this account.
    """
    access = transaction.access
    grant = authorize(access, Action.BREAK_GLASS)
    if access.staff_id is None:
        raise Refused(place=Action.BREAK_GLASS.value)
    emergencies.take_turn(transaction, access.staff_id)
    supervisor = emergencies.own_supervisor(transaction)
    if supervisor is None:
        raise NoSupervisor(field="supervisor")
    lately = emergencies.of_account(transaction, access.staff_id, kind=BREAK_GLASS, since=access.at - _A_DAY)
    if any(access.at < one.last_used_at for one in lately):
        raise ClockBack("an emergency of this account began later than now")
    standing = [one for one in lately if is_open(one, access.at)]
    own_area = reached(transaction, authorize(access, Action.OPEN), child_id)
    if own_area is not None:
        raise OwnArea(field="child")
    found = reach(transaction, vault, grant, child_id)
    if standing:
        return _the_same(standing[0], found)
    return _begin(transaction, vault, grant, found=found, supervisor=supervisor, earlier=len(lately))


def running(transaction: Transaction, child_id: UUID) -> Running | None:
    """Return the emergency under which whoever asks may open this child now, and let the transaction see her.

    None where none runs, where it has ended, or where the clock stands before the last look under it.
    """
    access = transaction.access
    if access.staff_id is None or access.purpose is not Purpose.EMERGENCY:
        return None
    lately = emergencies.of_account(transaction, access.staff_id, kind=BREAK_GLASS, since=access.at - _A_DAY)
    for one in lately:
        if one.closed_at is None and not is_open(one, access.at):
            transaction.keep(partial(_close, emergency=one))
    standing = next((one for one in lately if is_open(one, access.at)), None)
    if standing is None or standing.ends_at is None:
        return None
    grant = still_permitted(access, Action.BREAK_GLASS)
    found = reached(transaction, grant, child_id)
    if found is None or standing.child_id not in found.members:
        return None
    emergencies.use(transaction, standing)
    return Running(emergency_id=standing.emergency_id, ends_at=standing.ends_at, grant=grant, reached=found)


def end_emergency(transaction: Transaction, vault: Vault) -> None:
    """End the own emergency that runs before its time; without one nothing changes."""
    access = transaction.access
    still_permitted(access, Action.BREAK_GLASS)
    if access.staff_id is None:
        return
    lately = emergencies.of_account(transaction, access.staff_id, kind=BREAK_GLASS, since=access.at - _A_DAY)
    for one in lately:
        if one.closed_at is None:
            emergencies.close(transaction, one)
            log(transaction, vault, Event(action=Action.BREAK_GLASS, children=[one.child_id], counts={"ended": 1}))


def tell_supervisor(transaction: Transaction, vault: Vault, grant: Grant, *, found: Reached) -> None:
    """Let the supervisor know that a child of the own area is opened in an emergency, once a working day."""
    access = transaction.access
    if access.staff_id is None:
        return
    since = access.at - TOLD_FOR
    told = emergencies.of_account(transaction, access.staff_id, kind=OWN_AREA, since=since, child_ids=found.members)
    if not any(one.began_at <= access.at for one in told):
        supervisor = emergencies.own_supervisor(transaction)
        _add(transaction, vault, grant, members=found.members, kind=OWN_AREA, supervisor=supervisor)


def _begin(
    transaction: Transaction, vault: Vault, grant: Grant, *, found: Reached, supervisor: UUID, earlier: int
) -> Begun:
    access = transaction.access
    begun = _add(transaction, vault, grant, members=found.members, kind=BREAK_GLASS, supervisor=supervisor)
    if access.staff_id is not None:  # so that nobody is asked for the purpose again
        children.note_opening(transaction, grant, found.head, staff_id=access.staff_id, purpose=Purpose.EMERGENCY.value)
    raise_alarm(transaction, vault, AlarmKind.GLASS_BROKEN, child_id=found.head)
    if earlier >= OFTEN:
        raise_alarm(transaction, vault, AlarmKind.GLASS_BROKEN_OFTEN)
    log(transaction, vault, Event(action=Action.BREAK_GLASS, children=found.members, counts={"emergency": 1}))
    return begun


def _add(
    transaction: Transaction,
    vault: Vault,
    grant: Grant,
    *,
    members: Sequence[UUID],
    kind: str,
    supervisor: UUID | None,
) -> Begun:
    """Keep an emergency and the notice of it, its sentence sealed under the child's key."""
    access, emergency_id = transaction.access, uuid4()
    row = children.some(transaction, grant, members)[0]
    sealed = None
    if access.reason is not None:
        with refusing(transaction, vault, row.child_id):
            key = vault.child_key(row)
        sealed = seal_group(key, TABLE, group="reason", row=emergency_id, document={"reason": access.reason})
    ends_at, due_at = access.at + LASTS, access.at + REVIEWED_WITHIN
    glass = kind == BREAK_GLASS
    emergencies.add(
        transaction,
        {
            "child_id": row.child_id,
            "emergency_id": emergency_id,
            "kind": kind,
            "staff_id": access.staff_id,
            "login": access.login,
            "office": access.office,
            "supervisor_id": supervisor,
            "sealed_reason": sealed,
            "began_at": access.at,
            "ends_at": ends_at if glass else None,
            "last_used_at": access.at,
            "review_due_at": due_at if glass else None,
        },
    )
    return Begun(emergency_id=emergency_id, child_id=row.child_id, ends_at=ends_at, review_due_at=due_at)


def is_open(emergency: Emergency, at: datetime) -> bool:
    """Say whether an emergency is open: neither ended, nor looked at by a clock that stands before its last look."""
    ends_at = emergency.ends_at
    return emergency.closed_at is None and ends_at is not None and emergency.last_used_at <= at < ends_at


def _the_same(standing: Emergency, found: Reached) -> Begun:
    if standing.child_id not in found.members or standing.ends_at is None or standing.review_due_at is None:
        raise AnotherRuns(field="child")
    return Begun(
        emergency_id=standing.emergency_id,
        child_id=found.head,
        ends_at=standing.ends_at,
        review_due_at=standing.review_due_at,
    )


def _close(transaction: Transaction, *, emergency: Emergency) -> None:
    emergencies.close(transaction, emergency)
