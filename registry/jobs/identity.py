"""Who sits at the command line: on a demo anybody named, elsewhere somebody who signs in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from registry.actions.accounts import sign_in
from registry.jobs.identity_provider import takes_passwords
from registry.jobs.opening import Installation, os_account
from registry.model.access import Access, Purpose, Role
from registry.model.errors import DemoRefused, SignInNeeded
from registry.protect.authorize import Action, authorize
from registry.protect.keys.keyring_file import Mark
from registry.protect.log.access_log import Event
from registry.store import access_log, staff
from registry.store.staff import Account

AskPassword = Callable[[str], str]  # what to ask for: the password, then a one-time code
PASSWORD, CODE = "Password", "One-time code"


def access_on_demo(installed: Installation, login: str, purpose: Purpose, *, reason: str | None = None) -> Access:
    """Return the access of a demo account without its password; the log names the operating-system account too.

    Raises:
        DemoRefused: the database is not a demo.
        SignInNeeded: there is no such account, or it is disabled or locked.
    """
    if installed.vault.keyring.mark is not Mark.DEMO:
        raise DemoRefused("--as works on a demo database only; sign in instead")
    nobody = sign_in.nobody(at=installed.clock(), request_id=uuid4())
    with installed.store.begin(nobody) as transaction:
        account = staff.by_login(transaction, login)
    if account is None or account.disabled_at is not None or account.is_suspended(installed.clock()):
        raise SignInNeeded("there is no such account", field="as")
    return _access(installed, account, purpose, reason)


def access_by_password(
    installed: Installation, login: str, purpose: Purpose, *, password: AskPassword, reason: str | None = None
) -> Access:
    """Return the access of whoever knows the password of `login`, and has its device if it has one.

    Raises:
        PasswordsRefused: no password is taken at the command line.
        SignInRefused: account, password or code are not right.
        PasswordMustBeChosen: the one-time password must be replaced first, in the browser.
        CodesMustBeSetUp: one-time codes must be set up first, in the browser.
    """
    sign_in.require_passwords(allowed=takes_passwords(installed.settings, at_command_line=True))
    nobody = sign_in.nobody(at=installed.clock(), request_id=uuid4())
    with installed.store.begin(nobody) as transaction:
        account = staff.by_login(transaction, login)
        word, code = password(PASSWORD), password(CODE) if account and account.code_enrolled_at else ""
        started = sign_in.sign_in(transaction, installed.vault, login=login, password=word, code=code)
        if not isinstance(started, sign_in.SignInRefused):
            signed_in = sign_in.current(transaction, started.token)
            if signed_in is not None:
                sign_in.sign_out(transaction, installed.vault, signed_in=signed_in)
    if isinstance(started, sign_in.SignInRefused):
        raise started
    demo = installed.vault.keyring.mark is Mark.DEMO
    sign_in.require_ready(started.account, method=started.method, demo=demo)
    return _access(installed, started.account, purpose, reason)


def bootstrap_access(installed: Installation) -> Access | None:
    """Return an administrator's access where nobody has an account yet; None once somebody has."""
    access = replace(
        installed.engine(Purpose.ADMINISTRATION), role=Role.ADMINISTRATOR, login="bootstrap", office="bootstrap"
    )
    with installed.store.begin(access) as transaction:
        return None if staff.all_accounts(transaction) else access


def _access(installed: Installation, account: Account, purpose: Purpose, reason: str | None) -> Access:
    return Access(
        staff_id=account.staff_id,
        login=account.login,
        role=account.role,
        area=account.area,
        office=account.office,
        purpose=purpose,
        reason=reason,
        at=installed.clock(),
        session_ref=None,
        os_account=os_account(),
        request_id=uuid4(),
        rights=account.rights,
        proven_at=installed.clock(),  # at a command line the password is asked for each time
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """How whoever runs a command says who they are; nothing is needed on a demo."""

    login: str | None
    password: AskPassword
    sentence: str | None = None  # why, where the policy asks for a sentence


def permit(installed: Installation, operator: Operator, action: Action, purpose: Purpose) -> UUID | None:
    """Let a command go on: on a demo freely, elsewhere for an account that may do `action`, and the log says who.

    The work itself is done by the engine; this leaf names the account and the operating-system account behind it.

    Returns: the account; None on a demo, where nobody signs in.

    Raises:
        SignInNeeded: nobody said who they are.
        Refused: the account may not do this.
    """
    if installed.vault.keyring.mark is Mark.DEMO:
        return None
    if operator.login is None:
        raise SignInNeeded("on a database that is not a demo, sign in with --login ACCOUNT", field="login")
    access = access_by_password(
        installed, operator.login, purpose, password=operator.password, reason=operator.sentence
    )
    authorize(access, action)
    with installed.store.begin(replace(access, purpose=Purpose.SIGN_IN)) as transaction:
        access_log.log(transaction, installed.vault.keyring, Event(action=f"command.{action.value}"))
    return access.staff_id
