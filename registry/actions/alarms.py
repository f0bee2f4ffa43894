"""Alarms: something happened that somebody must look at.

Raised in the transaction of what happened, or after it if that was a refusal; told in the log of the program by kind
and id; acknowledged by an auditor, once, and the access log says who.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from registry.actions.log import log
from registry.actions.sealing import Vault
from registry.model.errors import Conflict, NotFound, Refused
from registry.protect.access_log import Event
from registry.protect.authorize import Action, authorize
from registry.protect.log_lines import Told, tell
from registry.protect.pseudonym import child_pseudonym
from registry.store import alarms
from registry.store.alarms import Alarm
from registry.store.session import Transaction

LIMIT: Final = 100  # alarms shown
_SHORT: Final = 8  # hexadecimal digits of a pseudonym shown


class AlarmKind(StrEnum):
    """What happened."""

    DECOY_OPENED = "decoy_opened"  # somebody opened a child who does not exist
    DAMAGED_VALUE = "damaged_value"  # a sealed value is not what was sealed
    KEYS_DO_NOT_FIT = "keys_do_not_fit"  # so many of them that it is the keys


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmView:
    """An alarm as it is shown. None: not known, or not this reader's to see."""

    alarm_id: UUID
    kind: str
    raised_at: datetime
    login: str | None = field(repr=False)
    child: str | None  # the beginning of the pseudonym that the access log has for her
    place: str | None
    acknowledged_at: datetime | None


def raise_alarm(
    transaction: Transaction, vault: Vault, kind: AlarmKind, *, child_id: UUID | None = None, place: str | None = None
) -> None:
    """Raise an alarm with the transaction; args: place: table and group of a value, or the domain of a key."""
    _raise(transaction, vault=vault, alarm_id=uuid4(), kind=kind, child_id=child_id, place=place)


def raise_though_refused(
    transaction: Transaction, vault: Vault, kind: AlarmKind, *, child_id: UUID | None = None, place: str | None = None
) -> None:
    """Raise an alarm after the refusal in which the transaction is going to end."""
    transaction.keep(partial(_raise, vault=vault, alarm_id=uuid4(), kind=kind, child_id=child_id, place=place))


def _raise(
    transaction: Transaction, *, vault: Vault, alarm_id: UUID, kind: AlarmKind, child_id: UUID | None, place: str | None
) -> None:
    pseudonym = None if child_id is None else child_pseudonym(vault.keyring, child_id)
    alarms.add(transaction, alarm_id, kind=kind.value, child_pseudonym=pseudonym, place=place)
    children = [] if child_id is None else [child_id]
    log(transaction, vault, Event(action=f"alarm.{kind.value}", children=children))
    tell(Told.ALARM, logging.WARNING, kind=kind.value, alarm_id=alarm_id)


def list_alarms(transaction: Transaction, vault: Vault, *, waiting_only: bool, limit: int = LIMIT) -> list[AlarmView]:
    """Return the alarms, those that wait first; who and which child are for an auditor alone."""
    authorize(transaction.access, Action.ALARMS)
    whole = _may_see_whole(transaction)
    found = [_view(alarm, whole=whole) for alarm in alarms.newest(transaction, limit=limit, waiting_only=waiting_only)]
    log(transaction, vault, Event(action=Action.ALARMS.value, counts={"alarms": len(found)}))
    return found


def acknowledge_alarm(transaction: Transaction, vault: Vault, alarm_id: UUID) -> None:
    """Say that somebody has looked at an alarm.

    Raises:
        NotFound: there is no such alarm.
        Conflict: it was acknowledged before.
    """
    authorize(transaction.access, Action.WHO_ALARMED)
    known = alarms.acknowledged(transaction, alarm_id)
    if known is None:
        raise NotFound("there is no alarm of this id", field="alarm")
    if known:
        raise Conflict("it was acknowledged before", field="alarm")
    alarms.acknowledge(transaction, alarm_id)
    log(transaction, vault, Event(action=Action.WHO_ALARMED.value, counts={"acknowledged": 1}))


def _may_see_whole(transaction: Transaction) -> bool:
    try:
        authorize(transaction.access, Action.WHO_ALARMED)
    except Refused:
        return False
    return True


def _view(alarm: Alarm, *, whole: bool) -> AlarmView:
    pseudonym = alarm.child_pseudonym
    return AlarmView(
        alarm_id=alarm.alarm_id,
        kind=alarm.kind,
        raised_at=alarm.raised_at,
        login=alarm.login if whole else None,
        child=pseudonym.hex()[:_SHORT] if whole and pseudonym else None,
        place=alarm.place,
        acknowledged_at=alarm.acknowledged_at,
    )
