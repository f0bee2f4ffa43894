"""A supervisor hears of emergencies and judges them; an account whose emergency nobody judged in time is locked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final
from uuid import UUID

from registry.actions.keys.damage import Damage
from registry.actions.keys.sealing import Vault, open_group, seal_group
from registry.actions.looking.break_glass import TABLE
from registry.actions.oversight.alarms import AlarmKind, raise_alarm
from registry.actions.oversight.log import log
from registry.model.errors import BadQuery, Conflict, NotFound
from registry.protect.authorize import Action, authorize
from registry.protect.keys.data_key import DataKey
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Event
from registry.store import emergencies
from registry.store.emergencies import BREAK_GLASS, Emergency
from registry.store.session import Transaction

LONGEST_NOTE: Final = 500  # characters
SHOWN: Final = 100


class Verdict(StrEnum):
    """What a supervisor says of an emergency."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyView:
    """An emergency as its supervisor reads it."""

    emergency_id: UUID
    child_id: UUID
    kind: str
    login: str = field(repr=False)
    office: str
    reason: str | None = field(repr=False)  # None: none was asked, or the child was erased since
    began_at: datetime
    ends_at: datetime | None
    review_due_at: datetime | None
    locked_at: datetime | None  # the account waits for the verdict to be unlocked
    reviewed_at: datetime | None
    verdict: str | None
    note: str | None = field(repr=False)


def emergencies_to_judge(transaction: Transaction, vault: Vault) -> list[EmergencyView]:
    """Return what whoever asks was told of as a supervisor, what waits for a verdict first."""
    authorize(transaction.access, Action.REVIEW_EMERGENCY)
    staff_id = transaction.access.staff_id
    found = [] if staff_id is None else emergencies.of_supervisor(transaction, staff_id, limit=SHOWN)
    children = {one.child_id for one in found}
    log(transaction, vault, Event(action=Action.REVIEW_EMERGENCY, children=children, counts={"shown": len(found)}))
    met = Damage(transaction, vault)
    shown = [met.tried(one.child_id, partial(_view, vault, one)) or _view(vault, one, sealed=False) for one in found]
    met.settle(of=len(found))
    return shown


def waiting_to_judge(transaction: Transaction) -> int:
    """Return how many emergencies wait for the verdict of whoever asks."""
    authorize(transaction.access, Action.REVIEW_EMERGENCY)
    staff_id = transaction.access.staff_id
    return 0 if staff_id is None else emergencies.waiting(transaction, staff_id)


def judge_emergency(transaction: Transaction, vault: Vault, emergency_id: UUID, *, verdict: Verdict, note: str) -> None:
    """Keep the verdict of the supervisor; the account that was locked for want of it is unlocked.

    Raises:
        BadQuery: the sentence is missing or too long.
        NotFound: there is no such emergency, or another is its supervisor.
        Conflict: it was judged before.
    """
    access = transaction.access
    authorize(access, Action.REVIEW_EMERGENCY)
    sentence = _sentence(note)
    found = emergencies.by_id(transaction, emergency_id)
    if found is None or access.staff_id is None or found.supervisor_id != access.staff_id:
        raise NotFound
    if found.reviewed_at is not None:
        raise Conflict("it was judged before", field="emergency")
    key = _key(vault, found)
    sealed = None
    if key is not None:
        sealed = seal_group(key, TABLE, group="note", row=emergency_id, document={"note": sentence})
    emergencies.judge(transaction, found, verdict=verdict.value, sealed_note=sealed)
    unlocked = emergencies.lift_suspension(transaction, found.staff_id)
    if verdict is Verdict.NOT_JUSTIFIED:
        raise_alarm(
            transaction, vault, AlarmKind.EMERGENCY_NOT_JUSTIFIED, child_id=found.child_id, place=_account(found)
        )
    counts = {verdict.value: 1, **({"unlocked": 1} if unlocked else {})}
    log(transaction, vault, Event(action=Action.REVIEW_EMERGENCY, children=[found.child_id], counts=counts))


def lock_unreviewed(transaction: Transaction, vault: Vault) -> int:
    """Lock the accounts whose emergencies nobody has judged in time, end what has ended; return how many were locked.

    Background work: it may run as often as it likes.
    """
    authorize(transaction.access, Action.CHECK)
    emergencies.close_ended(transaction)
    found = emergencies.overdue(transaction)
    if found:
        emergencies.suspend(transaction, found)
        for one in found:
            raise_alarm(transaction, vault, AlarmKind.EMERGENCY_UNREVIEWED, child_id=one.child_id, place=_account(one))
        accounts = {one.staff_id for one in found}
        log(transaction, vault, Event(action=Action.REVIEW_EMERGENCY, counts={"locked": len(accounts)}))
    return len(found)


def _account(emergency: Emergency) -> str:
    return f"account:{emergency.staff_id}"


def _view(vault: Vault, emergency: Emergency, *, sealed: bool = True) -> EmergencyView:
    """Return an emergency as it is shown; args: sealed: with what stands sealed of it."""
    key = _key(vault, emergency) if sealed else None
    return EmergencyView(
        emergency_id=emergency.emergency_id,
        child_id=emergency.child_id,
        kind=emergency.kind,
        login=emergency.login,
        office=emergency.office,
        reason=_opened(key, emergency, "reason", emergency.sealed_reason),
        began_at=emergency.began_at,
        ends_at=(emergency.closed_at or emergency.ends_at) if emergency.kind == BREAK_GLASS else None,
        review_due_at=emergency.review_due_at,
        locked_at=emergency.locked_at,
        reviewed_at=emergency.reviewed_at,
        verdict=emergency.verdict,
        note=_opened(key, emergency, "note", emergency.sealed_note),
    )


def _key(vault: Vault, emergency: Emergency) -> DataKey | None:
    """Return the key of the child; None: she was erased."""
    if emergency.wrapped_key is None:
        return None
    return vault.key(
        Domain.IDENTITY_WRAP,
        emergency.child_id,
        wrapped=emergency.wrapped_key,
        epoch=emergency.key_epoch or 0,
        generation=emergency.key_generation or 0,
    )


def _opened(key: DataKey | None, emergency: Emergency, group: str, token: bytes | None) -> str | None:
    if key is None or token is None:
        return None
    return str(open_group(key, TABLE, group=group, row=emergency.emergency_id, token=token)[group])


def _sentence(note: str) -> str:
    sentence = " ".join(note.split())
    if not sentence:
        raise BadQuery("note", "one sentence is needed")
    if len(sentence) > LONGEST_NOTE:
        raise BadQuery("note", "too long")
    return sentence
