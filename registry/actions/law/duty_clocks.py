"""Looks at the clocks of the law: requests that are overdue, breaches to be notified, purposes without a law.

Each raises one alarm for one matter, in the transaction that remembers it. Killed anywhere, the next run goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from registry.actions.keys.sealing import Vault
from registry.actions.law.breaches import notify_by
from registry.actions.law.legal_bases import without_basis
from registry.actions.oversight.alarms import AlarmKind, raise_alarm
from registry.actions.oversight.log import log
from registry.model.law import Clock, Law
from registry.model.working_days import day_in_viet_nam
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import alarms, breaches, subject_requests
from registry.store.session import Transaction


def watch_clocks(transaction: Transaction, vault: Vault, law: Law) -> Mapping[str, int]:
    """Raise an alarm for everything that is late and of which none was raised; return how many of each kind."""
    authorize(transaction.access, Action.CHECK)
    raised = {
        AlarmKind.REQUEST_OVERDUE.value: _overdue(transaction, vault),
        **_breaches(transaction, vault, law),
        AlarmKind.NO_LEGAL_BASIS.value: _bases(transaction, vault, law),
    }
    if any(raised.values()):
        log(transaction, vault, Event(action=Action.CHECK.value, counts=raised))
    return raised


def _overdue(transaction: Transaction, vault: Vault) -> int:
    late = subject_requests.overdue(transaction, day_in_viet_nam(transaction.access.at))
    for request in late:
        raise_alarm(transaction, vault, AlarmKind.REQUEST_OVERDUE, child_id=request.child_id, place=request.kind)
        subject_requests.note_told(transaction, request)
    return len(late)


def _breaches(transaction: Transaction, vault: Vault, law: Law) -> dict[str, int]:
    raised = {AlarmKind.BREACH_SOON.value: 0, AlarmKind.BREACH_LATE.value: 0}
    at = transaction.access.at
    for breach in breaches.not_notified(transaction):
        hours = law.number(Clock.BREACH_WARNING_HOURS, on=day_in_viet_nam(breach.discovered_at))
        late = at > notify_by(law, breach.discovered_at)
        soon = breach.warned_at is None and at >= breach.discovered_at + timedelta(hours=hours)
        if not late and not soon:
            continue
        kind = AlarmKind.BREACH_LATE if late else AlarmKind.BREACH_SOON
        raise_alarm(transaction, vault, kind, place=str(breach.breach_id)[:8])
        breaches.note_alarm(transaction, breach.breach_id, late=late)
        raised[kind.value] += 1
    return raised


def _bases(transaction: Transaction, vault: Vault, law: Law) -> int:
    waiting = alarms.places_waiting(transaction, AlarmKind.NO_LEGAL_BASIS.value)
    fresh = [purpose for purpose in without_basis(transaction, law) if purpose.value not in waiting]
    for purpose in fresh:
        raise_alarm(transaction, vault, AlarmKind.NO_LEGAL_BASIS, place=purpose.value)
    return len(fresh)
