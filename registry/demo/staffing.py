"""The people of the demo: one account of each role, with one-time passwords, in the area where most children live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from matching import places
from registry.actions.accounts import staff as accounts
from registry.jobs.opening import Installation
from registry.model.access import NATION, NOWHERE, Access, Area, Purpose, Role
from registry.protect.policy import SEPARATE_RIGHTS
from registry.store import children
from registry.store import staff as staff_store

LOGINS: Final[Mapping[str, Role]] = {
    "worker": Role.COMMUNE_WORKER,
    "province": Role.PROVINCE_WORKER,
    "reviewer": Role.REVIEWER,
    "steward": Role.STEWARD,
    "statistician": Role.STATISTICIAN,
    "auditor": Role.AUDITOR,
    "custodian": Role.CUSTODIAN,
    "administrator": Role.ADMINISTRATOR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """An account of the demo. `one_time_password` is None once its owner has chosen another."""

    login: str
    role: Role
    office: str
    one_time_password: str | None = field(repr=False)


def staff_the_demo(installed: Installation) -> list[DemoAccount]:
    """Add what accounts are missing; those nobody has taken over yet share one fresh one-time password."""
    access = _administrator(installed)
    commune, province = _busiest(installed)
    one_time = accounts.OneTime.fresh()
    shown: list[DemoAccount] = []
    with installed.store.begin(access) as transaction:
        known = {account.login: account for account in accounts.list_accounts(transaction, installed.vault)}
        for login, role in LOGINS.items():
            account = known.get(login)
            password: str | None = None
            office = account.office if account else _office(role, commune, province)
            if account is None:
                area = _area(role, commune, province)
                new = accounts.NewAccount(login=login, role=role, office=office, area=area, rights=_rights(role))
                password = accounts.add_account(transaction, installed.vault, new, one_time=one_time)
            elif account.password_is_one_time:
                password = accounts.renew_password(transaction, installed.vault, login=login, one_time=one_time)
            shown.append(DemoAccount(login=login, role=role, office=office, one_time_password=password))
        worker = known.get("worker")
        if worker is None or worker.supervisor_id is None:
            accounts.name_supervisor(transaction, installed.vault, login="worker", supervisor="province")
    return shown


def _administrator(installed: Installation) -> Access:
    engine = installed.engine(Purpose.ADMINISTRATION)
    return replace(engine, role=Role.ADMINISTRATOR, login="demo", office="demo")


def has_staff(installed: Installation) -> bool:
    """Say whether the demo has its accounts."""
    with installed.store.begin(_administrator(installed)) as transaction:
        return bool(staff_store.all_accounts(transaction))


def _busiest(installed: Installation) -> tuple[str, str]:
    """Return the commune with most records, and its province: where the demo's workers sit."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        commune = children.busiest_commune(transaction)
    if commune is None:
        first = next(iter(places.provinces()))
        return places.communes_of(first)[0], first
    return commune, places.province_of(commune) or commune[:2]


def _area(role: Role, commune: str, province: str) -> Area:
    if role is Role.COMMUNE_WORKER:
        return Area(communes=frozenset({commune}))
    if role is Role.PROVINCE_WORKER:
        return Area(provinces=frozenset({province}))
    return NATION if role is Role.REVIEWER else NOWHERE


def _rights(role: Role) -> frozenset[str]:
    """Return every separate right for who works with children: the demo shows all that can be shown."""
    return frozenset(SEPARATE_RIGHTS) if role in {Role.COMMUNE_WORKER, Role.PROVINCE_WORKER} else frozenset()


def _office(role: Role, commune: str, province: str) -> str:
    if role is Role.COMMUNE_WORKER:
        return places.commune_name(commune) or commune
    if role is Role.PROVINCE_WORKER:
        return places.province_name(province) or province
    return "Demo"
