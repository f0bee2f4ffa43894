"""Looks for what is unusual in what accounts have looked at, every few minutes: an alarm once for each and a while.

Everything is counted from the leaves of the access log, as they stand in the table of looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from statistics import median
from typing import Final
from uuid import UUID

from registry.actions.keys.sealing import Vault
from registry.actions.oversight.alarms import AlarmKind, raise_once
from registry.actions.oversight.log import log
from registry.model.access import Purpose, Role
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import limits
from registry.store.limits import HourOfAccount, LateLook
from registry.store.session import Transaction

VIET_NAM: Final = timezone(timedelta(hours=7))
FISHING: Final = 20  # different searches in an hour with nobody opened
GUESSED: Final = 10  # different children in an hour who were not there for the account
USUAL_DAYS: Final = 28  # of which the own median is taken
FEWEST_DAYS: Final = 5  # days with looks, without which there is no usual number
TIMES_USUAL: Final = 3
FEWEST_CHILDREN: Final = 15  # three times a very small number is no sign
NIGHT_BEGINS, NIGHT_ENDS = 22, 6  # hours of the day
SATURDAY: Final = 5
DESKS: Final = frozenset({Role.PROVINCE_WORKER.value, Role.REVIEWER.value})  # who does not work on days of rest
LOOKED_BACK: Final = timedelta(minutes=30)  # more than the time between two runs
KEPT: Final = timedelta(days=USUAL_DAYS + 7)
HOUR: Final = timedelta(hours=1)
HALF_A_DAY: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """Something unusual about an account."""

    staff_id: UUID
    kind: AlarmKind
    within: timedelta  # in which it is told once


def look_for_unusual(transaction: Transaction, vault: Vault) -> int:
    """Raise the alarms that are due, forget looks that are too old to count, and return how many were raised."""
    authorize(transaction.access, Action.CHECK)
    raised = [
        sign
        for sign in _signs(transaction)
        if raise_once(transaction, vault, sign.kind, within=sign.within, staff_id=sign.staff_id)
    ]
    forgotten = limits.forget(transaction, before_day=_day(transaction.access.at - KEPT))
    if raised or forgotten:
        counts = {"alarms": len(raised), "forgotten": forgotten}
        log(transaction, vault, Event(action="look_for_unusual", counts=counts))
    return len(raised)


def _signs(transaction: Transaction) -> Iterator[Sign]:
    at = transaction.access.at
    days = sorted({_day(at), _day(at - HOUR)})
    for hour in limits.hours(transaction, days=days):
        yield from of_hour(hour)
    today = _day(at)
    by_day = limits.opened_by_day(transaction, first=today - timedelta(days=USUAL_DAYS))
    for staff_id, opened in by_day.items():
        if is_more_than_usual(opened, today=today):
            yield Sign(staff_id=staff_id, kind=AlarmKind.MORE_THAN_USUAL, within=HALF_A_DAY)
    for late in limits.lately(transaction, days=days, since=at - LOOKED_BACK):
        if is_off_hours(late):
            yield Sign(staff_id=late.staff_id, kind=AlarmKind.OFF_HOURS, within=HALF_A_DAY)


def of_hour(hour: HourOfAccount) -> Iterator[Sign]:
    """Yield what is unusual about what an account did in an hour."""
    if hour.searched >= FISHING and hour.opened == 0:
        yield Sign(staff_id=hour.staff_id, kind=AlarmKind.FISHING, within=HOUR)
    if hour.missed >= GUESSED:
        yield Sign(staff_id=hour.staff_id, kind=AlarmKind.GUESSED_IDS, within=HOUR)


def is_more_than_usual(opened: Mapping[date, int], *, today: date) -> bool:
    """Say whether an account opened more than three times as many children today as on its median day.

    Args:
        opened: children by day; days without any are missing.
    """
    now = opened.get(today, 0)
    before = [number for day, number in opened.items() if day < today]
    if now < FEWEST_CHILDREN or len(before) < FEWEST_DAYS:
        return False
    return now > TIMES_USUAL * median(before)


def is_off_hours(look: LateLook) -> bool:
    """Say whether somebody looked at night or on a day of rest, and not for an emergency."""
    if look.purpose == Purpose.EMERGENCY.value:
        return False  # a child in danger has no office hours, and the supervisor hears of it anyhow
    there = look.last_at.astimezone(VIET_NAM)
    at_night = there.hour >= NIGHT_BEGINS or there.hour < NIGHT_ENDS
    return at_night or (look.role in DESKS and there.weekday() >= SATURDAY)


def _day(at: datetime) -> date:
    return at.astimezone(VIET_NAM).date()
