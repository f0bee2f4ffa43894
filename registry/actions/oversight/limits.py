"""How many children one account may open in an hour and in a day, decided before anything of the next one is unsealed.

What was opened is counted from the leaves of the access log. Two requests at the same moment may both be the last that
is allowed: the limit is passed by no more than the requests that run at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from registry.actions.keys.sealing import Vault
from registry.actions.oversight.alarms import AlarmKind, raise_once
from registry.actions.oversight.log import log
from registry.model.access import Role
from registry.model.errors import LimitReached
from registry.protect.authorize import Action
from registry.protect.log.access_log import Event, Outcome
from registry.protect.pseudonym import child_pseudonym
from registry.store import limits
from registry.store.limits import Looks
from registry.store.session import Transaction
from registry.store.wire import Call

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningLimits:
    """How many different children an account of a role may open."""

    warn_in_hour: int  # from here on an alarm
    most_in_hour: int
    warn_in_day: int
    most_in_day: int


_PEOPLE: Final = OpeningLimits(warn_in_hour=50, most_in_hour=150, warn_in_day=150, most_in_day=450)
LIMITS: Final[Mapping[Role, OpeningLimits]] = {
    Role.COMMUNE_WORKER: _PEOPLE,
    Role.PROVINCE_WORKER: _PEOPLE,
    Role.REVIEWER: _PEOPLE,
}


def check(transaction: Transaction, vault: Vault, children: Iterable[UUID]) -> Looks | None:
    """Refuse to open one more child if the account has opened too many; None: the account has no limits.

    Args:
        children: all identities of the child.

    Raises:
        LimitReached: when the oldest look has aged enough, it goes on.
    """
    access = transaction.access
    allowed = LIMITS.get(access.role)
    if allowed is None or access.staff_id is None:
        return None
    looks = limits.before(transaction, thing=_thing(vault, children))
    if looks.known_in_hour:
        return looks
    if looks.in_hour >= allowed.most_in_hour:
        _stop(transaction, vault, looks, within=HOUR)
    if looks.in_day >= allowed.most_in_day and not looks.known_in_day:
        _stop(transaction, vault, looks, within=DAY)
    if looks.in_hour + 1 >= allowed.warn_in_hour:
        raise_once(transaction, vault, AlarmKind.MANY_CHILDREN, within=HOUR)
    if looks.in_day + 1 >= allowed.warn_in_day:
        raise_once(transaction, vault, AlarmKind.MANY_CHILDREN_IN_A_DAY, within=DAY)
    return looks


def questions(transaction: Transaction, vault: Vault, children: Iterable[UUID]) -> list[Call]:
    """Return what `check` asks the database, so that it can be asked ahead; nothing of an account without limits."""
    access = transaction.access
    if access.role not in LIMITS or access.staff_id is None:
        return []
    return [limits.question(transaction, thing=_thing(vault, children))]


def _thing(vault: Vault, children: Iterable[UUID]) -> bytes:
    """Return the name by which the log's first mention of a child is counted."""
    return min(child_pseudonym(vault.keyring, child) for child in children)


def _stop(transaction: Transaction, vault: Vault, looks: Looks, *, within: timedelta) -> None:
    transaction.keep(partial(_tell, vault=vault))
    oldest = looks.oldest_in_hour if within == HOUR else looks.oldest_in_day
    left = timedelta(0) if oldest is None else oldest + within - transaction.access.at
    raise LimitReached("too many children were opened", retry_after=max(1, int(left.total_seconds()) + 1))


def _tell(transaction: Transaction, *, vault: Vault) -> None:
    log(transaction, vault, Event(action=f"{Action.OPEN.value}.stopped", outcome=Outcome.REFUSED))
    raise_once(transaction, vault, AlarmKind.STOPPED_AT_LIMIT, within=HOUR)
