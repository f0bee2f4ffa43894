"""Retention: what was kept long enough goes, unless something forbids it; each child in a transaction of her own.

The rule, the hold and the other reasons to keep her are looked at in the transaction that erases her, while she is
held. Erasing again what is gone changes nothing, so a run that was killed is simply run again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import partial
from typing import Final
from uuid import UUID

from registry.actions.keys.erase import erase_child, erase_record
from registry.actions.keys.sealing import Vault, open_group
from registry.actions.law.legal_holds import Held
from registry.actions.looking.suspects import key_of_case
from registry.actions.oversight.log import log
from registry.model.errors import Conflict
from registry.model.law import Kept, Law, RetentionRule, months_before
from registry.model.working_days import day_in_viet_nam
from registry.protect.authorize import Action, authorize
from registry.protect.keys.erasure_ledger import ErasureLedger
from registry.protect.log.access_log import Event
from registry.store import findings, grouping, legal_holds, protection_cases, retention, subject_requests
from registry.store.protection_cases import CaseForDecision
from registry.store.session import Transaction

AT_ONCE: Final = 2000  # quarantined rows of a transaction
CLOSED: Final = "closed"  # status of a case
_VIET_NAM: Final = timezone(timedelta(hours=7))
OF_CHILDREN: Final = (Kept.AGE_OUT, Kept.CLOSED_CASE)


class Blocked(StrEnum):
    """Why something stays although its time is over."""

    HOLD = "hold"
    OPEN_CASE = "open_case"
    OPEN_REQUEST = "open_request"
    DIED = "died"  # her record is kept: somebody may have to answer for it


class MustStay(Conflict):
    """Something about this child is not finished, so she is kept."""

    title = "Something about this child is not finished"

    def __init__(self, why: Blocked) -> None:
        self.why = why
        super().__init__(f"she is kept: {why.value.replace('_', ' ')}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleLine:
    """One rule of the schedule, as it stands on a day."""

    rule: RetentionRule
    until: date  # what is older than this day goes


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAccount:
    """What one rule came to: how many were due, gone, and kept for which reason."""

    name: Kept
    due: int
    gone: int = 0
    blocked: Mapping[str, int] = field(default_factory=dict)


def schedule(law: Law, on: date) -> list[ScheduleLine]:
    """Return the rules as they stand on a day."""
    lines = []
    for name in Kept:
        rule = law.kept(name, on=on)
        lines.append(ScheduleLine(rule=rule, until=months_before(on, rule.months)))
    return lines


def due_children(transaction: Transaction, law: Law, name: Kept) -> list[UUID]:
    """Return whom a rule about children would let go now, by id, blocked or not; nothing is changed.

    Only the year of birth stands in clear, so a child's age is that at the end of the year.
    """
    authorize(transaction.access, Action.RETENTION)
    at = transaction.access.at
    rule = law.kept(name, on=day_in_viet_nam(at))
    if name is Kept.AGE_OUT:
        return retention.aged_children(transaction, born_until=_born_until(at, rule))
    return retention.old_cases(transaction, before=_before(at, rule))


def due_rows(transaction: Transaction, law: Law, name: Kept) -> int:
    """Return how many rows of no child a rule would let go now; nothing is changed."""
    authorize(transaction.access, Action.RETENTION)
    at = transaction.access.at
    before = _before(at, law.kept(name, on=day_in_viet_nam(at)))
    count = retention.old_quarantine if name is Kept.QUARANTINE else retention.old_alarms
    return count(transaction, before=before)


def let_rows_go(transaction: Transaction, vault: Vault, law: Law, name: Kept) -> int:
    """Let some rows of no child go whose time is over; return how many."""
    authorize(transaction.access, Action.RETENTION)
    at = transaction.access.at
    before = _before(at, law.kept(name, on=day_in_viet_nam(at)))
    if name is Kept.QUARANTINE:
        gone = retention.delete_quarantine(transaction, before=before, limit=AT_ONCE)
    else:
        gone = retention.strip_alarms(transaction, before=before)
    if gone:
        log(transaction, vault, Event(action=Action.RETENTION.value, groups=(name.value,), counts={"gone": gone}))
    return gone


def let_go(
    transaction: Transaction, vault: Vault, law: Law, name: Kept, *, child_id: UUID, ledger: ErasureLedger
) -> bool:
    """Erase one child, or one record of a closed case, if the rule still says so; False: it does not.

    Raises:
        Held, MustStay: something forbids it.
    """
    authorize(transaction.access, Action.RETENTION)
    if name is Kept.CLOSED_CASE and not _is_closed(transaction, vault, child_id):
        return False
    check = partial(_check, transaction, vault, law, name, child_id)
    erase = erase_child if name is Kept.AGE_OUT else erase_record
    erased = erase(transaction, vault, child_id, ledger=ledger, check=check)
    if erased.already:
        return False
    log(transaction, vault, Event(action=Action.RETENTION.value, groups=(name.value,), counts={"erased": 1}))
    return True


def blocked_by(transaction: Transaction, vault: Vault, name: Kept, child_id: UUID) -> Blocked | None:
    """Say why somebody who is due would stay; None: nothing forbids it. For a dry run."""
    authorize(transaction.access, Action.RETENTION)
    ids = _together(transaction, child_id)
    cases = protection_cases.of_children(transaction, ids if name is Kept.AGE_OUT else [child_id])
    concerned = ids if name is Kept.AGE_OUT else [child_id]
    if legal_holds.held_among(transaction, [*concerned, *(case.case_id for case in cases)]):
        return Blocked.HOLD
    return _unfinished(transaction, vault, name, ids=ids)


def is_due_case(transaction: Transaction, vault: Vault, child_id: UUID) -> bool:
    """Say whether the case of a record is closed; one that is open is not due at all."""
    authorize(transaction.access, Action.RETENTION)
    return _is_closed(transaction, vault, child_id)


def reason_of(error: Held | MustStay) -> Blocked:
    """Return why somebody stays, of the error that said so."""
    return error.why if isinstance(error, MustStay) else Blocked.HOLD


def _check(
    transaction: Transaction, vault: Vault, law: Law, name: Kept, child_id: UUID, members: Sequence[UUID]
) -> None:
    """Refuse what must stay, now that nobody else can write about her."""
    unfinished = _unfinished(transaction, vault, name, ids=_together(transaction, child_id))
    if unfinished is not None:
        raise MustStay(unfinished)
    rule = law.kept(name, on=day_in_viet_nam(transaction.access.at))
    if name is Kept.AGE_OUT:
        year = retention.youngest(transaction, members)
        due = year is not None and year <= _born_until(transaction.access.at, rule)
    else:
        before = _before(transaction.access.at, rule)
        cases = protection_cases.of_children(transaction, members)
        due = all((case.changed_at or case.seen_at) < before for case in cases)
    if not due:
        raise Conflict("she has changed since: the rule does not say so any more")


def _unfinished(transaction: Transaction, vault: Vault, name: Kept, *, ids: Sequence[UUID]) -> Blocked | None:
    if subject_requests.with_open_request(transaction, ids):
        return Blocked.OPEN_REQUEST
    if findings.died_among(transaction, ids):
        return Blocked.DIED
    if name is Kept.AGE_OUT and any(
        not _closed(vault, case) for case in protection_cases.of_children(transaction, ids)
    ):
        return Blocked.OPEN_CASE
    return None


def _together(transaction: Transaction, child_id: UUID) -> list[UUID]:
    head = grouping.heads(transaction, [child_id])[child_id]
    return sorted({child_id, *grouping.members(transaction, head)})


def _is_closed(transaction: Transaction, vault: Vault, child_id: UUID) -> bool:
    cases = protection_cases.of_children(transaction, [child_id])
    return bool(cases) and all(_closed(vault, case) for case in cases)


def _closed(vault: Vault, case: CaseForDecision) -> bool:
    if case.withdrawn:
        return True
    key = key_of_case(vault, case)
    document = open_group(key, "protection_case", group="case", row=case.case_id, token=case.sealed_case)
    return document.get("status") == CLOSED


def _before(at: datetime, rule: RetentionRule) -> datetime:
    day = months_before(day_in_viet_nam(at), rule.months)
    return datetime.combine(day, time(), tzinfo=_VIET_NAM)


def _born_until(at: datetime, rule: RetentionRule) -> int:
    """Return the year of birth of the youngest whose year of that birthday ended long enough ago."""
    return months_before(day_in_viet_nam(at), rule.months).year - (rule.age or 0) - 1
