"""Accounts: who may keep them, what shape they have, and what disabling ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import pytest

from registry.actions.accounts.sign_in import SignInRefused, sign_in
from registry.actions.accounts.staff import NewAccount, add_account, disable_account, list_accounts, renew_password
from registry.actions.keys.sealing import Vault
from registry.model.access import NATION, NOWHERE, Access, Area, Purpose, Role
from registry.model.errors import BadQuery, Conflict, NotFound, Refused
from registry.protect.keys.keyring import Keyring
from registry.store.session import Store, Transaction

COMMUNE = Area(communes=frozenset({"05443"}))
PROVINCE = Area(provinces=frozenset({"19"}))


def administrator(at: datetime) -> Access:
    """Return the access of an administrator at the command line."""
    return Access(
        staff_id=None,
        login="bootstrap",
        role=Role.ADMINISTRATOR,
        area=NOWHERE,
        office="test",
        purpose=Purpose.ADMINISTRATION,
        reason=None,
        at=at,
        session_ref=None,
        os_account="test",
        request_id=uuid4(),
    )


@pytest.fixture
def vault(keyring: Keyring) -> Vault:
    """The keys in the hands of actions."""
    return Vault(keyring)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A database of the test's own."""
    store = Store(database_url)
    yield store
    store.close()


@pytest.fixture
def transaction(store: Store, clock: datetime) -> Iterator[Transaction]:
    """A transaction of an administrator."""
    with store.begin(administrator(clock)) as transaction:
        yield transaction


def new(role: Role = Role.COMMUNE_WORKER, area: Area = COMMUNE, **changes: str) -> NewAccount:
    """Return an account to be added."""
    return replace(NewAccount(login="lan.nguyen", role=role, office="UBND xã Thử", area=area), **changes)


def test_an_account_is_added_once_with_a_password_for_one_time(transaction: Transaction, vault: Vault) -> None:
    password = add_account(transaction, vault, new())
    (account,) = list_accounts(transaction, vault)
    assert account.password_is_one_time
    assert password not in repr(account)
    assert account.area == COMMUNE
    with pytest.raises(Conflict):
        add_account(transaction, vault, new())


@pytest.mark.parametrize(
    ("account", "field"),
    [
        (new(login="Lan"), "login"),
        (new(login="l"), "login"),
        (new(login="lan nguyen"), "login"),
        (new(login="a" * 65), "login"),
        (new(office=""), "office"),
        (new(office="a\nb"), "office"),
        (new(Role.ENGINE, NATION), "role"),
        (new(area=NOWHERE), "communes"),
        (new(area=NATION), "communes"),
        (new(area=Area(communes=frozenset({"5443"}))), "communes"),
        (new(Role.PROVINCE_WORKER, COMMUNE), "provinces"),
        (new(Role.PROVINCE_WORKER, Area(provinces=frozenset({"019"}))), "provinces"),
        (new(Role.REVIEWER, NOWHERE), "area"),
        (new(Role.STATISTICIAN, PROVINCE), "area"),
    ],
)
def test_an_account_that_breaks_a_rule_is_refused(
    transaction: Transaction, vault: Vault, account: NewAccount, field: str
) -> None:
    with pytest.raises(BadQuery) as refused:
        add_account(transaction, vault, account)
    assert refused.value.field == field


def test_nobody_but_an_administrator_keeps_accounts(store: Store, vault: Vault, clock: datetime) -> None:
    access = replace(administrator(clock), role=Role.AUDITOR)
    with store.begin(access) as transaction:
        for act in (
            lambda: list_accounts(transaction, vault),
            lambda: add_account(transaction, vault, new()),
            lambda: renew_password(transaction, vault, login="lan.nguyen"),
            lambda: disable_account(transaction, vault, login="lan.nguyen"),
        ):
            with pytest.raises(Refused):
                act()


def test_an_unknown_account_is_not_found(transaction: Transaction, vault: Vault) -> None:
    with pytest.raises(NotFound):
        disable_account(transaction, vault, login="nobody")
    with pytest.raises(NotFound):
        renew_password(transaction, vault, login="nobody")


def test_a_disabled_account_signs_nobody_in_until_its_password_is_renewed(
    store: Store, vault: Vault, clock: datetime
) -> None:
    with store.begin(administrator(clock)) as transaction:
        first = add_account(transaction, vault, new())
        disable_account(transaction, vault, login="lan.nguyen")
    door = replace(administrator(clock), role=Role.COMMUNE_WORKER, purpose=Purpose.SIGN_IN)
    with store.begin(door) as transaction:
        assert isinstance(sign_in(transaction, vault, login="lan.nguyen", password=first), SignInRefused)
    with store.begin(administrator(clock)) as transaction:
        second = renew_password(transaction, vault, login="lan.nguyen")
    with store.begin(door) as transaction:
        assert isinstance(sign_in(transaction, vault, login="lan.nguyen", password=first), SignInRefused)
        assert not isinstance(sign_in(transaction, vault, login="lan.nguyen", password=second), SignInRefused)


def test_nobody_disables_the_own_account(store: Store, vault: Vault, clock: datetime) -> None:
    with store.begin(administrator(clock)) as transaction:
        add_account(transaction, vault, new(Role.ADMINISTRATOR, NOWHERE))
        (account,) = list_accounts(transaction, vault)
    with (
        store.begin(replace(administrator(clock), staff_id=account.staff_id)) as transaction,
        pytest.raises(Conflict),
    ):
        disable_account(transaction, vault, login=account.login)
