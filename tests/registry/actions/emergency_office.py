"""Two workers of one province and their supervisors, with a child who lives in the commune of one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from uuid import UUID, uuid4

from registry.actions.accounts.sign_in import nobody
from registry.actions.accounts.staff import NewAccount, OneTime, add_account, name_supervisor
from registry.actions.looking.break_glass import Begun, break_glass
from registry.actions.looking.review_emergency import Verdict, judge_emergency, lock_unreviewed
from registry.jobs.opening import Installation
from registry.model.access import NOWHERE, Access, Area, Purpose, Role
from registry.store import staff
from registry.store.staff import Account
from tests.people import HERE, NEXT_DOOR, PROVINCE, record
from tests.registry.actions.installed import child_of, deliver, somebody

WHY = "Cháu bị đánh, nhà ở xã bên không có ai nghe máy"
ACCOUNTS = {
    "head": (Role.PROVINCE_WORKER, Area(provinces=frozenset({PROVINCE}))),
    "near": (Role.COMMUNE_WORKER, Area(communes=frozenset({NEXT_DOOR}))),
    "here": (Role.COMMUNE_WORKER, Area(communes=frozenset({HERE}))),
    "alone": (Role.COMMUNE_WORKER, Area(communes=frozenset({NEXT_DOOR}))),
}


@cache
def one_time() -> OneTime:
    """Return the password that all accounts of these tests begin with."""
    return OneTime.fresh()


@dataclass(frozen=True, kw_only=True)
class Office:
    """The accounts by login, and the girl who lives here and not next door."""

    installed: Installation
    girl: UUID

    def account(self, login: str) -> Account:
        """Return an account as it stands."""
        with self.installed.store.begin(nobody(at=self.installed.clock(), request_id=uuid4())) as transaction:
            found = staff.by_login(transaction, login)
        assert found is not None
        return found

    def access(
        self, login: str, purpose: Purpose = Purpose.EMERGENCY, *, reason: str | None = WHY, fresh: bool = True
    ) -> Access:
        """Return the access of an account now."""
        account = self.account(login)
        access = somebody(
            self.installed, account.role, purpose, area=account.area, reason=reason, staff_id=account.staff_id
        )
        return replace(access, login=login, office=account.office, proven_at=access.at if fresh else None)

    def break_glass(self, login: str = "near", child: UUID | None = None, **how: object) -> Begun:
        """Break the glass for the girl or another child."""
        access = self.access(login, **how)  # type: ignore[arg-type]  # passed on
        with self.installed.store.begin(access) as transaction:
            return break_glass(transaction, self.installed.vault, child or self.girl)

    def judge(self, login: str, begun: Begun, verdict: Verdict = Verdict.JUSTIFIED, note: str = "Đúng") -> None:
        """Judge an emergency."""
        access = self.access(login, Purpose.ADMINISTRATION, reason=None)
        with self.installed.store.begin(access) as transaction:
            judge_emergency(transaction, self.installed.vault, begun.emergency_id, verdict=verdict, note=note)

    def lock(self) -> int:
        """Let the background work look for reviews that are overdue."""
        with self.installed.store.begin(self.installed.engine(Purpose.MAINTENANCE)) as transaction:
            return lock_unreviewed(transaction, self.installed.vault)

    def administrator(self) -> Access:
        """Return the access of whoever keeps the accounts."""
        return somebody(self.installed, Role.ADMINISTRATOR, Purpose.ADMINISTRATION, area=NOWHERE)


def open_office(installed: Installation) -> Office:
    """Add the accounts and bring in the girl."""
    deliver(installed, [record("EDU0001")])
    office = Office(installed=installed, girl=child_of(installed, "EDU0001"))
    with installed.store.begin(office.administrator()) as transaction:
        for login, (role, area) in ACCOUNTS.items():
            account = NewAccount(login=login, role=role, office=f"UBND {login}", area=area)
            add_account(transaction, installed.vault, account, one_time=one_time())
        for login in ("near", "here"):
            name_supervisor(transaction, installed.vault, login=login, supervisor="head")
    return office
