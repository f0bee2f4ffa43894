"""Alarms: something happened that somebody must look at.

Raised in the transaction of what happened, or after it if that was a refusal; told in the log of the program by kind
and id; acknowledged by an auditor, once, and the access log says who.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.model.errors import Conflict, NotFound, Refused
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.protect.log_lines import Told, tell
from registry.protect.pseudonym import child_pseudonym
from registry.store import alarms, limits
from registry.store.alarms import Alarm
from registry.store.session import Transaction

LIMIT: Final = 100  # alarms shown
_SHORT: Final = 8  # hexadecimal digits of a pseudonym shown


class AlarmKind(StrEnum):
    """What happened."""

    DECOY_OPENED = "decoy_opened"  # somebody opened a child who does not exist
    DAMAGED_VALUE = "damaged_value"  # a sealed value is not what was sealed
    KEYS_DO_NOT_FIT = "keys_do_not_fit"  # so many of them that it is the keys
    WITNESS_REFUSED = "witness_refused"  # a witness outside has seen another history of the log
    LOG_DAMAGED = "log_damaged"  # the sealer cannot go on from what was signed
    REQUEST_OVERDUE = "request_overdue"  # a family waits longer than the law allows
    BREACH_SOON = "breach_soon"  # the authority must be told of a breach soon
    BREACH_LATE = "breach_late"  # and was not in time
    NO_LEGAL_BASIS = "no_legal_basis"  # a purpose is allowed by no law that is entered
    ASSERTION_REPLAYED = "assertion_replayed"  # somebody else has what a client signed, or the client is broken
    FORGED_CONNECTION = "forged_connection"  # a request spoke as only the web server in front may
    GLASS_BROKEN = "glass_broken"  # a child beyond the own area was opened in an emergency
    GLASS_BROKEN_OFTEN = "glass_broken_often"  # by one account, within a day
    EMERGENCY_UNREVIEWED = "emergency_unreviewed"  # nobody has judged it in time: the account is locked
    EMERGENCY_NOT_JUSTIFIED = "emergency_not_justified"  # says the supervisor
    MANY_CHILDREN = "many_children"  # an account opened many in an hour
    MANY_CHILDREN_IN_A_DAY = "many_children_in_a_day"
    STOPPED_AT_LIMIT = "stopped_at_limit"  # so many that it was stopped
    MORE_THAN_USUAL = "more_than_usual"  # of what the account itself opens on its days
    FISHING = "fishing"  # many searches, and nobody opened
    OFF_HOURS = "off_hours"  # a look at night, or on a day of rest
    IN_SEQUENCE = "in_sequence"  # one number after the other was searched for
    GUESSED_IDS = "guessed_ids"  # asked for children who are not there for this account
    OWN_SURNAME = "own_surname"  # the child bears the surname of whoever looks
    OWN_HOME = "own_home"  # the child lives where whoever looks lives
    OWN_NAME = "own_name"  # a parent of the child bears the name of whoever looks


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


def raise_once(
    transaction: Transaction,
    vault: Vault,
    kind: AlarmKind,
    *,
    within: timedelta,
    staff_id: UUID | None = None,
    child_id: UUID | None = None,
) -> bool:
    """Raise an alarm about an account, unless one of this kind was raised about it within that time.

    Args:
        staff_id: the account; None: the transaction's own.

    Returns: whether it was raised.
    """
    about = staff_id or transaction.access.staff_id
    if about is None:
        return False
    pseudonym = None if child_id is None else child_pseudonym(vault.keyring, child_id)
    alarm_id = uuid4()
    if not limits.alarm_once(
        transaction,
        alarm_id,
        kind=kind.value,
        staff_id=about,
        within=within,
        child_pseudonym=pseudonym,
        place=None,
    ):
        return False
    log(transaction, vault, Event(action=f"alarm.{kind.value}", children=[] if child_id is None else [child_id]))
    tell(Told.ALARM, logging.WARNING, kind=kind.value, alarm_id=alarm_id)
    return True


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
