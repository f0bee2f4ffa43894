"""Accounts: list them, add one, give a new one-time password, disable one."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.model.access import NATION, NOWHERE, Area, Role
from registry.model.errors import BadQuery, Conflict, NotFound
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.protect.policy import SEPARATE_RIGHTS
from registry.protect.signing_in.passwords import hash_password, one_time_password
from registry.store import emergencies, staff
from registry.store.session import Transaction
from registry.store.staff import Account

_LOGIN: Final = re.compile(r"[a-z][a-z0-9._-]{1,62}[a-z0-9]")
_COMMUNE: Final = re.compile(r"[0-9]{5}")
_PROVINCE: Final = re.compile(r"[0-9]{2}")
_LONGEST_OFFICE: Final = 120
_WITHOUT_AREA: Final = frozenset(
    {Role.SECTOR_SYSTEM, Role.STEWARD, Role.STATISTICIAN, Role.AUDITOR, Role.CUSTODIAN, Role.ADMINISTRATOR}
)
_WITH_RIGHTS: Final = frozenset({Role.COMMUNE_WORKER, Role.PROVINCE_WORKER})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to be added."""

    login: str
    role: Role
    office: str
    area: Area = field(default=NOWHERE)
    rights: frozenset[str] = frozenset()  # of `SEPARATE_RIGHTS`
    supervisor: str | None = None  # login of who judges its emergencies; None: it breaks no glass


@dataclass(frozen=True, slots=True)
class OneTime:
    """A one-time password and its hash, which takes its time by design: the demo makes one for all its accounts."""

    password: str = field(repr=False)
    hash: str = field(repr=False)

    @classmethod
    def fresh(cls) -> OneTime:
        """Make a new one."""
        password = one_time_password()
        return cls(password, hash_password(password))


def list_accounts(transaction: Transaction, vault: Vault) -> list[Account]:
    """Return all accounts by login."""
    authorize(transaction.access, Action.STAFF)
    accounts = staff.all_accounts(transaction)
    log(transaction, vault, Event(action=Action.STAFF.value, counts={"accounts": len(accounts)}))
    return accounts


def add_account(transaction: Transaction, vault: Vault, account: NewAccount, *, one_time: OneTime | None = None) -> str:
    """Add an account and return its one-time password, which is told once and kept nowhere.

    Args:
        one_time: a password made before; None for a new one.

    Raises:
        BadQuery: which rule the account breaks.
        Conflict: the login is taken.
    """
    authorize(transaction.access, Action.STAFF)
    _check(account)
    if staff.by_login(transaction, account.login) is not None:
        raise Conflict("the login is taken", field="login")
    supervisor = None if account.supervisor is None else _supervisor(transaction, account.supervisor, of=account.login)
    one_time = one_time or OneTime.fresh()
    staff.add(
        transaction,
        Account(
            staff_id=uuid4(),
            login=account.login,
            role=account.role,
            office=account.office,
            area=account.area,
            rights=account.rights,
            password_hash=one_time.hash,
            password_is_one_time=True,
            failed_sign_ins=0,
            locked_until=None,
            disabled_at=None,
            supervisor_id=None if supervisor is None else supervisor.staff_id,
        ),
    )
    log(transaction, vault, Event(action=Action.STAFF.value, counts={"added": 1}))
    return one_time.password


def renew_password(transaction: Transaction, vault: Vault, *, login: str, one_time: OneTime | None = None) -> str:
    """Give an account a new one-time password and end its sessions; a lock and a disabling are lifted.

    Its one-time codes end with the old password: whoever lost the device sets up another.

    Args:
        one_time: a password made before; None for a new one.

    Raises:
        NotFound: there is no such account.
    """
    authorize(transaction.access, Action.STAFF)
    account = _known(transaction, login)
    one_time = one_time or OneTime.fresh()
    staff.change(
        transaction,
        account.staff_id,
        password_hash=one_time.hash,
        password_is_one_time=True,
        failed_sign_ins=0,
        locked_until=None,
        disabled_at=None,
        code_enrolled_at=None,
    )
    staff.end_sessions_of(transaction, account.staff_id)
    log(transaction, vault, Event(action=Action.STAFF.value, counts={"password_renewed": 1}))
    return one_time.password


def disable_account(transaction: Transaction, vault: Vault, *, login: str) -> None:
    """Disable an account and end its sessions.

    Raises:
        NotFound: there is no such account.
        Conflict: it is one's own.
    """
    authorize(transaction.access, Action.STAFF)
    account = _known(transaction, login)
    if account.staff_id == transaction.access.staff_id:
        raise Conflict("nobody disables the own account", field="login")
    staff.change(transaction, account.staff_id, disabled_at=transaction.access.at)
    staff.end_sessions_of(transaction, account.staff_id)
    log(transaction, vault, Event(action=Action.STAFF.value, counts={"disabled": 1}))


def name_supervisor(transaction: Transaction, vault: Vault, *, login: str, supervisor: str) -> int:
    """Let another account hear of the emergencies of an account and judge them.

    Returns: how many that wait for a verdict are the new supervisor's now.

    Raises:
        NotFound: there is no such account.
        BadQuery: the account needs no supervisor, or the other cannot be one.
    """
    authorize(transaction.access, Action.STAFF)
    account = _known(transaction, login)
    if account.role not in _WITH_RIGHTS:
        raise BadQuery("login", "this role sees no children, so it has no supervisor")
    above = _supervisor(transaction, supervisor, of=login)
    if above.supervisor_id == account.staff_id:
        raise BadQuery("supervisor", "two accounts do not supervise one another")
    staff.change(transaction, account.staff_id, supervisor_id=above.staff_id)
    passed = emergencies.pass_reviews(transaction, account.staff_id, supervisor_id=above.staff_id)
    log(transaction, vault, Event(action=Action.STAFF.value, counts={"supervisor_named": 1, "passed": passed}))
    return passed


def _supervisor(transaction: Transaction, login: str, *, of: str) -> Account:
    if login == of:
        raise BadQuery("supervisor", "nobody supervises the own account")
    found = staff.by_login(transaction, login)
    if found is None or found.disabled_at is not None:
        raise BadQuery("supervisor", "there is no open account of this login")
    if found.role not in _WITH_RIGHTS:
        raise BadQuery("supervisor", "a supervisor is a commune worker or a province worker")
    return found


def _known(transaction: Transaction, login: str) -> Account:
    account = staff.by_login(transaction, login)
    if account is None:
        raise NotFound("there is no account of this login", field="login")
    return account


def _check(account: NewAccount) -> None:
    if not _LOGIN.fullmatch(account.login):
        raise BadQuery("login", "3 to 64 of a-z, 0-9, dot, dash and underscore, beginning with a letter")
    office = account.office
    if not 1 <= len(office) <= _LONGEST_OFFICE or any(unicodedata.category(sign)[0] == "C" for sign in office):
        raise BadQuery("office", "1 to 120 characters on one line")
    if account.role is Role.ENGINE:
        raise BadQuery("role", "the engine is nobody's account")
    if not account.rights <= {group.value for group in SEPARATE_RIGHTS}:
        raise BadQuery("rights", f"any of: {', '.join(sorted(SEPARATE_RIGHTS))}")
    if account.supervisor is not None and account.role not in _WITH_RIGHTS:
        raise BadQuery("supervisor", "this role sees no children, so it has no supervisor")
    if account.rights and account.role not in _WITH_RIGHTS:
        raise BadQuery("rights", "this role sees no children, so it holds no such right")
    _check_area(account.role, account.area)


def _check_area(role: Role, area: Area) -> None:
    if not all(map(_COMMUNE.fullmatch, area.communes)):
        raise BadQuery("communes", "a commune has a code of five digits")
    if not all(map(_PROVINCE.fullmatch, area.provinces)):
        raise BadQuery("provinces", "a province has a code of two digits")
    if role in _WITHOUT_AREA and area not in (NOWHERE, NATION):
        raise BadQuery("area", "this role sees no children, so it has no area")
    if role is Role.COMMUNE_WORKER and (not area.communes or area.provinces or area.nation):
        raise BadQuery("communes", "a commune worker has one commune or more, and nothing wider")
    if role is Role.PROVINCE_WORKER and (not area.provinces or area.nation):
        raise BadQuery("provinces", "a province worker has one province or more, and nothing wider")
    if role is Role.REVIEWER and area == NOWHERE:
        raise BadQuery("area", "a reviewer has communes, provinces or the nation")
